// SPDX-License-Identifier: BSL-1.0
#include <green/hub/runnable.h>

#include <doctest/doctest.h>

#include <initializer_list>

using green::detail::runnable;
using green::detail::runnable_queue;

TEST_CASE("a queue gives back what it got, in order, also after it was empty") {
    runnable a(nullptr), b(nullptr), c(nullptr);
    runnable_queue queue;
    for (int round = 0; round < 2; ++round) {
        CHECK(queue.empty());
        queue.push_back(a);
        queue.push_back(b);
        CHECK(queue.front() == &a);
        CHECK(&queue.pop_front() == &a);
        queue.push_back(c);
        CHECK(&queue.pop_front() == &b);
        CHECK(&queue.pop_front() == &c);
    }
    CHECK(queue.front() == nullptr);
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

TEST_CASE("filter() keeps what it is told to, in order") {
    runnable a(nullptr), b(nullptr), c(nullptr);
    runnable_queue queue;
    for (runnable* each : {&a, &b, &c}) queue.push_back(*each);
    queue.filter([&](runnable& each) { return &each != &b; });
    CHECK(&queue.pop_front() == &a);
    CHECK(&queue.pop_front() == &c);
    CHECK(queue.empty());
    queue.push_back(b);
    queue.filter([](runnable&) { return false; });
    CHECK(queue.empty());
}
