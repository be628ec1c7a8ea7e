// SPDX-License-Identifier: BSL-1.0
#include <http/packing.h>
#include <http/support.h>

#include <support/limits.h>

#include <dns_server/dns_server.h>

#include <set>

using namespace support;
using http::errc;

namespace {

// Says what it was asked.
void echo(http::request& asked, http::response_writer& answer) {
    const std::string body = asked.read_all();
    answer.headers().set("X-Method", asked.method());
    answer.headers().set("X-Type", asked.headers().get_or("Content-Type", "none"));
    answer.headers().set("X-Length", asked.content_length() ? std::to_string(*asked.content_length()) : "unknown");
    answer.write(body);
}

// A function that yields `text` in small pieces.
http::body_source::function in_pieces(std::string_view text) {
    return [rest = text](std::span<std::byte> room) mutable {
        const std::size_t count = std::min({rest.size(), room.size(), std::size_t(7)});
        std::ranges::copy(std::as_bytes(std::span(rest.substr(0, count))), room.begin());
        rest.remove_prefix(count);
        return count;
    };
}

}  // namespace

TEST_CASE_FIXTURE(leak_check, "a session gets a page from a server") {
    web site([](http::request& asked, http::response_writer& answer) {
        answer.send(200, "text/plain", "you want " + asked.target());
    });
    http::session session;
    http::response answer = session.get(site.url("/a/b?c=d#e"));
    CHECK(answer.status() == 200);
    CHECK(answer.reason() == "OK");
    CHECK(answer.succeeded());
    CHECK(answer.headers().get("content-type") == "text/plain");
    CHECK(answer.content_length() == 17);
    CHECK(answer.read_all() == "you want /a/b?c=d");
    CHECK(answer.travelled_bytes() == 17);
    CHECK(answer.url().text() == site.url("/a/b?c=d#e"));
    CHECK(answer.hops().empty());
}

TEST_CASE_FIXTURE(leak_check, "a connection serves one request after the other") {
    web site([](http::request&, http::response_writer& answer) { answer.write("x"); });
    http::session session;
    for (int i = 0; i < 10; ++i) CHECK(session.get(site.url()).read_all() == "x");
    CHECK(session.idle_count() == 1);
    CHECK(site.server.connection_count() == 1);
    session.close_idle();
    CHECK(session.idle_count() == 0);
}

TEST_CASE_FIXTURE(leak_check,
                  "requests at the same time have connections of their own, of which only some are kept") {
    web site([](http::request&, http::response_writer& answer) {
        green::sleep(1ms);
        answer.write("x");
    });
    http::session session({.max_idle_per_host = 3});
    std::vector<green::fiber<std::string>> getters;
    for (int i = 0; i < 10; ++i) getters.push_back(green::spawn([&] { return session.get(site.url()).read_all(); }));
    for (auto& each : getters) CHECK(each.get() == "x");
    CHECK(session.idle_count() == 3);
}

TEST_CASE_FIXTURE(leak_check, "there are never more connections to a host than allowed") {
    int now = 0, most = 0;
    web site([&](http::request&, http::response_writer& answer) {
        most = std::max(most, ++now);
        green::sleep(1ms);
        --now;
        answer.write("x");
    });
    http::session session({.max_connections_per_host = 2});
    std::vector<green::fiber<std::string>> getters;
    for (int i = 0; i < 9; ++i) getters.push_back(green::spawn([&] { return session.get(site.url()).read_all(); }));
    for (auto& each : getters) CHECK(each.get() == "x");
    CHECK(most == 2);
    CHECK(site.server.connection_count() <= 2);
}

TEST_CASE_FIXTURE(virtual_time, "who waits for a free connection gives up at the deadline, or when killed") {
    http::session session({.max_connections_per_host = 1});
    raw_server slow([](green::byte_stream& peer) {
        read_request_head(peer);
        green::write_all(peer, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
        green::sleep(1min);
        green::write_all(peer, "hello");
    });
    http::response occupant = session.get(slow.url());
    CHECK(error_of([&] { session.get(slow.url(), {.timeout = 5s}); }) == errc::timed_out_in_queue);
    auto waiting = green::spawn([&] { session.get(slow.url()); });
    green::yield();
    waiting.kill();
    auto next = green::spawn([&] { return session.get(slow.url()).status(); });
    CHECK(occupant.read_all() == "hello");
    CHECK(next.get() == 200);
}

TEST_CASE_FIXTURE(virtual_time, "a connection that nobody uses is closed after its time") {
    web site([](http::request&, http::response_writer& answer) { answer.write("x"); });
    http::session session({.idle_timeout = 10s});
    session.get(site.url()).read_all();
    green::sleep(9s);
    CHECK(session.idle_count() == 1);
    session.get(site.url()).read_all();
    green::sleep(9s);
    CHECK(session.idle_count() == 1);
    green::sleep(11s);
    CHECK(session.idle_count() == 0);
    CHECK(site.server.connection_count() == 0);
}

TEST_CASE_FIXTURE(leak_check, "a kept connection that the server closed is replaced without a word") {
    raw_server server([](green::byte_stream& peer) {
        read_request_head(peer);
        green::write_all(peer, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
    });
    http::session session;
    for (int i = 0; i < 5; ++i) CHECK(session.request("POST", server.url(), {}, "body").read_all() == "x");
    CHECK(server.connection_count == 5);
}

TEST_CASE_FIXTURE(leak_check,
                  "a kept connection that dies under the request is replaced once, if nothing can go wrong by it") {
    int request_count = 0;
    raw_server server([&](green::byte_stream& peer) {
        while (!read_request_head(peer).empty()) {
            if (++request_count == 2) return;  // the second one finds the door shut behind it
            green::write_all(peer, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
        }
    });
    http::session session;
    CHECK(session.get(server.url()).read_all() == "x");
    CHECK(session.idle_count() == 1);
    CHECK(session.get(server.url()).read_all() == "x");
    CHECK(request_count == 3);
    CHECK(server.connection_count == 2);
}

TEST_CASE_FIXTURE(leak_check, "a request that must not be made twice is not") {
    int requests = 0;
    raw_server server([&](green::byte_stream& peer) {
        read_request_head(peer);
        ++requests;
        green::write_all(peer, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        if (!read_request_head(peer).empty()) ++requests;
    });
    http::session session;
    const auto error_on_second = [&](auto&& ask) {
        session.close_idle();
        requests = 0;
        session.get(server.url());
        return error_of(ask);
    };
    CHECK(error_on_second([&] { session.request("POST", server.url(), {}, "x"); }) == errc::closed_before_answer);
    CHECK(requests == 2);
    CHECK(error_on_second([&] { session.request("PUT", server.url(), {}, http::body_source(in_pieces("x"))); }) ==
          errc::closed_before_answer);
    CHECK(requests == 2);
    CHECK(!error_on_second([&] { session.request("PUT", server.url(), {}, "x"); }));
    CHECK(requests == 3);
}

TEST_CASE_FIXTURE(leak_check, "bodies are sent whole, with a known length, or in chunks") {
    web site(echo);
    http::session session;
    auto whole = session.post(site.url(), "some text", "text/x");
    CHECK(whole.headers().get("X-Method") == "POST");
    CHECK(whole.headers().get("X-Type") == "text/x");
    CHECK(whole.headers().get("X-Length") == "9");
    CHECK(whole.read_all() == "some text");
    auto chunked = session.request("PUT", site.url(), {}, http::body_source(in_pieces("piece by piece by piece")));
    CHECK(chunked.headers().get("X-Length") == "unknown");
    CHECK(chunked.read_all() == "piece by piece by piece");
    auto promised = session.request("PUT", site.url(), {}, http::body_source(in_pieces("piece by piece"), 14));
    CHECK(promised.headers().get("X-Length") == "14");
    CHECK(promised.read_all() == "piece by piece");
    CHECK(session.request("POST", site.url()).headers().get("X-Length") == "0");
    CHECK(session.get(site.url()).headers().get("X-Length") == "unknown");
    CHECK(session.request("POST", site.url(), {{"Content-Length", "99"}, {"Transfer-Encoding", "x"}}, "ab")
              .read_all() == "ab");
    CHECK(site.server.connection_count() == 1);
    for (std::uint64_t wrong : {13, 15})
        CHECK(error_of([&] {
                  session.request("PUT", site.url(), {}, http::body_source(in_pieces("piece by piece"), wrong));
              }) == errc::invalid_request);
}

TEST_CASE_FIXTURE(leak_check, "large bodies stream through both ways in little pieces") {
    web site([](http::request& asked, http::response_writer& answer) {
        std::vector<std::byte> piece(10'000);
        while (std::size_t count = asked.read_some(piece)) answer.write(std::span(piece).first(count));
    });
    http::session session;
    constexpr std::size_t size = 1'000'000;
    std::size_t sent = 0;
    auto numbers = [&](std::span<std::byte> room) {
        std::size_t count = std::min(room.size(), size - sent);
        for (std::size_t i = 0; i < count; ++i) room[i] = static_cast<std::byte>((sent + i) * 31 >> 3);
        sent += count;
        return count;
    };
    // The handler answers while it reads: the client must not read only after it has sent all. 1 MB fits what the
    // kernel buffers between the two.
    auto answer = session.request("POST", site.url(), {}, http::body_source(numbers));
    std::vector<std::byte> piece(3'000);
    std::size_t received = 0;
    bool all_right = true;
    while (std::size_t count = answer.read_some(piece)) {
        for (std::size_t i = 0; i < count; ++i)
            all_right &= piece[i] == static_cast<std::byte>((received + i) * 31 >> 3);
        received += count;
    }
    CHECK(all_right);
    CHECK(received == size);
    CHECK(session.idle_count() == 1);
}

TEST_CASE_FIXTURE(leak_check, "gzip and deflate are asked for and unpacked") {
    const std::string text(100'000, 'a');
    std::string accepted;
    web site([&](http::request& asked, http::response_writer& answer) {
        accepted = asked.headers().get_or("Accept-Encoding", "");
        const bool gzip = asked.path() == "/gzip";
        answer.headers().set("Content-Encoding", gzip ? "gzip" : "deflate");
        answer.write(pack(text, gzip ? packing::gzip : asked.path() == "/zlib" ? packing::zlib : packing::bare));
    });
    http::session session;
    for (const char* target : {"/gzip", "/zlib", "/bare"}) {
        auto answer = session.get(site.url(target));
        CHECK((answer.read_all() == text));
        CHECK(answer.travelled_bytes() < 1000);
        CHECK(accepted == "gzip, deflate");
    }
    CHECK(site.server.connection_count() == 1);
    CHECK(session.get(site.url("/gzip"), {.decompress = false}).read_all().size() < 1000);
    CHECK(accepted == "");
    CHECK(session.request("GET", site.url("/gzip"), {{"Accept-Encoding", "gzip"}}).read_all().size() < 1000);
    CHECK(accepted == "gzip");
    CHECK(session.head(site.url("/gzip")).read_all() == "");
}

TEST_CASE_FIXTURE(leak_check, "redirects are followed, recorded, and may be left alone") {
    std::vector<std::string> asked_for;
    web site([&](http::request& asked, http::response_writer& answer) {
        asked_for.push_back(asked.method() + " " + asked.target() + " " + asked.read_all());
        if (asked.path() == "/end") return answer.write("the end");
        answer.set_status(asked.path() == "/one" ? 307 : 303);
        answer.headers().set("Location", asked.path() == "/one" ? "two?x" : "/end");
    });
    http::session session;
    auto answer = session.post(site.url("/one#here"), "body", "text/plain");
    CHECK(answer.read_all() == "the end");
    CHECK(asked_for == std::vector<std::string>{"POST /one body", "POST /two?x body", "GET /end "});
    CHECK(answer.url().text() == site.url("/end#here"));
    REQUIRE(answer.hops().size() == 2);
    CHECK(answer.hops()[0].status == 307);
    CHECK(answer.hops()[0].from.text() == site.url("/one#here"));
    CHECK(answer.hops()[1].status == 303);
    CHECK(site.server.connection_count() == 1);
    CHECK(session.get(site.url("/one"), {.follow_redirects = false}).headers().get("Location") == "two?x");
    CHECK(error_of([&] { session.get(site.url("/one"), {.max_redirects = 1}); }) == errc::too_many_redirects);
    CHECK(session.get(site.url("/one"), {.max_redirects = 2}).status() == 200);
    CHECK(error_of([&] { session.request("POST", site.url("/one"), {}, http::body_source(in_pieces("x"))); }) ==
          errc::body_not_repeatable);
    CHECK(session.request("POST", site.url("/two"), {}, http::body_source(in_pieces("x"))).read_all() == "the end");
}

TEST_CASE_FIXTURE(leak_check, "headers of the request win over the session's, which win over the defaults") {
    http::headers seen;
    web site([&](http::request& asked, http::response_writer&) { seen = asked.headers(); });
    http::session session({.user_agent = "tester/1", .headers = {{"A", "1"}, {"B", "2"}}});
    session.request("GET", site.url(), {{"b", "3"}, {"Host", "other"}});
    CHECK(seen.begin()->name == "Host");
    CHECK(seen.get("Host") == "other");
    CHECK(seen.get("User-Agent") == "tester/1");
    CHECK(seen.get_all("A") == std::vector<std::string_view>{"1"});
    CHECK(seen.get_all("B") == std::vector<std::string_view>{"3"});
    CHECK(seen.get("Accept") == "*/*");
    session.request("GET", site.url(), {{"User-Agent", "x"}, {"Accept", "y"}});
    CHECK(seen.get("User-Agent") == "x");
    CHECK(seen.get("Accept") == "y");
    CHECK(seen.get("Host") == site.server.local_endpoint().to_string());
}

TEST_CASE_FIXTURE(leak_check, "what cannot be requested is refused before anything is sent") {
    http::session session;
    CHECK(error_of([&] { session.get("nonsense"); }) == errc::invalid_url);
    CHECK(error_of([&] { session.get("ftp://x/"); }) == errc::unsupported_scheme);
    CHECK(error_of([&] { session.get("https://localhost/"); }) == errc::no_tls);
    CHECK(error_of([&] { session.request("GE T", "http://localhost/"); }) == errc::invalid_request);
    CHECK_THROWS_AS(session.request("GET", "http://localhost/", {{"A", "b\r\nc"}}), std::invalid_argument);
}

TEST_CASE_FIXTURE(leak_check, "a connector of one's own decides where the bytes go") {
    web site([](http::request& asked, http::response_writer& answer) {
        answer.write(asked.headers().get_or("Host", ""));
    });
    std::vector<std::string> asked_for;
    const auto connect = [&](const std::string& host, std::uint16_t port,
                             green::time_point) -> std::unique_ptr<green::byte_stream> {
        asked_for.push_back(host + " " + std::to_string(port));
        return std::make_unique<green::tcp_stream>(green::connect(site.server.local_endpoint()));
    };
    http::session session({.connect = connect, .connect_tls = connect});
    CHECK(session.get("http://nowhere.example:81/").read_all() == "nowhere.example:81");
    CHECK(session.get("https://secure.example/").read_all() == "secure.example");
    CHECK(asked_for == std::vector<std::string>{"nowhere.example 81", "secure.example 443"});
    CHECK(session.idle_count() == 2);

    http::session late(
        {.connect = [](const std::string&, std::uint16_t, green::time_point) -> std::unique_ptr<green::byte_stream> {
            throw std::system_error(std::make_error_code(std::errc::timed_out));
        }});
    CHECK(error_of([&] { late.get("http://x/"); }) == errc::timed_out_connecting);
}

TEST_CASE_FIXTURE(leak_check, "a response may outlive its session, be moved, closed and dropped half read") {
    web site([](http::request&, http::response_writer& answer) { answer.write(std::string(1'000'000, 'x')); });
    auto session = std::make_unique<http::session>();
    http::response first = session->get(site.url());
    http::response second = session->get(site.url());
    http::response third = session->get(site.url());
    session.reset();
    CHECK(first.read_all().size() == 1'000'000);
    std::array<std::byte, 10> some;
    CHECK(second.read_some(some) == 10);
    third.close();
    CHECK(error_of([&] { third.read_all(); }) == std::errc::bad_file_descriptor);
    second = std::move(first);
    CHECK(second.read_all() == "");
}

TEST_CASE_FIXTURE(leak_check, "an answer before the whole request was sent is taken, and the connection not kept") {
    raw_server server([](green::byte_stream& peer) {
        read_request_head(peer);
        green::write_all(peer, "HTTP/1.1 413 Too Much\r\nContent-Length: 3\r\n\r\nno!");
        peer.shutdown_write();
        std::array<std::byte, 65536> scrap;
        for (int i = 0; i < 10; ++i) peer.read_some(scrap);
    });
    http::session session;
    const std::string much(20'000'000, 'x');
    auto answer = session.request("PUT", server.url(), {}, much);
    CHECK(answer.status() == 413);
}

TEST_CASE_FIXTURE(leak_check, "what throws inside a body's function reaches the caller and closes the connection") {
    web site(echo);
    http::session session;
    auto failing = [](std::span<std::byte>) -> std::size_t { throw std::runtime_error("disk on fire"); };
    CHECK_THROWS_WITH_AS(session.request("PUT", site.url(), {}, http::body_source(failing)), "disk on fire",
                         std::runtime_error);
    CHECK(session.idle_count() == 0);
}

TEST_CASE_FIXTURE(leak_check, "read_all takes a body that just fits its limit") {
    web site([](http::request&, http::response_writer& answer) { answer.write(std::string(10'000, 'x')); });
    http::session session;
    CHECK(session.get(site.url()).read_all(10'000).size() == 10'000);
    std::error_code error;
    CHECK(session.get(site.url()).read_all(9'999, error).empty());
    CHECK(error == errc::body_too_large);
    CHECK(session.get(site.url(), {.body_limit_bytes = 10'000}).read_all().size() == 10'000);
    CHECK(error_of([&] { session.get(site.url(), {.body_limit_bytes = 9'999}).read_all(); }) == errc::body_too_large);
}

TEST_CASE_FIXTURE(virtual_time, "hosts are found by the session's resolver, and its errors are told apart") {
    dns_sample::dns_server names;
    names.add("www.example", green::ip_address::loopback_v4());
    names.set_behaviour("silent.example", dns_sample::behaviour::silent);
    {
        green::dns::resolver resolver({.servers = {names.where()}, .hosts_path = "", .resolv_conf_path = ""});
        web site([](http::request& asked, http::response_writer& answer) {
            answer.write(asked.headers().get_or("Host", ""));
        });
        http::session session({.resolver = &resolver});
        const std::string port = ":" + std::to_string(site.server.local_endpoint().port);
        CHECK(session.get("http://www.example" + port + "/").read_all() == "www.example" + port);
        CHECK(error_of([&] { session.get("http://unknown.example/"); }) == green::dns::errc::no_name);
        const auto before = clock.elapsed();
        CHECK(error_of([&] { session.get("http://silent.example/", {.timeout = 3s}); }) ==
              green::dns::errc::timed_out);
        CHECK(clock.elapsed() - before < 4s);
    }
    names.stop();
}

TEST_CASE_FIXTURE(leak_check, "a host too long and a lack of descriptors are errors that name the URL") {
    web site([](http::request&, http::response_writer& answer) { answer.write("fine"); });
    http::session session;
    const std::string too_long = "http://" + std::string(254, 'a') + "/";
    CHECK(error_of([&] { session.get(too_long); }) == green::dns::errc::no_name);
    CHECK(what_of([&] { session.get(too_long); }).find("longer than 253 bytes") != std::string::npos);
    {
        no_descriptors_left limit;
        CHECK(error_of([&] { session.get(site.url()); }) == std::errc::too_many_files_open);
        CHECK(what_of([&] { session.get(site.url()); }).find(site.url()) != std::string::npos);
    }
    CHECK(session.get(site.url()).read_all() == "fine");
}
