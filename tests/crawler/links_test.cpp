// SPDX-License-Identifier: BSL-1.0
#include "crawler/links.h"

#include <doctest/doctest.h>

#include <chrono>
#include <pthread.h>

#include <functional>
#include <random>

using crawler::find_links;
using crawler::link_kind;
using crawler::page_links;

namespace {

const crawler::url& page() {
    static const crawler::url here = *crawler::parse_url("http://site/dir/page.html");
    return here;
}

/// The links of a page as one line: "p:" for pages, "r:" for resources, "http://site" left out.
std::string listed(std::string_view html) {
    std::string line;
    for (const auto& link : find_links(html, page()).links) {
        if (!line.empty()) line += ' ';
        line += link.kind == link_kind::page ? "p:" : "r:";
        line += link.target.host() == "site" ? std::string(link.target.target()) : link.target.text();
    }
    return line;
}

std::string repeated(std::string_view piece, int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += piece;
    return text;
}

/// Runs `body` on a stack no larger than a fiber's.
void on_small_stack(std::function<void()> body) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 256 * 1024);
    pthread_t thread{};
    const auto run = [](void* f) -> void* { return (*static_cast<std::function<void()>*>(f))(), nullptr; };
    REQUIRE(pthread_create(&thread, &attributes, run, &body) == 0);
    pthread_join(thread, nullptr);
    pthread_attr_destroy(&attributes);
}

}  // namespace

TEST_CASE("every kind of link is found") {
    CHECK(listed("<a href=a><map><area href=/b></map><iframe src=c></iframe>") == "p:/dir/a p:/b p:/dir/c");
    CHECK(listed("<img src=i><script src=s></script><video src=v poster=w><source src=x></video>") ==
          "r:/dir/i r:/dir/s r:/dir/v r:/dir/w r:/dir/x");
    CHECK(listed("<img srcset='s1 1x, s2 2x'><picture><source srcset=s3></picture>") ==
          "r:/dir/s1 r:/dir/s2 r:/dir/s3");
    CHECK(listed("<frameset><frame src=f></frameset>") == "p:/dir/f");
}

TEST_CASE("a link element is a page or a resource by its rel") {
    CHECK(listed("<link rel='StyleSheet' href=s><link rel=next href=n><link rel='shortcut icon' href=i>") ==
          "r:/dir/s p:/dir/n r:/dir/i");
    CHECK(listed("<link rel=preconnect href=//other><link rel=stylesheet href=''>") == "");
}

TEST_CASE("the first base applies to the whole page") {
    CHECK(listed("<a href=a><base href='/x/'><base href='/y/'><a href=b>") == "p:/x/a p:/x/b");
    CHECK(listed("<base href='http://other/'><a href=a>") == "p:http://other/a");
    CHECK(listed("<base target=x><base href=sub/><a href=a>") == "p:/dir/sub/a");
    CHECK(listed("<base href='javascript:x'><a href=a>") == "p:/dir/a");
}

TEST_CASE("a target is listed once, as a page if any link says so") {
    CHECK(listed("<img src=x><a href=x#1><a href=./x#2>") == "p:/dir/x");
}

TEST_CASE("an empty href is the page itself, an empty src is nothing") {
    CHECK(listed("<a href=''><img src=''><a>") == "p:/dir/page.html");
}

TEST_CASE("character references in links are decoded") {
    CHECK(listed("<a href='?a=1&amp;b=&#50;'>") == "p:/dir/page.html?a=1&b=2");
}

TEST_CASE("links of other schemes are left out silently") {
    const auto links =
        find_links("<a href=mailto:a@b><a href=' javascript:x'><img src=data:,x><a href=tel:1>", page());
    CHECK(links.links.empty());
    CHECK(links.bad.empty());
}

TEST_CASE("a link without a possible URL is reported with the reason") {
    const auto links = find_links("<a href='http://a:65536/'><a href=b>", page());
    REQUIRE(links.bad.size() == 1);
    CHECK(links.bad[0].text == "http://a:65536/");
    CHECK(links.bad[0].reason == "port 65536 is not between 1 and 65535");
    CHECK(links.links.size() == 1);
}

TEST_CASE("comments, scripts and templates hold no links") {
    CHECK(
        listed("<!-- <a href=a> --><script>'<a href=b>'</script><template><a href=c></template><a href=d>") ==
        "p:/dir/d");
}

TEST_CASE("tag soup keeps its links") {
    CHECK(listed("<a href=a<b></i><table><a href='b'><td></div><a href=\"c") == "p:/dir/a%3Cb p:/dir/b");
    CHECK(listed("<A\nHREF = a ><img/src=b/><a href=c href=d>") == "p:/dir/a r:/dir/b/ p:/dir/c");
    CHECK(listed(std::string_view("<a href=x\0y>\xff\xfe", 14)) == "p:/dir/x%EF%BF%BDy");
}

TEST_CASE("links past the first slice are found") {
    const auto links = find_links(repeated("<p><a href=x>", 5000) + "<a href=last>", page()).links;
    REQUIRE(links.size() == 2);
    CHECK(links[1].target.target() == "/dir/last");
}

TEST_CASE("hostile nesting neither overflows a small stack nor takes long") {
    using clock = std::chrono::steady_clock;
    const std::string numbered = [] {
        std::string text;
        for (int i = 0; i < 20'000; ++i) text += "<p><b id=" + std::to_string(i) + "></p>";
        return text;
    }();
    for (const auto& html :
         {repeated("<div>", 200'000), repeated("<b>", 200'000), repeated("<a href=y>", 100'000),
          repeated("<table><td>", 100'000), repeated("<svg><desc>", 50'000), numbered,
          repeated("</p>", 200'000), repeated("<select><option>", 50'000)}) {
        CAPTURE(html.substr(0, 20));
        on_small_stack([&html] {
            const auto start = clock::now();
            const auto found = find_links("<a href=first>" + html + "<a href=last>", page());
            CHECK(found.complete);
            CHECK(found.links.front().target.target() == "/dir/first");
            CHECK(clock::now() - start < std::chrono::seconds(20));
        });
    }
}

TEST_CASE("a tag with a hundred thousand attributes is given up, the rest of the page is not") {
    std::string html = "<a href=first>" + repeated("<i>", 300) + "<b";
    for (int i = 0; i < 100'000; ++i) html += " x" + std::to_string(i);
    html += ">" + repeated("<i>", 300) + "<a href=last>";
    const auto found = find_links(html, page());
    CHECK_FALSE(found.complete);
    REQUIRE(found.links.size() == 2);
    CHECK(found.links[1].target.target() == "/dir/last");
}

TEST_CASE("random markup does no harm") {
    std::mt19937 random(20240608);
    const std::vector<std::string> pieces{"<a href=",
                                          "x",
                                          ">",
                                          "</a>",
                                          "<table>",
                                          "<td>",
                                          "</table>",
                                          "<b>",
                                          "<p>",
                                          "</p>",
                                          "<svg>",
                                          "<math>",
                                          "<mi>",
                                          "</svg>",
                                          "<select>",
                                          "<option>",
                                          "<template>",
                                          "</template>",
                                          "<!--",
                                          "-->",
                                          "<![CDATA[",
                                          "]]>",
                                          "&",
                                          "&amp;",
                                          "&#x110000;",
                                          "'",
                                          "\"",
                                          "=",
                                          "\xff",
                                          std::string(1, '\0'),
                                          "<frameset>",
                                          "<form>",
                                          "</form>",
                                          "<script>",
                                          "</script>",
                                          "<title>",
                                          "<plaintext>",
                                          "<html>",
                                          "<body x>",
                                          "</body>",
                                          "<caption>",
                                          "<col>",
                                          "</b>",
                                          "</html>",
                                          "<foreignObject>",
                                          "<button>",
                                          "<isindex prompt=x>",
                                          "<textarea>",
                                          "<h1>",
                                          "</h2>",
                                          "<li>",
                                          "<nobr>",
                                          "<image src=i>"};
    for (int round = 0; round < 1500; ++round) {
        std::string html;
        for (unsigned i = random() % 120; i > 0; --i) html += pieces[random() % pieces.size()];
        CAPTURE(html);
        CHECK_NOTHROW(find_links(html, page()));
    }
}
