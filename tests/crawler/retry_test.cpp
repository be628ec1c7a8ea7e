// SPDX-License-Identifier: BSL-1.0
#include "crawler/retry.h"

#include <doctest/doctest.h>

using crawler::parse_retry_after;
using crawler::retry_policy;
using namespace std::chrono_literals;

namespace {
const std::chrono::sys_seconds sunday{784'111'777s};  // Sun, 06 Nov 1994 08:49:37 GMT
}

TEST_CASE("only overload and dropped connections are retried") {
    retry_policy retries(1);
    CHECK(retries.after_status(0, 429, "", sunday));
    CHECK(retries.after_status(0, 503, "", sunday));
    CHECK(retries.after_drop(0));
    for (const int status : {200, 301, 404, 500, 502, 504})
        CHECK_FALSE(retries.after_status(0, status, "1", sunday));
}

TEST_CASE("a visit is retried three times") {
    retry_policy retries(1);
    CHECK(retries.after_drop(2));
    CHECK_FALSE(retries.after_drop(3));
    CHECK_FALSE(retries.after_status(3, 503, "1", sunday));
}

TEST_CASE("waits double, scattered between half and all of their length") {
    retry_policy retries(7, {.most_retries = 100});
    auto shortest = 1h + 0ms, longest = 0ms;
    for (int i = 0; i < 1000; ++i) {
        const auto wait = *retries.after_drop(2);
        shortest = std::min<std::chrono::milliseconds>(shortest, wait);
        longest = std::max(longest, wait);
    }
    CHECK(shortest >= 1000ms);
    CHECK(shortest < 1100ms);
    CHECK(longest <= 2000ms);
    CHECK(longest > 1900ms);
    CHECK(*retries.after_drop(99) <= 30s);
}

TEST_CASE("equal seeds give equal waits") {
    retry_policy one(42), same(42), other(43);
    bool differs = false;
    for (int i = 0; i < 10; ++i) {
        const auto wait = one.after_drop(0);
        CHECK(wait == same.after_drop(0));
        differs = differs || wait != other.after_drop(0);
    }
    CHECK(differs);
}

TEST_CASE("a server's own wait is kept unless it is longer than our patience") {
    retry_policy retries(1);
    CHECK(retries.after_status(0, 429, "7", sunday) == 7s);
    CHECK(retries.after_status(0, 503, "Sun, 06 Nov 1994 08:50:37 GMT", sunday) == 60s);
    CHECK(retries.after_status(0, 503, "0", sunday) >= 250ms);
    CHECK(retries.after_status(0, 503, "120", sunday) == 120s);
    CHECK_FALSE(retries.after_status(0, 503, "121", sunday));
    CHECK_FALSE(retries.after_status(0, 503, "99999999999999999999", sunday));
    CHECK_FALSE(retries.after_status(0, 503, "Fri, 31 Dec 9999 23:59:59 GMT", sunday));
}

TEST_CASE("a Retry-After that makes no sense is as good as none") {
    CHECK(parse_retry_after("Sun, 06 Nov 1994 08:00:00 GMT", sunday) == 0s);
    CHECK_FALSE(parse_retry_after("", sunday));
    CHECK_FALSE(parse_retry_after("-5", sunday));
    CHECK_FALSE(parse_retry_after("5 s", sunday));
    CHECK_FALSE(parse_retry_after("soon", sunday));
}
