// SPDX-License-Identifier: BSL-1.0
// Several pages of a website, fetched at the same time by a library that blocks: libcurl, under the patch.
//
//     build/samples/17_page_fetch-patched [URL...]
//
// fetch() could be in C, as in plain.c, and blocks: below curl_easy_perform libcurl calls connect, poll, recv. After
// patch_all() those calls park the fiber, and one thread fetches all pages. You will see what the twins beside this file
// print: that the three have taken no longer than one.
#include <green/green.h>
#include <green/http/server.h>
#include <green/monkeypatch/patch.h>

#include <curl/curl.h>

#include <cstdio>
#include <string>
#include <vector>

using namespace std::chrono_literals;

std::size_t keep(const char* data, std::size_t, std::size_t size, void* text) {
    static_cast<std::string*>(text)->append(data, size);
    return size;
}

std::string fetch(const std::string& url) {
    std::string text;
    CURL* session = curl_easy_init();
    curl_easy_setopt(session, CURLOPT_URL, url.c_str());
    curl_easy_setopt(session, CURLOPT_WRITEFUNCTION, &keep);
    curl_easy_setopt(session, CURLOPT_WRITEDATA, &text);
    const CURLcode error = curl_easy_perform(session);
    long status = 0;
    curl_easy_getinfo(session, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(session);
    if (error) return curl_easy_strerror(error);
    return std::to_string(status) + ", " + std::to_string(text.size()) + " bytes: " + text.substr(0, text.find('\n'));
}

void fetch_all(const std::vector<std::string>& urls) {
    std::vector<green::fiber<std::string>> all;
    for (const std::string& url : urls) all.push_back(green::spawn(fetch, url));
    for (auto& each : all) std::printf("%s\n", each.get().c_str());
}

int main(int count, char** words) {
    green::monkeypatch::patch_all();
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
