// SPDX-License-Identifier: BSL-1.0
#include <green/base/intrusive_list.h>

#include <doctest/doctest.h>

#include <string>

namespace {

struct other_tag;
struct item : green::detail::list_hook<>, green::detail::list_hook<other_tag> {
    explicit item(char name) : name(name) {}
    char name;
};
using list = green::detail::intrusive_list<item>;
using other_list = green::detail::intrusive_list<item, other_tag>;

template <class List>
std::string names(List& l) {
    std::string all;
    l.for_each([&](item& each) { all += each.name; });
    return all;
}

struct three_items {
    item a{'a'}, b{'b'}, c{'c'};
    list l;
    three_items() {
        l.push_back(a);
        l.push_back(b);
        l.push_back(c);
    }
    ~three_items() {
        while (!l.empty()) l.pop_front();
    }
};

}  // namespace

TEST_CASE_FIXTURE(three_items, "elements come out in the order in which they went in") {
    CHECK(&l.pop_front() == &a);
    CHECK(&l.pop_front() == &b);
    CHECK(&l.pop_front() == &c);
    CHECK(l.empty());
}

TEST_CASE_FIXTURE(three_items, "an element leaves from anywhere without knowing its list") {
    static_cast<green::detail::list_hook<>&>(b).unlink();
    CHECK(names(l) == "ac");
    CHECK_FALSE(static_cast<green::detail::list_hook<>&>(b).linked());
    l.push_front(b);
    CHECK(names(l) == "bac");
}

TEST_CASE_FIXTURE(three_items, "a visit may unlink the element that it is given") {
    l.for_each([](item& each) {
        if (each.name != 'b') static_cast<green::detail::list_hook<>&>(each).unlink();
    });
    CHECK(names(l) == "b");
}

TEST_CASE_FIXTURE(three_items, "take_all() appends another list, which is empty then") {
    item d{'d'};
    list more;
    more.push_back(d);
    l.take_all(more);
    CHECK(names(l) == "abcd");
    CHECK(more.empty());
    l.take_all(more);
    CHECK(names(l) == "abcd");
    more.take_all(l);
    CHECK(names(more) == "abcd");
    CHECK(l.empty());
    while (!more.empty()) more.pop_front();
}

TEST_CASE_FIXTURE(three_items, "an element is in one list per hook") {
    other_list others;
    others.push_back(b);
    CHECK(names(others) == "b");
    CHECK(names(l) == "abc");
    others.pop_front();
    CHECK(names(l) == "abc");
}
