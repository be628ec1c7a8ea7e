// SPDX-License-Identifier: BSL-1.0
#include "crawler/scope.h"

#include <doctest/doctest.h>

using crawler::scope_kind;

namespace {

bool contains(scope_kind kind, std::string_view seed, std::string_view page) {
    crawler::scope hosts(kind);
    hosts.add_seed(*crawler::parse_url(seed));
    return hosts.contains(*crawler::parse_url(page));
}

}  // namespace

TEST_CASE("scope host is the seed's host on any port and scheme") {
    CHECK(contains(scope_kind::host, "http://a.org/", "https://A.org:8443/x"));
    CHECK(contains(scope_kind::host, "http://a.org/", "http://a.org./"));
    CHECK_FALSE(contains(scope_kind::host, "http://a.org/", "http://www.a.org/"));
    CHECK_FALSE(contains(scope_kind::host, "http://www.a.org/", "http://a.org/"));
}

TEST_CASE("scope domain includes subdomains and leaves www out") {
    CHECK(contains(scope_kind::domain, "http://www.a.org/", "http://a.org/"));
    CHECK(contains(scope_kind::domain, "http://www.a.org/", "http://x.y.a.org/"));
    CHECK_FALSE(contains(scope_kind::domain, "http://a.org/", "http://ba.org/"));
    CHECK_FALSE(contains(scope_kind::domain, "http://x.a.org/", "http://a.org/"));
}

TEST_CASE("addresses match exactly in scope domain") {
    CHECK(contains(scope_kind::domain, "http://127.0.0.1/", "http://127.0.0.1:81/"));
    CHECK_FALSE(contains(scope_kind::domain, "http://0.0.1.1/", "http://127.0.0.1/"));
    CHECK(contains(scope_kind::domain, "http://[::1]/", "http://[0::1]/"));
}

TEST_CASE("scope any is everywhere") {
    CHECK(contains(scope_kind::any, "http://a.org/", "http://b.net/"));
}
