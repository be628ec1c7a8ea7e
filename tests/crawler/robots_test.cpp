// SPDX-License-Identifier: BSL-1.0
#include "crawler/robots.h"

#include <doctest/doctest.h>

using crawler::robots;
using namespace std::chrono_literals;

namespace {

bool allows(const robots& rules, std::string_view target) {
    return rules.allows(*crawler::parse_url("http://site" + std::string(target)));
}

/// Whether a robots.txt lets "green-crawler" fetch `target`.
bool allowed(std::string_view text, std::string_view target) {
    return allows(robots::parse(text, "green-crawler"), target);
}

}  // namespace

TEST_CASE("a rule forbids what begins with it") {
    const char* text = "User-agent: *\nDisallow: /private\n";
    CHECK_FALSE(allowed(text, "/private"));
    CHECK_FALSE(allowed(text, "/private/x?y"));
    CHECK_FALSE(allowed(text, "/privateer"));
    CHECK(allowed(text, "/Private"));
    CHECK(allowed(text, "/"));
}

TEST_CASE("the longest rule decides and Allow wins ties") {
    const char* text =
        "User-agent: *\nDisallow: /a\nAllow: /a/b\nDisallow: /a/b/c\nAllow: /t\nDisallow: /t\nDisallow: "
        "/u\nAllow: /u\n";
    CHECK_FALSE(allowed(text, "/a/x"));
    CHECK(allowed(text, "/a/b/x"));
    CHECK_FALSE(allowed(text, "/a/b/c"));
    CHECK(allowed(text, "/t"));
    CHECK(allowed(text, "/u"));
}

TEST_CASE("a star in a rule matches anything, a dollar the end") {
    CHECK_FALSE(allowed("User-agent: *\nDisallow: /*.gif$", "/a/b.gif"));
    CHECK(allowed("User-agent: *\nDisallow: /*.gif$", "/a/b.gif?x"));
    CHECK(allowed("User-agent: *\nDisallow: /*.gif$", "/a.gift"));
    CHECK_FALSE(allowed("User-agent: *\nDisallow: /*.gif$", "/a.gif.gif"));
    CHECK_FALSE(allowed("User-agent: *\nDisallow: /a*b*c", "/a-c-b-b-c-d"));
    CHECK(allowed("User-agent: *\nDisallow: /a*b*c", "/acb"));
    CHECK_FALSE(allowed("User-agent: *\nDisallow: *x", "/a/x"));
    CHECK(allowed("User-agent: *\nDisallow: /$", "/a"));
    CHECK_FALSE(allowed("User-agent: *\nDisallow: /$", "/"));
    CHECK_FALSE(allowed("User-agent: *\nDisallow: /a**$", "/abc"));
}

TEST_CASE("escaped special characters in a rule stand for themselves") {
    CHECK_FALSE(allowed("User-agent: *\nDisallow: /x%2A", "/x*"));
    CHECK(allowed("User-agent: *\nDisallow: /x%2A", "/xy"));
    CHECK_FALSE(allowed("User-agent: *\nDisallow: /x%24", "/x$y"));
    CHECK_FALSE(allowed("User-agent: *\nDisallow: /a$b", "/a$b"));
}

TEST_CASE("rules and paths compare with their percent-encoding normalised") {
    CHECK_FALSE(allowed("User-agent: *\nDisallow: /\xc3\xa4", "/%c3%a4"));
    CHECK_FALSE(allowed("User-agent: *\nDisallow: /%7euser", "/~user"));
    CHECK(allowed("User-agent: *\nDisallow: /a%2fb", "/a/b"));
}

TEST_CASE("all groups that name us count together and replace those for everyone") {
    const char* text =
        "User-agent: *\nDisallow: /all\n\nUser-agent: other\nUser-Agent: GREEN-Crawler\nDisallow: /one\n\n"
        "user-agent:green-crawler/2.0\nDisallow: /two\n\nUser-agent: green\nDisallow: /\n";
    CHECK(allowed(text, "/all"));
    CHECK_FALSE(allowed(text, "/one"));
    CHECK_FALSE(allowed(text, "/two"));
    CHECK(allowed(text, "/three"));
}

TEST_CASE("a group that names us without rules allows all") {
    CHECK(allowed("User-agent: *\nDisallow: /\nUser-agent: green-crawler\nDisallow:\n", "/x"));
    CHECK(allowed("User-agent: *\nDisallow: /\nUser-agent: green-crawler\n", "/x"));
}

TEST_CASE("groups for everyone count together") {
    const char* text =
        "User-agent: *\nDisallow: /a\nUser-agent: other\nDisallow: /c\nUser-agent: *\nDisallow: /b";
    CHECK_FALSE(allowed(text, "/a"));
    CHECK_FALSE(allowed(text, "/b"));
    CHECK(allowed(text, "/c"));
}

TEST_CASE("unknown lines, comments and line ends of all kinds are taken in stride") {
    const char* text =
        "\xEF\xBB\xBFUSER-AGENT : * # us\r\nSitemap: http://x/\r\nnonsense\r\rdisallow\t:\t/a # why\rfoo: "
        "bar\nDisallow: /b";
    CHECK_FALSE(allowed(text, "/a"));
    CHECK_FALSE(allowed(text, "/b"));
    CHECK(allowed(text, "/c"));
    CHECK(allowed(std::string_view("\0\xff:\0", 4), "/"));
}

TEST_CASE("a line of another kind does not part the names of a group") {
    CHECK_FALSE(allowed("User-agent: green-crawler\nCrawl-delay: 1\nUser-agent: other\nDisallow: /", "/x"));
}

TEST_CASE("rules before any group do not count") {
    CHECK(allowed("Disallow: /\nUser-agent: *\nDisallow: /a", "/b"));
}

TEST_CASE("robots.txt itself may always be fetched") {
    CHECK(allowed("User-agent: *\nDisallow: /", "/robots.txt"));
}

TEST_CASE("what comes after 500 KiB is ignored, the line cut in half included") {
    std::string text = "User-agent: *\nDisallow: /early\n#";
    text += std::string(500 * 1024 - text.size() - 13, 'x') + "\nDisallow: /late\nDisallow: /later\n";
    CHECK_FALSE(allowed(text, "/early"));
    CHECK(allowed(text, "/l"));
    CHECK(allowed(text, "/late"));
    CHECK(allowed(text, "/later"));
}

TEST_CASE("the status of robots.txt decides when there is no file") {
    const char* forbid = "User-agent: *\nDisallow: /";
    CHECK_FALSE(allows(robots::for_answer(200, forbid, "x"), "/a"));
    CHECK(allows(robots::for_answer(404, forbid, "x"), "/a"));
    CHECK(allows(robots::for_answer(429, forbid, "x"), "/a"));
    CHECK(allows(robots::for_answer(301, forbid, "x"), "/a"));
    CHECK_FALSE(allows(robots::for_answer(500, "", "x"), "/a"));
    CHECK_FALSE(allows(robots::for_answer(503, "", "x"), "/a"));
    CHECK_FALSE(allows(robots::for_answer(0, "", "x"), "/a"));
}

TEST_CASE("the crawl delay of our group is told") {
    const auto delay = [](std::string_view text) {
        return robots::parse(text, "green-crawler").crawl_delay();
    };
    CHECK(delay("User-agent: *\nCrawl-delay: 1.5") == 1500ms);
    CHECK(delay("User-agent: *\nCrawl-delay: 9\nUser-agent: green-crawler\nCrawl-delay: 2") == 2000ms);
    CHECK(delay("User-agent: *\nCrawl-delay: 9\nUser-agent: other\nCrawl-delay: 2") == 9000ms);
    CHECK(delay("User-agent: *\nCrawl-delay: 9\nDisallow: /x\nUser-agent: green-crawler\nCrawl-delay: 2") ==
          2000ms);
    CHECK(delay("User-agent: *\nCrawl-delay: 1e99") == 24h);
    CHECK_FALSE(delay("User-agent: *\nCrawl-delay: -1"));
    CHECK_FALSE(delay("User-agent: *\nCrawl-delay: nan"));
    CHECK_FALSE(delay("User-agent: *\nDisallow: /"));
}

TEST_CASE("the product token is the first word of a user agent") {
    CHECK(crawler::product_token_of("green-crawler/0.1 (+http://x)") == "green-crawler");
    CHECK(crawler::product_token_of("") == "");
}
