// SPDX-License-Identifier: BSL-1.0
// A client among servers that do whatever they should not: each ends as one clear error, in time, and leaves nothing
// behind (the fixture sees to that).
#include <http/packing.h>
#include <http/support.h>

using namespace support;
using http::errc;

namespace {

// What a session makes of a server that always answers so.
std::error_code error_from(const std::string& answer, const http::request_options& options = {}) {
    raw_server server(always(answer));
    http::session session;
    return error_of([&] { session.get(server.url(), options).read_all(); });
}

std::string body_from(const std::string& answer, const http::request_options& options = {}) {
    raw_server server(always(answer));
    http::session session;
    return session.get(server.url(), options).read_all();
}

}  // namespace

TEST_CASE_FIXTURE(leak_check, "a server that closes at once is told from one that closes within its answer") {
    CHECK(error_from("") == errc::closed_before_answer);
    CHECK(error_from("HTT") == errc::closed_within_header);
    CHECK(error_from("HTTP/1.1 200 OK\r\nContent-Le") == errc::closed_within_header);
    CHECK(error_from("HTTP/1.1 200 OK\r\nA: b\r\n") == errc::closed_within_header);
    CHECK(error_from("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345") == errc::closed_within_body);
    CHECK(error_from("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12") == errc::closed_within_body);
    CHECK(error_from("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n") ==
          errc::closed_within_body);
    CHECK(error_from("") == std::errc::connection_reset);
}

TEST_CASE_FIXTURE(leak_check, "an error names the URL, and what was wrong") {
    raw_server server(always("SSH-2.0-OpenSSH_9.2p1 Debian\r\n"));
    http::session session;
    CHECK(what_of([&] { session.get(server.url("/x")); }) ==
          "green: GET " + server.url("/x") + ": bad version: the peer does not speak HTTP/1.1");
    std::error_code error;
    session.get(server.url(), {}, error);
    CHECK(error == errc::malformed_message);
}

TEST_CASE_FIXTURE(leak_check, "a header line without an end is given up after the limit") {
    std::uint64_t sent_bytes = 0;
    raw_server server([&](green::byte_stream& peer) {
        read_request_head(peer);
        green::write_all(peer, "HTTP/1.1 200 OK\r\nA: ");
        const std::string piece(1 << 16, 'x');
        for (; sent_bytes < 1'000'000'000; sent_bytes += piece.size()) green::write_all(peer, piece);
    });
    http::session session;
    CHECK(error_of([&] { session.get(server.url()); }) == errc::header_too_large);
    CHECK(sent_bytes < 50'000'000);  // what the kernel's buffers hold
}

TEST_CASE_FIXTURE(leak_check, "header lines without an end are given up after the limit") {
    raw_server server([&](green::byte_stream& peer) {
        read_request_head(peer);
        green::write_all(peer, "HTTP/1.1 200 OK\r\n");
        for (;;) green::write_all(peer, "Set-Cookie: abcdefghijklmnopqrstuvwxyz\r\n");
    });
    http::session session;
    CHECK(error_of([&] { session.get(server.url()); }) == errc::header_too_large);
    CHECK(error_of([&] { session.get(server.url(), {.header_limit_bytes = 100}); }) == errc::header_too_large);
}

TEST_CASE_FIXTURE(leak_check, "a header may fill its limit and not exceed it") {
    const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nA: " + std::string(20'000, 'a') + "\r\n\r\n";
    CHECK(body_from(head + "x", {.header_limit_bytes = head.size()}) == "x");
    CHECK(error_from(head + "x", {.header_limit_bytes = head.size() - 1}) == errc::header_too_large);
}

TEST_CASE_FIXTURE(leak_check, "chunk headers, trailers and interim answers without an end are given up") {
    const auto endless = [](std::string head, std::string piece) {
        raw_server server([&](green::byte_stream& peer) {
            read_request_head(peer);
            green::write_all(peer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + head);
            for (;;) green::write_all(peer, piece);
        });
        http::session session;
        return error_of([&] { session.get(server.url()).read_all(); });
    };
    CHECK(endless("5;", "extension") == errc::malformed_message);
    CHECK(endless("0\r\n", "Trailer: x\r\n") == errc::malformed_message);

    raw_server server([](green::byte_stream& peer) {
        read_request_head(peer);
        for (;;) green::write_all(peer, "HTTP/1.1 102 Processing\r\n\r\n");
    });
    http::session session;
    CHECK(error_of([&] { session.get(server.url()); }) == errc::malformed_message);
}

TEST_CASE_FIXTURE(leak_check, "an endless body is given up after the limit, whichever way it comes") {
    const auto endless = [](const std::string& head, const std::string& piece,
                            const http::request_options& options = {}, std::size_t read_limit = 64 << 20) {
        raw_server server([&](green::byte_stream& peer) {
            read_request_head(peer);
            green::write_all(peer, head);
            for (;;) green::write_all(peer, piece);
        });
        http::session session;
        return error_of([&] { session.get(server.url(), options).read_all(read_limit); });
    };
    const std::string chunk = "400\r\n" + std::string(1024, 'x') + "\r\n";
    const http::request_options limited{.body_limit_bytes = 1'000'000};
    CHECK(endless("HTTP/1.1 200 OK\r\n\r\n", chunk, limited) == errc::body_too_large);
    CHECK(endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunk, limited) == errc::body_too_large);
    CHECK(endless("HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n", chunk, limited) == errc::body_too_large);
    CHECK(endless("HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n", chunk, {}, 1000) == errc::body_too_large);
}

TEST_CASE_FIXTURE(leak_check, "a longer body than its Content-Length is cut, and its connection not used again") {
    int count = 0;
    raw_server server([&](green::byte_stream& peer) {
        for (; !read_request_head(peer).empty(); ++count)
            green::write_all(peer, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef");
    });
    http::session session;
    CHECK(session.get(server.url()).read_all() == "abc");
    CHECK(session.idle_count() == 0);
    CHECK(session.get(server.url()).read_all() == "abc");
    CHECK(server.connection_count == 2);
}

TEST_CASE_FIXTURE(leak_check, "a body that ends with the connection is complete") {
    CHECK(body_from("HTTP/1.1 200 OK\r\n\r\nall of it") == "all of it");
    CHECK(body_from("HTTP/1.0 200 OK\r\n\r\n") == "");
}

TEST_CASE_FIXTURE(leak_check, "careless servers are understood") {
    CHECK(body_from("HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok") == "ok");  // no blank behind the status
    CHECK(body_from("\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") == "ok");
    CHECK(body_from("HTTP/1.1 200 OK\r\ncontent-length:2\r\n\r\nok") == "ok");
    CHECK(body_from("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok") == "ok");
    CHECK(body_from("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 "
                    "OK\r\nContent-Length: 2\r\n\r\nok") == "ok");
    CHECK(body_from("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n") == "");
    CHECK(body_from("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n") == "");
}

TEST_CASE_FIXTURE(leak_check, "a header that comes byte by byte is the same header") {
    for (const std::string status_line : {"HTTP/1.1 200\r\n", "HTTP/1.1 200 OK\r\n", "\r\nHTTP/1.1 200 \r\n"}) {
        raw_server server([&](green::byte_stream& peer) {
            read_request_head(peer);
            for (const char& c : status_line + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nT: 1\r\n\r\n") {
                green::write_all(peer, std::string_view(&c, 1));
                green::yield();
                green::yield();
            }
        });
        http::session session;
        auto answer = session.get(server.url());
        CHECK(answer.read_all() == "ok");
        CHECK(answer.trailers().get("T") == "1");
        CHECK(session.idle_count() == 1);
    }
}

TEST_CASE_FIXTURE(leak_check, "a packed bomb is stopped by the limit, in little memory") {
    const std::string bomb = pack(std::string(50'000'000, '\0'), packing::gzip);
    const std::string answer =
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " + std::to_string(bomb.size()) + "\r\n\r\n" +
        bomb;
    CHECK(error_from(answer, {.body_limit_bytes = 1'000'000}) == errc::body_too_large);
    raw_server server(always(answer));
    http::session session;
    CHECK(error_of([&] { session.get(server.url()).read_all(1'000'000); }) == errc::body_too_large);
    CHECK(session.get(server.url(), {.decompress = false}).read_all() == bomb);
}

TEST_CASE_FIXTURE(leak_check, "a body that is not what its Content-Encoding says is an error") {
    const std::string packed = pack("hello hello hello", packing::gzip);
    CHECK(body_from("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + packed) == "hello hello hello");
    CHECK(error_from("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + packed.substr(0, 20)) ==
          errc::decompression_failed);
    CHECK(error_from("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nplain text") == errc::decompression_failed);
    CHECK(error_from("HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\nxyz") == errc::unsupported_coding);
}

TEST_CASE_FIXTURE(virtual_time, "a silent server ends in a timeout of its phase") {
    raw_server server([](green::byte_stream& peer) {
        read_request_head(peer);
        green::sleep(1h);
    });
    http::session session;
    CHECK(error_of([&] { session.get(server.url(), {.timeout = 5s}); }) == errc::timed_out_waiting);
    CHECK(clock.elapsed() >= 5s);
    CHECK(clock.elapsed() < 6s);
    CHECK(error_of([&] { session.get(server.url(), {.step_timeout = 7s}); }) == errc::timed_out_waiting);
    CHECK(clock.elapsed() < 14s);
    CHECK(error_of([&] { session.get(server.url(), {.timeout = 1s}); }) == std::errc::timed_out);
}

TEST_CASE_FIXTURE(virtual_time, "a slow drip does not outlast the deadline, in the header or the body") {
    const auto drip = [&](const std::string& head) {
        raw_server server([&](green::byte_stream& peer) {
            read_request_head(peer);
            green::write_all(peer, head);
            for (;;) {
                green::write_all(peer, "x");
                green::sleep(1s);
            }
        });
        http::session session;
        const auto before = clock.elapsed();
        const auto error = error_of([&] { session.get(server.url(), {.timeout = 30s}).read_all(); });
        CHECK(clock.elapsed() - before >= 30s);
        CHECK(clock.elapsed() - before < 32s);
        return error;
    };
    CHECK(drip("HTTP/1.1 200 OK\r\nA: ") == errc::timed_out_waiting);
    CHECK(drip("HTTP/1.1 200 OK\r\n\r\n") == errc::timed_out_in_body);
    CHECK(drip("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n") == errc::timed_out_in_body);
    CHECK(drip("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;") == errc::timed_out_in_body);
}

TEST_CASE_FIXTURE(virtual_time, "a server that takes no more of the request ends in a timeout of sending") {
    raw_server server([](green::byte_stream&) { green::sleep(1h); });
    http::session session;
    const std::string much(50'000'000, 'x');
    CHECK(error_of([&] { session.request("PUT", server.url(), {}, much, {.timeout = 5s}); }) ==
          errc::timed_out_sending);
}

TEST_CASE_FIXTURE(leak_check, "a refused connection is the error of connecting") {
    http::session session;
    const std::string url = "http://" + green::tcp_listener(any_loopback_port()).local_endpoint().to_string() + "/";
    CHECK(error_of([&] { session.get(url); }) == std::errc::connection_refused);
    CHECK(what_of([&] { session.get(url); }).starts_with("green: GET " + url + ": "));
}

TEST_CASE_FIXTURE(leak_check, "redirects in a circle, too many, or to nowhere are told apart") {
    raw_server server([&](green::byte_stream& peer) {
        const std::string head = read_request_head(peer);
        const auto answer = [&](const std::string& location) {
            green::write_all(peer, "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nConnection: close\r\nLocation: " +
                                       location + "\r\n\r\n");
        };
        if (head.starts_with("GET /a")) return answer("/b");
        if (head.starts_with("GET /b")) return answer("/a#x");
        if (head.starts_with("GET /self")) return answer("");
        if (head.starts_with("GET /foreign")) return answer("ftp://x/");
        if (head.starts_with("GET /nowhere")) return answer("http://x:y/");
        answer(head.substr(4, head.find(' ', 4) - 4) + "x");
    });
    http::session session;
    const auto error_at = [&](const char* target) { return error_of([&] { session.get(server.url(target)); }); };
    CHECK(error_at("/a") == errc::redirect_loop);
    CHECK(error_at("/self") == errc::redirect_loop);
    CHECK(error_at("/many") == errc::too_many_redirects);
    CHECK(error_at("/foreign") == errc::unsupported_scheme);
    CHECK(error_at("/nowhere") == errc::invalid_redirect);
    CHECK(what_of([&] { session.get(server.url("/a")); }) ==
          "green: GET " + server.url("/a") + " (redirected to " + server.url("/b") + "): back to " +
              server.url("/a#x") + ": the redirects go in a circle");
    CHECK(session.get(server.url("/a"), {.follow_redirects = false}).status() == 302);
}

TEST_CASE_FIXTURE(leak_check, "garbage behind a status line is an error") {
    std::string garbage = "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < 256; ++i) garbage += static_cast<char>(i);
    CHECK(error_from(garbage + "\r\n\r\n") == errc::malformed_message);
    CHECK(error_from(std::string(100'000, '\0')) == errc::malformed_message);
    CHECK(error_from("hi\r\n") == errc::malformed_message);
}

TEST_CASE_FIXTURE(leak_check, "a request that is cancelled or killed leaves nothing behind, wherever it is") {
    for (const std::string sent : {"", "HTTP/1.1 200 OK\r\nA:", "HTTP/1.1 200 OK\r\n\r\n",
                                   "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"}) {
        raw_server server([&](green::byte_stream& peer) {
            read_request_head(peer);
            green::write_all(peer, sent);
            green::sleep(1h);
        });
        http::session session;
        auto getter = green::spawn([&] { session.get(server.url()).read_all(); });
        for (int i = 0; i < 20; ++i) green::yield();
        CHECK(!getter.ended());
        getter.kill();
        CHECK(getter.was_killed());
        CHECK(session.idle_count() == 0);
    }
}
