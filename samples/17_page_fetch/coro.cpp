// SPDX-License-Identifier: BSL-1.0
// Several pages of a website, fetched at the same time by one session.
//
//     build/samples/17_page_fetch-coro [URL...]
//
// fetch() is written as if it were alone: it asks, waits, reads. Without URLs it asks a server of its own, which takes
// 200 ms for each page. You will see the status, the size and the first line of each page, in the order in which they
// were asked for, and that the three have taken no longer than one.
#include <green/green.h>
#include <green/http/server.h>
#include <green/http/session.h>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

using namespace std::chrono_literals;
namespace coro = green::coro;

coro::task<std::string> fetch(green::http::session& session, std::string url) {
    try {
        green::http::response page = co_await coro::get(session, url, {.timeout = 30s});
        const std::string text = co_await coro::read_all(page);
        co_return std::to_string(page.status()) + ", " + std::to_string(text.size()) +
            " bytes: " + text.substr(0, text.find('\n'));
    } catch (const std::exception& error) {
        co_return error.what();
    }
}

coro::task<void> fetch_all(std::vector<std::string> urls) {
    green::http::session session;
    std::vector<coro::task<std::string>> all;
    for (const std::string& url : urls) all.push_back(fetch(session, url));
    for (const std::string& each : co_await coro::when_all(std::move(all))) std::printf("%s\n", each.c_str());
}

int main(int count, char** words) {
    if (count > 1) {
        green::block_on(fetch_all({words + 1, words + count}));
        return 0;
    }
    green::http::server site({green::ip_address::loopback_v4(), 0}, [](auto& asked, auto& answer) {
        green::sleep(200ms);
        const bool found = asked.path() != "/three";
        answer.send(found ? 200 : 404, "text/plain", found ? "this is " + asked.target() + '\n' : "no such page\n");
    });
    const std::string root = "http://127.0.0.1:" + std::to_string(site.local_endpoint().port);
    const auto began = green::hub::current().now();
    green::block_on(fetch_all({root + "/one", root + "/two", root + "/three"}));
    std::puts(green::hub::current().now() - began < 550ms ? "at the same time" : "one after the other");
}
