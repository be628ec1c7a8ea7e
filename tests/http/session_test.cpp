// SPDX-License-Identifier: BSL-1.0
#include <http/support.h>

using namespace support;
using http::errc;

TEST_CASE_FIXTURE(leak_check, "a session gets a page from a server") {
    web site([](http::request& asked, http::response_writer& answer) {
        answer.send(200, "text/plain", "you want " + asked.target());
    });
    http::session session;
    http::response answer = session.get(site.url("/a/b?c=d"));
    CHECK(answer.status() == 200);
    CHECK(answer.headers().get("content-type") == "text/plain");
    CHECK(answer.read_all() == "you want /a/b?c=d");
    CHECK(answer.url().text() == site.url("/a/b?c=d"));
}

TEST_CASE_FIXTURE(leak_check, "a connection serves one request after the other") {
    web site([](http::request&, http::response_writer& answer) { answer.write("x"); });
    http::session session;
    for (int i = 0; i < 10; ++i) CHECK(session.get(site.url()).read_all() == "x");
    CHECK(session.idle_count() == 1);
    CHECK(site.server.connection_count() == 1);
}
