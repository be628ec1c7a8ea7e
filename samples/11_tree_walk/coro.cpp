// SPDX-License-Identifier: BSL-1.0
// A tree, walked by a generator that calls itself.
//
//     build/samples/11_tree_walk-coro
//
// A stackless generator yields from its own body only, so each level is a generator of its own, whose elements are
// passed on by elements_of, from any depth in one step.
// The consumer asks for ten values; the rest of the tree is never looked at. You will see 1 to 10.
#include <green/green.h>

#include <cstdio>
#include <memory>
#include <ranges>

namespace coro = green::coro;

struct node {
    int value;
    std::unique_ptr<node> left, right;
};

std::unique_ptr<node> balanced_tree(int first, int last) {
    if (first > last) return nullptr;
    const int middle = (first + last) / 2;
    return std::make_unique<node>(middle, balanced_tree(first, middle - 1), balanced_tree(middle + 1, last));
}

coro::generator<int> walk(const node* at) {
    if (!at) co_return;
    co_yield coro::elements_of(walk(at->left.get()));
    co_yield at->value;
    co_yield coro::elements_of(walk(at->right.get()));
}

int main() {
    auto root = balanced_tree(1, 1'000'000);
    for (int value : walk(root.get()) | std::views::take(10)) std::printf("%d ", value);
    std::puts("");
}
