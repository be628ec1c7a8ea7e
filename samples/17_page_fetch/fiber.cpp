// SPDX-License-Identifier: BSL-1.0
// Several pages of a website, fetched at the same time by one session.
//
//     build/samples/17_page_fetch-fiber [URL...]
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

std::string fetch(green::http::session& session, const std::string& url) {
    try {
        green::http::response page = session.get(url, {.timeout = 30s});
        const std::string text = page.read_all();
        return std::to_string(page.status()) + ", " + std::to_string(text.size()) +
               " bytes: " + text.substr(0, text.find('\n'));
    } catch (const std::exception& error) {
        return error.what();
    }
}

void fetch_all(const std::vector<std::string>& urls) {
    green::http::session session;
    std::vector<green::fiber<std::string>> all;
    for (const std::string& url : urls) all.push_back(green::spawn(fetch, std::ref(session), url));
    for (auto& each : all) std::printf("%s\n", each.get().c_str());
}

int main(int count, char** words) {
    if (count > 1) {
        fetch_all({words + 1, words + count});
        return 0;
    }
    green::http::server site({green::ip_address::loopback_v4(), 0}, [](auto& asked, auto& answer) {
        green::sleep(200ms);
        const bool found = asked.path() != "/three";
        answer.send(found ? 200 : 404, "text/plain", found ? "this is " + asked.target() + '\n' : "no such page\n");
    });
    const std::string root = "http://127.0.0.1:" + std::to_string(site.local_endpoint().port);
    const auto began = green::hub::current().now();
    fetch_all({root + "/one", root + "/two", root + "/three"});
    std::puts(green::hub::current().now() - began < 550ms ? "at the same time" : "one after the other");
}
