// SPDX-License-Identifier: BSL-1.0
#include <green/hub/scope.h>

#include <doctest/doctest.h>

#include <memory>
#include <vector>

using namespace std::chrono_literals;
using green::never;
using green::time_point;
using green::detail::scope;

namespace {
constexpr time_point at(green::duration d) {
    return time_point(d);
}
}  // namespace

TEST_CASE("cancelling a scope cancels all inside, nothing outside, and no shielded part") {
    scope root(nullptr, never, false), inner(&root, never, false), innermost(&inner, never, false);
    scope shield(&inner, never, true), behind(&shield, never, false), sibling(&root, never, false);
    inner.cancel();
    CHECK(inner.cancelled());
    CHECK(innermost.cancelled());
    CHECK_FALSE(root.cancelled());
    CHECK_FALSE(sibling.cancelled());
    CHECK_FALSE(shield.cancelled());
    CHECK_FALSE(behind.cancelled());
    CHECK(inner.cancelled_itself());
    CHECK_FALSE(innermost.cancelled_itself());
}

TEST_CASE("a scope opened inside a cancelled one is cancelled, unless it is a shield") {
    scope root(nullptr, never, false);
    root.cancel();
    scope inside(&root, never, false), shield(&root, never, true);
    CHECK(inside.cancelled());
    CHECK_FALSE(shield.cancelled());
}

TEST_CASE("the earliest deadline around is in force, up to a shield") {
    scope root(nullptr, at(10s), false), later(&root, at(20s), false), sooner(&root, at(5s), false);
    scope shield(&root, never, true);
    CHECK(later.deadline() == at(10s));
    CHECK(later.own_deadline() == at(20s));
    CHECK(sooner.deadline() == at(5s));
    CHECK(shield.deadline() == never);
    root.set_deadline(at(30s));
    CHECK(later.deadline() == at(20s));
    CHECK(sooner.deadline() == at(5s));
    CHECK(shield.deadline() == never);
    root.set_deadline(at(1s));
    CHECK(later.deadline() == at(1s));
}

TEST_CASE("with equal deadlines the outer scope expires") {
    scope outer(nullptr, at(10s), false), inner(&outer, at(10s), false);
    CHECK_FALSE(inner.expire(at(9s)));
    CHECK(inner.expire(at(10s)));
    CHECK(outer.cancelled_itself());
    CHECK_FALSE(inner.cancelled_itself());
    CHECK(inner.outermost_cancelled() == &outer);
}

TEST_CASE("an inner scope that expires leaves the outer one alone") {
    scope outer(nullptr, at(10s), false), inner(&outer, at(5s), false);
    CHECK(inner.expire(at(7s)));
    CHECK(inner.cancelled_itself());
    CHECK_FALSE(outer.cancelled());
    CHECK(outer.deadline() == at(10s));
    CHECK(inner.outermost_cancelled() == &inner);
}

TEST_CASE("a shield hides the expiry of what is around it") {
    scope outer(nullptr, at(1s), false), shield(&outer, never, true);
    CHECK_FALSE(shield.expire(at(2s)));
    CHECK(shield.shielded_from_root());
    CHECK_FALSE(outer.shielded_from_root());
    outer.cancel();
    CHECK(shield.outermost_cancelled() == nullptr);
}

TEST_CASE("scopes nest a hundred thousand deep") {
    std::vector<std::unique_ptr<scope>> nest;
    nest.push_back(std::make_unique<scope>(nullptr, never, false));
    for (int i = 0; i < 100'000; ++i) nest.push_back(std::make_unique<scope>(nest.back().get(), never, false));
    nest.front()->set_deadline(at(1s));
    CHECK(nest.back()->deadline() == at(1s));
    nest.front()->cancel();
    CHECK(nest.back()->cancelled());
    while (!nest.empty()) nest.pop_back();
}

TEST_CASE("a scope hung below another one is under what is in force there, with all inside it, up to a shield") {
    scope old_parent(nullptr, at(10s), false), moved(&old_parent, at(20s), false), inside(&moved, never, false);
    scope shield(&moved, never, true), new_parent(nullptr, at(5s), false);
    moved.move_below(&new_parent);
    CHECK(moved.parent() == &new_parent);
    CHECK(inside.deadline() == at(5s));
    CHECK(shield.deadline() == never);
    old_parent.cancel();
    CHECK_FALSE(moved.cancelled());
    moved.move_below(nullptr);
    CHECK(inside.deadline() == at(20s));
    new_parent.cancel();
    CHECK_FALSE(inside.cancelled());
    moved.move_below(&new_parent);
    CHECK(inside.cancelled());
    CHECK_FALSE(shield.cancelled());
    CHECK_FALSE(moved.cancelled_itself());
    moved.move_below(nullptr);
    CHECK_FALSE(inside.cancelled());
}

TEST_CASE("whether a shield stands between a scope and the root follows when it is moved") {
    scope shield(nullptr, never, true), open(nullptr, never, false), moved(&shield, never, false),
        inside(&moved, never, false);
    CHECK(inside.shielded_from_root());
    moved.move_below(&open);
    CHECK_FALSE(inside.shielded_from_root());
    moved.move_below(&shield);
    CHECK(inside.shielded_from_root());
    moved.move_below(nullptr);
}
