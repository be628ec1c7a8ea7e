// SPDX-License-Identifier: BSL-1.0
#include "crawler/report.h"

#include <doctest/doctest.h>

using crawler::record;
using crawler::report;
using namespace std::chrono_literals;

namespace {

record answer(std::string url, int status) {
    record r;
    r.url = std::move(url);
    r.status = status;
    r.from = "http://a/";
    r.bytes = 500;
    r.elapsed = 2s;
    return r;
}

}  // namespace

TEST_CASE("a report counts pages, errors, bytes and time") {
    report sums;
    sums.add(answer("http://a/1", 200));
    sums.add(answer("http://a/2", 301));
    sums.add(answer("http://a/3", 404));
    auto forbidden = answer("http://a/4", 0);
    forbidden.skipped = crawler::skip_reason::robots;
    sums.add(forbidden);
    CHECK(sums.page_count() == 2);
    CHECK(sums.broken_count() == 1);
    CHECK(sums.robots_count() == 1);
    CHECK(sums.byte_count() == 2000);
    CHECK(sums.one_at_a_time() == 8s);
}

TEST_CASE("the summary tells what was found and what it would have cost") {
    report sums;
    for (int i = 0; i < 30; ++i) sums.add(answer("http://a/" + std::to_string(i), 200));
    CHECK(sums.summary(1500ms, false) ==
          "30 pages, 0 errors, 15.0 kB in 1.5 s.\n"
          "One at a time it would have taken 1 min 0 s, 40 times as long.\n");
    CHECK(sums.summary(0ms, true).starts_with("Stopped before the end"));
    CHECK(sums.status() == crawler::all_fine);
}

TEST_CASE("https URLs and pages that robots.txt forbids are counted apart") {
    report sums;
    for (const auto reason : {crawler::skip_reason::robots, crawler::skip_reason::https, crawler::skip_reason::https}) {
        auto left_alone = answer("http://a/", 0);
        left_alone.error = "why";
        left_alone.skipped = reason;
        sums.add(left_alone);
    }
    sums.add(answer("http://a/1", 200));
    const auto text = sums.summary(1s, false);
    CHECK(text.find("1 page skipped because robots.txt asks so.\n") != std::string::npos);
    CHECK(text.find("2 https URLs not fetched: TLS is not spoken yet.\n") != std::string::npos);
    CHECK(text.find("Nothing") == std::string::npos);
    CHECK(sums.status() == crawler::all_fine);
}

TEST_CASE("a crawl that was not let fetch a single page is no success") {
    report sums;
    CHECK(sums.status() == crawler::all_fine);
    auto left_alone = answer("https://a/", 0);
    left_alone.skipped = crawler::skip_reason::https;
    sums.add(left_alone);
    CHECK(sums.status() == crawler::broken_links);
    sums.add(answer("http://a/", 301));  // it leads to the one above
    CHECK(sums.status() == crawler::broken_links);
    CHECK(sums.summary(1s, false).find("Nothing of what was asked for could be fetched.\n") != std::string::npos);
    sums.add(answer("http://a/1", 200));
    CHECK(sums.status() == crawler::all_fine);
}

TEST_CASE("the summary lists broken links with the pages that link to them") {
    report sums;
    sums.add(answer("http://a/gone", 404));
    auto lost = answer("http://b/\x1b[1m", 0);
    lost.error = "connection reset\n";
    lost.from = "";
    sums.add(lost);
    const auto text = sums.summary(1s, false);
    CHECK(text.find("  http://a/gone\n      status 404, linked from http://a/\n") != std::string::npos);
    CHECK(text.find("  http://b/?[1m\n      connection reset?, given on the command line\n") !=
          std::string::npos);
    CHECK(sums.status() == crawler::broken_links);
}

TEST_CASE("a summary of very many broken links says how many it leaves out") {
    report sums;
    for (int i = 0; i < 150; ++i) sums.add(answer("http://a/" + std::to_string(i), 500));
    CHECK(sums.summary(1s, false).ends_with("  and 50 more (--out FILE lists them all)\n"));
}
