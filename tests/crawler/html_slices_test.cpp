// SPDX-License-Identifier: BSL-1.0
#include "crawler/html_slices.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

using crawler::slice_html;
using views = std::vector<std::string_view>;

TEST_CASE("a page with few tags is one slice") {
    CHECK(slice_html("<p>a</p>", 2) == views{"<p>a</p>"});
}

TEST_CASE("a slice ends in front of a tag") {
    CHECK(slice_html("x<p>a</p>b<i>c", 2) == views{"x<p>a</p>b", "<i>c"});
    CHECK(slice_html("", 2).empty());
}

TEST_CASE("a tag within a comment does not count") {
    CHECK(slice_html("<a><!-- <b><c> --><d>", 1) == views{"<a><!-- <b><c> -->", "<d>"});
    CHECK(slice_html("<a><!--><b>", 1) == views{"<a><!-->", "<b>"});
    CHECK(slice_html("<a><!---><b>", 1) == views{"<a><!--->", "<b>"});
    CHECK(slice_html("<a><!--x--!><b>", 1) == views{"<a><!--x--!>", "<b>"});
    CHECK(slice_html("<a><!doctype \"<x\"><b>", 1) == views{"<a><!doctype \"<x\">", "<b>"});
}

TEST_CASE("a tag within a script does not count") {
    CHECK(slice_html("<SCRIPT>'<b></scripty></c>'</script ><d>", 2) ==
          views{"<SCRIPT>'<b></scripty></c>'</script >", "<d>"});
}

TEST_CASE("an angle bracket within an attribute value does not end the tag") {
    CHECK(slice_html("<a x='>' y = \"><b>\"><c>", 1) == views{"<a x='>' y = \"><b>\">", "<c>"});
    CHECK(slice_html("<a x'><b>'>", 1) == views{"<a x'>", "<b>'>"});
}

TEST_CASE("what never ends runs to the end of the page") {
    for (const char* open : {"<!-- ", "<script>", "<a x='", "<a ", "<", "</", "<!", "<script></scrip"}) {
        const std::string html = std::string("<p>") + open + "<b";
        CAPTURE(html);
        CHECK(slice_html(html, 100) == views{html});
    }
}

TEST_CASE("slices of random bytes are the whole page again") {
    std::mt19937 random(20240607);
    const std::string alphabet = "<>/!-'\"= abscript";
    for (int round = 0; round < 2000; ++round) {
        std::string html;
        for (unsigned i = random() % 80; i > 0; --i) html += alphabet[random() % alphabet.size()];
        std::string joined;
        for (const auto slice : slice_html(html, 1 + random() % 3)) joined += slice;
        CHECK(joined == html);
    }
}
