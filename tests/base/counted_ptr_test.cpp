// SPDX-License-Identifier: BSL-1.0
#include <green/base/counted_ptr.h>

#include <doctest/doctest.h>

#include <utility>

namespace {

struct counted {
    void add_reference() noexcept { ++references; }
    void drop_reference() noexcept { --references; }
    int references = 1;
};
using pointer = green::detail::counted_ptr<counted>;

}  // namespace

TEST_CASE("a counted pointer takes over one reference, and each copy has one of its own") {
    counted object;
    {
        const pointer first(object);
        CHECK(object.references == 1);
        const pointer second = first;
        CHECK(object.references == 2);
        CHECK(second == first);
    }
    CHECK(object.references == 0);
}

TEST_CASE("a counted pointer that is moved from is null, and owns nothing") {
    counted object;
    {
        pointer first(object);
        const pointer second = std::move(first);
        CHECK(first == pointer());
        CHECK(second.get() == &object);
        CHECK(object.references == 1);
    }
    CHECK(object.references == 0);
}

TEST_CASE("assigning to a counted pointer gives up what it had, also when that is itself") {
    counted one, other;
    pointer p(one);
    pointer& same = p;
    p = same;
    CHECK(one.references == 1);
    p = pointer(other);
    CHECK(one.references == 0);
    CHECK(&*p == &other);
    p = pointer();
    CHECK(other.references == 0);
}
