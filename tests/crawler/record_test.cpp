// SPDX-License-Identifier: BSL-1.0
#include "crawler/record.h"

#include <boost/json.hpp>
#include <doctest/doctest.h>

using crawler::record;
using crawler::to_json;
using namespace std::chrono_literals;

TEST_CASE("a record is one line of JSON with its fields in order") {
    record r;
    r.url = "http://a/b";
    r.status = 200;
    r.type = "text/html";
    r.bytes = 5'000'000'000;
    r.depth = 2;
    r.from = "http://a/";
    r.elapsed = 12ms;
    CHECK(to_json(r) == R"({"url":"http://a/b","status":200,"type":"text/html","bytes":5000000000,"depth":2,)"
                        R"("from":"http://a/","error":"","milliseconds":12})");
}

TEST_CASE("any bytes give valid JSON on one line") {
    record r;
    for (int byte = 0; byte < 256; ++byte) r.error += static_cast<char>(byte);
    r.url = "http://\xff\"\\\n";
    const auto json = to_json(r);
    CHECK(json.find('\n') == std::string::npos);
    const auto read = boost::json::parse(json);
    CHECK(read.at("url").as_string() == "http://\xEF\xBF\xBD\"\\\n");
}

TEST_CASE("an error or a status of 4xx and 5xx is a broken link, a skipped page is not") {
    record r;
    r.status = 200;
    CHECK_FALSE(is_broken(r));
    r.status = 301;
    CHECK_FALSE(is_broken(r));
    r.status = 404;
    CHECK(is_broken(r));
    r = {};
    r.error = "timed out";
    CHECK(is_broken(r));
    r.skipped = crawler::skip_reason::robots;
    CHECK_FALSE(is_broken(r));
}
