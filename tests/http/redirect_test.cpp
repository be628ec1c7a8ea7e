// SPDX-License-Identifier: BSL-1.0
#include <green/http/error.h>
#include <green/http/redirect.h>

#include <doctest/doctest.h>

#include <ostream>

using green::http::errc;
using green::http::url;
using green::http::detail::follow;
using green::http::detail::is_redirect;
using green::http::detail::redirectable;

namespace {

redirectable request(std::string method, bool has_body) {
    return {std::move(method),
            url::parse("http://a/b/c#f"),
            {{"Authorization", "secret"}, {"Cookie", "a=1"}, {"Content-Type", "text/plain"}, {"X", "y"}},
            has_body};
}

}  // namespace

TEST_CASE("which method a redirect leads to") {
    struct {
        int status;
        const char* before;
        const char* after;
        bool keeps_body;
    } const rules[] = {
        {301, "GET", "GET", true},   {302, "GET", "GET", true},       {303, "GET", "GET", true},
        {301, "HEAD", "HEAD", true}, {303, "HEAD", "HEAD", true},     {301, "POST", "GET", false},
        {302, "POST", "GET", false}, {303, "POST", "GET", false},     {303, "PUT", "GET", false},
        {301, "PUT", "PUT", true},   {302, "DELETE", "DELETE", true}, {307, "POST", "POST", true},
        {308, "POST", "POST", true}, {307, "PUT", "PUT", true},
    };
    for (const auto& rule : rules) {
        const redirectable next = follow(request(rule.before, true), rule.status, "/x");
        CHECK(next.method == rule.after);
        CHECK(next.has_body == rule.keeps_body);
        CHECK(next.headers.contains("Content-Type") == rule.keeps_body);
        CHECK(next.headers.contains("X"));
    }
    for (int status : {200, 300, 304, 305, 306, 400}) CHECK(!is_redirect(status));
}

TEST_CASE("secrets do not follow to another origin") {
    for (const char* elsewhere : {"http://b/", "http://a:81/", "https://a/", "//b/"}) {
        const redirectable next = follow(request("GET", false), 302, elsewhere);
        CHECK(!next.headers.contains("Authorization"));
        CHECK(!next.headers.contains("Cookie"));
    }
    CHECK(follow(request("GET", false), 302, "http://A:80/x").headers.contains("Authorization"));
}

TEST_CASE("a fragment is kept unless the location has its own") {
    CHECK(follow(request("GET", false), 302, "/x").url.text() == "http://a/x#f");
    CHECK(follow(request("GET", false), 302, "d#g").url.text() == "http://a/b/d#g");
}

TEST_CASE("a location that is no URL of ours is an error that quotes it") {
    CHECK_THROWS_WITH(follow(request("GET", false), 302, "http://a:99999/"),
                      "\"http://a:99999/\": a redirect leads to an invalid URL");
    CHECK_THROWS_WITH(follow(request("GET", false), 302, "ftp://a/"),
                      "\"ftp://a/\": only http and https can be fetched");
}
