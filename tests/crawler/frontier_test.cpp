// SPDX-License-Identifier: BSL-1.0
#include "crawler/frontier.h"

#include <doctest/doctest.h>

#include <random>

using crawler::frontier;
using crawler::push_result;
using crawler::scope_kind;
using crawler::visit;
using namespace std::chrono_literals;

namespace {

const frontier::time_point start{};

crawler::url at(std::string_view text) {
    return *crawler::parse_url(text);
}

/// The URLs handed out at `now`, in order, none of them given back.
std::string drain(frontier& todo, frontier::time_point now = start) {
    std::string line;
    while (auto item = todo.next(now).item) line += (line.empty() ? "" : " ") + item->target.text().substr(7);
    return line;
}

}  // namespace

TEST_CASE("each URL is handed out once") {
    frontier todo({});
    CHECK(todo.add_seed(at("http://a/")) == push_result::accepted);
    CHECK(todo.push(at("http://a/x"), 1, "http://a/") == push_result::accepted);
    CHECK(todo.push(at("http://A:80/y/../x#z"), 1, "") == push_result::seen);
    CHECK(drain(todo) == "a/ a/x");
    CHECK(todo.push(at("http://a/x"), 1, "") == push_result::seen);
}

TEST_CASE("a visit carries its depth and where it was linked from") {
    frontier todo({});
    todo.add_seed(at("http://a/"));
    todo.push(at("http://a/x"), 3, "http://a/");
    CHECK(todo.next(start).item->from.empty());
    const auto second = todo.next(start).item;
    CHECK(second->depth == 3);
    CHECK(second->from == "http://a/");
    CHECK(second->attempt == 0);
}

TEST_CASE("what is out of scope or too deep is refused and not remembered") {
    frontier todo({.per_host = 8, .max_depth = 1, .max_pages = {}, .scope = scope_kind::host});
    todo.add_seed(at("http://a/"));
    CHECK(todo.push(at("http://b/"), 1, "") == push_result::out_of_scope);
    CHECK(todo.push(at("http://a/x"), 2, "") == push_result::too_deep);
    CHECK(todo.push(at("http://a/x"), 1, "") == push_result::accepted);
    CHECK(todo.add_seed(at("http://b/")) == push_result::accepted);
}

TEST_CASE("no more pages are accepted than asked for") {
    frontier todo({.per_host = 8, .max_depth = {}, .max_pages = 2, .scope = scope_kind::host});
    todo.add_seed(at("http://a/"));
    CHECK(todo.push(at("http://a/1"), 1, "") == push_result::accepted);
    CHECK(todo.push(at("http://a/2"), 1, "") == push_result::too_many);
    CHECK(todo.push(at("http://a/1"), 1, "") == push_result::seen);
    CHECK(drain(todo) == "a/ a/1");
}

TEST_CASE("a host gets no more visits at a time than its limit") {
    frontier todo({.per_host = 2, .max_depth = {}, .max_pages = {}, .scope = scope_kind::any});
    for (const char* text : {"http://a/1", "http://a/2", "http://a/3"}) todo.push(at(text), 0, "");
    const auto first = todo.next(start).item;
    CHECK(drain(todo) == "a/2");
    const auto none = todo.next(start);
    CHECK_FALSE(none.item);
    CHECK_FALSE(none.wake_at);
    CHECK_FALSE(none.finished);
    todo.done(*first);
    CHECK(drain(todo) == "a/3");
}

TEST_CASE("hosts take turns") {
    frontier todo({.per_host = 8, .max_depth = {}, .max_pages = {}, .scope = scope_kind::any});
    for (const char* text :
         {"http://a/1", "http://a/2", "http://a/3", "http://b/1", "http://b/2", "http://c/1"}) {
        todo.push(at(text), 0, "");
    }
    CHECK(drain(todo) == "a/1 b/1 c/1 a/2 b/2 a/3");
}

TEST_CASE("the crawl is finished when nothing is queued and nothing under way") {
    frontier todo({});
    CHECK(todo.next(start).finished);
    todo.add_seed(at("http://a/"));
    const auto only = todo.next(start);
    CHECK_FALSE(only.finished);
    CHECK_FALSE(todo.next(start).finished);
    todo.done(*only.item);
    CHECK(todo.next(start).finished);
}

TEST_CASE("a visit to be retried waits until its time and holds no place meanwhile") {
    frontier todo({.per_host = 1, .max_depth = {}, .max_pages = {}, .scope = scope_kind::any});
    todo.push(at("http://a/1"), 0, "");
    todo.push(at("http://a/2"), 0, "");
    todo.retry(*todo.next(start).item, start + 5s);
    const auto other = todo.next(start).item;
    CHECK(other->target.target() == "/2");
    todo.done(*other);
    const auto waiting = todo.next(start + 4s);
    CHECK_FALSE(waiting.item);
    CHECK_FALSE(waiting.finished);
    CHECK(waiting.wake_at == start + 5s);
    const auto again = todo.next(start + 5s).item;
    REQUIRE(again);
    CHECK(again->target.target() == "/1");
    CHECK(again->attempt == 1);
}

TEST_CASE("the earliest of several waits is told") {
    frontier todo({.per_host = 8, .max_depth = {}, .max_pages = {}, .scope = scope_kind::any});
    for (const char* text : {"http://a/1", "http://a/2", "http://b/1"}) todo.push(at(text), 0, "");
    const auto a1 = *todo.next(start).item, b1 = *todo.next(start).item, a2 = *todo.next(start).item;
    todo.retry(a1, start + 9s);
    todo.retry(b1, start + 3s);
    todo.retry(a2, start + 6s);
    CHECK(todo.next(start).wake_at == start + 3s);
    CHECK(drain(todo, start + 6s) == "b/1 a/2");
    CHECK(todo.next(start + 6s).wake_at == start + 9s);
}

TEST_CASE("a host that asks for a pause gets it between starts") {
    frontier todo({.per_host = 8, .max_depth = {}, .max_pages = {}, .scope = scope_kind::any});
    for (const char* text : {"http://a/1", "http://a/2", "http://a/3", "http://b/1"})
        todo.push(at(text), 0, "");
    CHECK(todo.next(start).item->target.text() == "http://a/1");
    todo.set_pause("a", 10s);
    CHECK(drain(todo, start + 1s) == "b/1");
    CHECK(todo.next(start + 1s).wake_at == start + 10s);
    CHECK(drain(todo, start + 12s) == "a/2");
    CHECK(todo.next(start + 13s).wake_at == start + 22s);
}

TEST_CASE("an abandoned crawl finishes with what is under way") {
    frontier todo({});
    todo.add_seed(at("http://a/"));
    todo.push(at("http://a/1"), 1, "");
    todo.push(at("http://a/2"), 1, "");
    const auto first = *todo.next(start).item, second = *todo.next(start).item;
    todo.abandon();
    CHECK(todo.push(at("http://a/3"), 1, "") == push_result::too_many);
    CHECK_FALSE(todo.next(start).finished);
    todo.done(first);
    todo.retry(second, start + 1s);
    CHECK(todo.next(start).finished);
}

TEST_CASE("a random crawl hands out everything once and keeps every limit") {
    std::mt19937 random(20240610);
    frontier todo({.per_host = 3, .max_depth = {}, .max_pages = {}, .scope = scope_kind::any});
    std::map<std::string, unsigned> busy;
    std::map<std::string, int> fetched;
    std::vector<visit> under_way;
    auto now = start;
    for (int i = 0; i < 400; ++i)
        todo.push(at("http://h" + std::to_string(random() % 7) + "/" + std::to_string(i)), 0, "");
    todo.set_pause("h3", 2s);
    for (bool finished = false; !finished;) {
        const auto next = todo.next(now);
        finished = next.finished;
        if (next.item) {
            CHECK(++busy[std::string(next.item->target.host())] <= 3);
            under_way.push_back(*next.item);
        }
        if (under_way.empty() && next.wake_at) now = *next.wake_at;
        if (under_way.empty() || (next.item && random() % 2 == 0)) continue;
        std::swap(under_way[random() % under_way.size()], under_way.back());
        const visit over = under_way.back();
        under_way.pop_back();
        --busy[std::string(over.target.host())];
        if (over.attempt < 2 && random() % 3 == 0) {
            todo.retry(over, now + std::chrono::seconds(random() % 10));
        } else {
            ++fetched[over.target.text()];
            todo.done(over);
        }
    }
    CHECK(fetched.size() == 400);
    for (const auto& [text, times] : fetched) CHECK(times == 1);
}
