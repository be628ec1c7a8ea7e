// SPDX-License-Identifier: BSL-1.0
#include <http/support.h>

#include <fcntl.h>
#include <unistd.h>

using namespace support;
using http::errc;

namespace {

void hello(http::request& asked, http::response_writer& answer) {
    answer.send(200, "text/plain", "hello " + asked.target());
}

// Sends text to a server and reads what it says until it closes.
std::string converse(const web& site, std::string_view text, bool then_end = true) {
    green::tcp_stream peer = green::connect(site.server.local_endpoint());
    green::write_all(peer, text);
    if (then_end) peer.shutdown_write();
    std::string answer;
    std::array<char, 4096> piece;
    while (std::size_t count = peer.read_some(std::as_writable_bytes(std::span(piece))))
        answer.append(piece.data(), count);
    return answer;
}

std::size_t occurrences(std::string_view text, std::string_view of) {
    std::size_t count = 0;
    for (std::size_t at = text.find(of); at != text.npos; at = text.find(of, at + 1)) ++count;
    return count;
}

std::string first_line(const std::string& text) {
    return text.substr(0, text.find("\r\n"));
}

}  // namespace

TEST_CASE_FIXTURE(leak_check, "pipelined requests are answered in order") {
    web site(hello);
    std::string all;
    for (int i = 0; i < 50; ++i) all += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
    const std::string answers = converse(site, all);
    CHECK(occurrences(answers, "HTTP/1.1 200 OK\r\n") == 50);
    std::size_t at = 0;
    for (int i = 0; i < 50; ++i) {
        at = answers.find("hello /" + std::to_string(i), at);
        REQUIRE(at != std::string::npos);
    }
}

TEST_CASE_FIXTURE(leak_check, "a request's body, read or not, is no part of the next request") {
    web site([](http::request& asked, http::response_writer& answer) {
        answer.write(asked.path() == "/read" ? asked.read_all() : asked.path());
    });
    const std::string answers =
        converse(site,
                 "POST /skip HTTP/1.1\r\nHost: x\r\nContent-Length: 25\r\n\r\nGET /evil HTTP/1.1\r\n\r\nabc"
                 "POST /skip HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
                 "POST /read HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    CHECK(occurrences(answers, "HTTP/1.1 200 OK\r\n") == 3);
    CHECK(answers.ends_with("\r\n\r\nabc"));
    CHECK(answers.find("evil") == std::string::npos);
}

TEST_CASE_FIXTURE(leak_check, "an answer that fits has a length, a long one comes in chunks") {
    web site([](http::request& asked, http::response_writer& answer) {
        if (asked.path() == "/short") answer.write("abc");
        if (asked.path() == "/long")
            for (int i = 0; i < 10; ++i) answer.write(std::string(5'000, 'x'));
        if (asked.path() == "/promised") {
            answer.headers().set("Content-Length", "50000");
            for (int i = 0; i < 10; ++i) answer.write(std::string(5'000, 'x'));
        }
        if (asked.path() == "/flushed") {
            answer.write("a");
            answer.flush();
            answer.write("b");
        }
        if (asked.path() == "/none") answer.set_status(204);
    });
    http::session session;
    const auto get = [&](const char* target) { return session.get(site.url(target)); };
    CHECK(get("/short").content_length() == 3);
    CHECK(get("/long").headers().get("Transfer-Encoding") == "chunked");
    CHECK(get("/long").read_all().size() == 50'000);
    CHECK(get("/promised").content_length() == 50'000);
    CHECK(get("/promised").read_all().size() == 50'000);
    CHECK(get("/flushed").read_all() == "ab");
    CHECK(get("/empty").content_length() == 0);
    CHECK(get("/none").status() == 204);
    CHECK(!get("/none").headers().contains("Content-Length"));
    CHECK(get("/short").headers().contains("Date"));
}

TEST_CASE_FIXTURE(leak_check, "HEAD is answered with the header of the GET and no body") {
    web site(hello);
    http::session session;
    for (int i = 0; i < 3; ++i) {
        auto answer = session.head(site.url("/x"));
        CHECK(answer.content_length() == 8);
        CHECK(answer.read_all() == "");
    }
    CHECK(site.server.connection_count() == 1);
}

TEST_CASE_FIXTURE(leak_check, "a client of HTTP/1.0 gets no chunks, and its connection kept only if it asks") {
    web site([](http::request& asked, http::response_writer& answer) {
        answer.write("a");
        if (asked.path() == "/flush") answer.flush();
    });
    const std::string flushed = converse(site, "GET /flush HTTP/1.0\r\n\r\n", false);
    CHECK(flushed.ends_with("\r\n\r\na"));
    CHECK(flushed.find("chunked") == std::string::npos);
    CHECK(converse(site, "GET / HTTP/1.0\r\n\r\n", false).find("Connection: close") != std::string::npos);
    const std::string two =
        converse(site, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n", false);
    CHECK(occurrences(two, "HTTP/1.1 200 OK") == 2);
    CHECK(occurrences(two, "Connection: keep-alive") == 1);
}

TEST_CASE_FIXTURE(leak_check, "bad requests are refused with the right status") {
    web site(hello, {.header_limit_bytes = 1000, .body_limit_bytes = 100});
    const auto refusal = [&](const std::string& text) { return first_line(converse(site, text, false)); };
    CHECK(refusal("nonsense\r\n\r\n") == "HTTP/1.1 400 Bad Request");
    CHECK(refusal("GET / HTTP/1.1\r\n\r\n") == "HTTP/1.1 400 Bad Request");
    CHECK(refusal("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n") == "HTTP/1.1 400 Bad Request");
    CHECK(refusal("GET / HTTP/1.1\r\nHost: a\r\nA: " + std::string(1000, 'x') + "\r\n\r\n") ==
          "HTTP/1.1 431 Request Header Fields Too Large");
    CHECK(refusal("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n") == "HTTP/1.1 413 Content Too Large");
    CHECK(refusal("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n") ==
          "HTTP/1.1 501 Not Implemented");
    CHECK(refusal("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n") ==
          "HTTP/1.1 400 Bad Request");
    CHECK(refusal("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") == "HTTP/1.1 400 Bad Request");
    CHECK(refusal("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n") == "HTTP/1.1 200 OK");
}

TEST_CASE_FIXTURE(leak_check, "a handler that reads a bad body need not care") {
    web site([](http::request& asked, http::response_writer& answer) { answer.write(asked.read_all()); },
             {.body_limit_bytes = 100});
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    CHECK(first_line(converse(site, head + "65\r\n" + std::string(101, 'x') + "\r\n0\r\n\r\n", false)) ==
          "HTTP/1.1 413 Content Too Large");
    CHECK(first_line(converse(site, head + "xyz\r\n", false)) == "HTTP/1.1 400 Bad Request");
    CHECK(converse(site, head + "5\r\nab") == "");
}

TEST_CASE_FIXTURE(leak_check, "what a handler throws is reported, and becomes a 500 while that is possible") {
    std::vector<std::string> reports;
    const auto report = [&](const http::request& asked, std::exception_ptr error) {
        try {
            std::rethrow_exception(error);
        } catch (const std::exception& e) {
            reports.push_back(asked.target() + ": " + e.what());
        } catch (...) {
            reports.push_back(asked.target() + ": ...");
        }
    };
    web site(
        [](http::request& asked, http::response_writer& answer) {
            answer.headers().set("X", "y");
            if (asked.path() == "/promise") return answer.headers().set("Content-Length", "5");
            answer.write("half an ans");
            if (asked.path() == "/late") answer.flush();
            if (asked.path() == "/odd") throw 42;
            throw std::runtime_error("no database");
        },
        {.report = report});
    http::session session;
    auto answer = session.get(site.url("/early"));
    CHECK(answer.status() == 500);
    CHECK(!answer.headers().contains("X"));
    CHECK(answer.read_all() == "Internal Server Error\n");
    CHECK(session.get(site.url("/odd")).status() == 500);
    CHECK(session.get(site.url("/promise")).status() == 500);
    CHECK(error_of([&] { session.get(site.url("/late")).read_all(); }) == errc::closed_within_body);
    CHECK(reports ==
          std::vector<std::string>{"/early: no database", "/odd: ...",
                                   "/promise: green: the handler wrote 0 bytes and promised 5 in its Content-Length",
                                   "/late: no database"});
}

TEST_CASE_FIXTURE(virtual_time, "a client that is too slow is told so or cut off") {
    web site(hello, {.header_timeout = 5s, .idle_timeout = 20s});
    CHECK(converse(site, "", false) == "");
    CHECK(clock.elapsed() >= 20s);
    CHECK(clock.elapsed() < 21s);
    CHECK(first_line(converse(site, "GET / HT", false)) == "HTTP/1.1 408 Request Timeout");
    CHECK(clock.elapsed() < 30s);
    const std::string answers = converse(site, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", false);
    CHECK(occurrences(answers, "HTTP/1.1") == 1);
    CHECK(clock.elapsed() < 55s);
}

TEST_CASE_FIXTURE(virtual_time, "a handler that waits for a body that does not come gives up") {
    web site([](http::request& asked, http::response_writer&) { asked.read_all(); }, {.step_timeout = 5s});
    CHECK(first_line(converse(site, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab", false)) ==
          "HTTP/1.1 408 Request Timeout");
    CHECK(clock.elapsed() < 10s);
}

TEST_CASE_FIXTURE(leak_check, "a client that waits for 100 Continue gets it when the body is wanted") {
    web site([](http::request& asked, http::response_writer& answer) {
        if (asked.path() == "/read") answer.write(asked.read_all());
    });
    green::tcp_stream peer = green::connect(site.server.local_endpoint());
    std::string text;
    green::write_all(peer, "PUT /read HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    CHECK(text.substr(0, green::read_until(peer, text, "\r\n\r\n")) == "HTTP/1.1 100 Continue\r\n\r\n");
    text.clear();
    green::write_all(peer, "abc");
    green::read_until(peer, text, "\r\n\r\nabc");
    CHECK(text.starts_with("HTTP/1.1 200 OK"));
    const std::string unread =
        converse(site, "PUT /skip HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n", false);
    CHECK(unread.starts_with("HTTP/1.1 200 OK"));
    CHECK(unread.find("Connection: close") != std::string::npos);
}

TEST_CASE_FIXTURE(virtual_time, "a graceful stop closes the idle, lets the busy finish, and refuses newcomers") {
    web site([](http::request&, http::response_writer& answer) {
        green::sleep(3s);
        answer.write("done");
    });
    const std::string url = site.url();
    green::tcp_stream idle = green::connect(site.server.local_endpoint());
    http::session session;
    auto busy = green::spawn([&] {
        auto answer = session.get(url);
        CHECK(answer.headers().get("Connection") == "close");
        return answer.read_all();
    });
    green::sleep(1s);
    site.server.stop(10s);
    CHECK(clock.elapsed() >= 3s);
    CHECK(clock.elapsed() < 4s);
    CHECK(busy.get() == "done");
    std::array<std::byte, 1> byte;
    CHECK(idle.read_some(byte) == 0);
    CHECK(error_of([&] { session.get(url); }) == std::errc::connection_refused);
    site.server.stop();
}

TEST_CASE_FIXTURE(virtual_time, "a stop kills what does not finish within the grace") {
    bool unwound = false;
    web site([&](http::request&, http::response_writer&) {
        struct witness {
            bool& flag;
            ~witness() { flag = true; }
        } watching{unwound};
        green::sleep(1h);
    });
    http::session session;
    auto busy = green::spawn([&] { return error_of([&] { session.get(site.url()); }); });
    green::sleep(1s);
    site.server.stop(5s);
    CHECK(unwound);
    CHECK(clock.elapsed() < 7s);
    CHECK(busy.get() == errc::closed_before_answer);
}

TEST_CASE_FIXTURE(leak_check, "a server that is dropped ends with all its connections") {
    auto site = std::make_unique<http::server>(any_loopback_port(),
                                               [](http::request&, http::response_writer&) { green::sleep(1h); });
    green::tcp_stream idle = green::connect(site->local_endpoint());
    green::tcp_stream busy = green::connect(site->local_endpoint());
    green::write_all(busy, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    for (int i = 0; i < 10; ++i) green::yield();
    CHECK(site->connection_count() == 2);
    site.reset();
    std::array<std::byte, 1> byte;
    CHECK(idle.read_some(byte) == 0);
    CHECK(busy.read_some(byte) == 0);
}

TEST_CASE_FIXTURE(leak_check, "a client that goes away in the middle harms nobody") {
    int reports = 0;
    web site(
        [](http::request&, http::response_writer& answer) {
            for (int i = 0; i < 1000; ++i) answer.write(std::string(100'000, 'x'));
        },
        {.report = [&](const http::request&, std::exception_ptr) { ++reports; }});
    {
        green::tcp_stream peer = green::connect(site.server.local_endpoint());
        green::write_all(peer, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        std::array<std::byte, 1000> some;
        CHECK(peer.read_some(some) > 0);
    }
    while (site.server.connection_count() != 0) green::sleep(1ms);
    CHECK(reports == 0);
}

TEST_CASE_FIXTURE(leak_check, "a status that no answer can have is refused, and a server without a handler") {
    web site([](http::request&, http::response_writer& answer) {
        for (int status : {99, 100, 1000, -200}) CHECK_THROWS_AS(answer.set_status(status), std::invalid_argument);
        CHECK(answer.status() == 200);
        answer.send(204, "text/plain", "");
    });
    CHECK(first_line(converse(site, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")) == "HTTP/1.1 204 No Content");
    CHECK_THROWS_AS(http::server({green::ip_address::loopback_v4(), 0}, {}), std::invalid_argument);
}
