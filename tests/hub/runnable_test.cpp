// SPDX-License-Identifier: BSL-1.0
#include <green/hub/runnable.h>

#include <doctest/doctest.h>

#include <vector>

using green::detail::runnable;
using green::detail::runnable_queue;

TEST_CASE("a queue gives back what it got, in order, also after it was empty") {
    runnable a(nullptr), b(nullptr), c(nullptr);
    runnable_queue queue;
    for (int round = 0; round < 2; ++round) {
        CHECK(queue.empty());
        queue.push_back(a);
        queue.push_back(b);
        CHECK(&queue.front() == &a);
        CHECK(&queue.pop_front() == &a);
        queue.push_back(c);
        CHECK(&queue.pop_front() == &b);
        CHECK(&queue.pop_front() == &c);
    }
    CHECK(queue.empty());
    CHECK(!queue.front().run);
}

TEST_CASE("what is pushed in front comes first, also into an empty queue") {
    runnable a(nullptr), b(nullptr), c(nullptr);
    runnable_queue queue;
    queue.push_front(a);
    queue.push_back(b);
    queue.push_front(c);
    CHECK(&queue.pop_front() == &c);
    CHECK(&queue.pop_front() == &a);
    CHECK(&queue.pop_front() == &b);
    CHECK(queue.empty());
}

TEST_CASE("a queue turns by one: the front is out and another at the back, also when the front was alone") {
    runnable a(nullptr), b(nullptr), c(nullptr);
    runnable_queue queue;
    queue.push_back(a);
    queue.rotate(a, b);
    CHECK(&queue.front() == &b);
    queue.push_back(a);
    queue.rotate(b, c);
    std::vector<const runnable*> left;
    queue.for_each([&](const runnable& each) { left.push_back(&each); });
    CHECK(left == std::vector<const runnable*>{&a, &c});
    queue.pop(a);
    queue.pop(c);
    CHECK(queue.empty());
    queue.push_back(b);
    CHECK(&queue.pop_front() == &b);
}
