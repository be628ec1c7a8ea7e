// SPDX-License-Identifier: BSL-1.0
// A tree, walked by a generator that calls itself.
//
//     build/samples/11_tree_walk-fiber
//
// The generator has a stack, so walk() is an ordinary recursive function, and yields from whatever depth it is at.
// The consumer asks for ten values; the rest of the tree is never looked at. You will see 1 to 10.
#include <green/green.h>

#include <cstdio>
#include <memory>
#include <ranges>

struct node {
    int value;
    std::unique_ptr<node> left, right;
};

std::unique_ptr<node> balanced_tree(int first, int last) {
    if (first > last) return nullptr;
    const int middle = (first + last) / 2;
    return std::make_unique<node>(middle, balanced_tree(first, middle - 1), balanced_tree(middle + 1, last));
}

void walk(const node* at, green::generator<int>::yielder yield) {
    if (!at) return;
    walk(at->left.get(), yield);
    yield(at->value);
    walk(at->right.get(), yield);
}

int main() {
    auto root = balanced_tree(1, 1'000'000);
    green::generator<int> in_order([&](auto yield) { walk(root.get(), yield); });
    for (int value : in_order | std::views::take(10)) std::printf("%d ", value);
    std::puts("");
}
