// SPDX-License-Identifier: BSL-1.0
#include <doctest/doctest.h>

#include <support/build_variant.h>
#include <support/child.h>
#include <support/error_of.h>
#include <support/fixture.h>
#include <support/limits.h>
#include <support/tcp_pair.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <thread>

#include <sys/resource.h>
#include <sys/socket.h>

using namespace support;
using namespace std::chrono_literals;
using green::server;
using green::tcp_stream;

namespace {

void echo(tcp_stream& peer) {
    green::copy(peer, peer);
}

std::string ask(tcp_stream& peer, std::string_view text) {
    green::write_all(peer, text);
    return read_text(peer);
}

// Whether the peer has answered within a moment.
bool answers_soon(tcp_stream& peer, green::duration moment = 20ms) {
    std::error_code error;
    std::array<std::byte, 1> byte;
    peer.expires_after(moment);
    peer.read_some(byte, error);
    peer.set_deadline(green::never);
    return !error;
}

void wait_until(auto&& condition) {
    while (!condition()) green::sleep(1ms);
}

green::duration processor_time() {
    rusage used;
    ::getrusage(RUSAGE_THREAD, &used);
    auto as_duration = [](const timeval& t) {
        return std::chrono::seconds(t.tv_sec) + std::chrono::microseconds(t.tv_usec);
    };
    return as_duration(used.ru_utime) + as_duration(used.ru_stime);
}

}  // namespace

TEST_CASE_FIXTURE(leak_check, "every connection is served in a fiber of its own") {
    server echoing(any_port(), echo);
    std::vector<tcp_stream> peers;
    for (int i = 0; i < 10; ++i) peers.push_back(green::connect(echoing.local_endpoint()));
    for (auto& each : peers) CHECK(ask(each, "hello") == "hello");
    CHECK(echoing.connection_count() == 10);
    peers.clear();
    wait_until([&] { return echoing.connection_count() == 0; });
    echoing.stop();
}

TEST_CASE_FIXTURE(leak_check, "a handler that throws ends its own connection only, and is reported") {
    std::vector<std::string> reported;
    server fragile(
        any_port(),
        [](tcp_stream& peer) {
            const std::string text = read_text(peer);
            if (text == "fail") throw std::runtime_error("on purpose");
            if (text == "odd") throw 42;
            green::write_all(peer, text);
        },
        {.report = [&](std::exception_ptr error) {
            reported.push_back(what_of([&] {
                try {
                    std::rethrow_exception(error);
                } catch (int) {
                    throw std::runtime_error("an int");
                }
            }));
        }});
    for (const char* text : {"fail", "odd", "fine"}) {
        tcp_stream peer = green::connect(fragile.local_endpoint());
        CHECK(ask(peer, text) == (std::string(text) == "fine" ? "fine" : ""));
    }
    CHECK(reported == std::vector<std::string>{"on purpose", "an int"});
    fragile.stop();
}

TEST_CASE_FIXTURE(leak_check, "a reporter that throws does not stop the server") {
    server fragile(
        any_port(), [](tcp_stream&) { throw std::system_error(std::make_error_code(std::errc::connection_reset)); },
        {.report = [](std::exception_ptr) { throw std::system_error(std::make_error_code(std::errc::broken_pipe)); }});
    for (int i = 0; i < 2; ++i) {
        tcp_stream peer = green::connect(fragile.local_endpoint());
        CHECK(read_text(peer).empty());
    }
    fragile.stop();
}

TEST_CASE_FIXTURE(leak_check, "a client that resets its connection does not stop the server") {
    server echoing(any_port(), echo);
    for (int i = 0; i < 5; ++i) {
        tcp_stream rude = green::connect(echoing.local_endpoint(), {.tcp = {.reset_on_close = true}});
        if (i % 2) ask(rude, "x");
    }
    tcp_stream polite = green::connect(echoing.local_endpoint());
    CHECK(ask(polite, "still there?") == "still there?");
    polite.close();
    echoing.stop(1s);
}

TEST_CASE_FIXTURE(leak_check, "a full server stops accepting and resumes") {
    server small(any_port(), echo, {.max_connections = 2});
    tcp_stream a = green::connect(small.local_endpoint()), b = green::connect(small.local_endpoint());
    CHECK(ask(a, "a") == "a");
    CHECK(ask(b, "b") == "b");
    tcp_stream c = green::connect(small.local_endpoint());  // by the kernel
    green::write_all(c, "c");
    CHECK(!answers_soon(c));
    CHECK(small.connection_count() == 2);
    a.close();
    CHECK(read_text(c) == "c");
    CHECK(small.connection_count() == 2);
    small.stop();
}

TEST_CASE_FIXTURE(leak_check, "stopping closes the listener and waits for handlers within the grace") {
    bool finished = false;
    server slow(any_port(), [&](tcp_stream& peer) {
        read_text(peer);
        green::sleep(20ms);
        green::write_all(peer, "done");
        finished = true;
    });
    const green::endpoint where = slow.local_endpoint();
    tcp_stream peer = green::connect(where);
    green::write_all(peer, "go");
    wait_until([&] { return slow.connection_count() == 1; });
    slow.stop(10s);
    CHECK(finished);
    CHECK(slow.connection_count() == 0);
    CHECK(read_text(peer) == "done");
    CHECK(error_of([&] { green::connect(where); }) == std::errc::connection_refused);
    slow.stop();  // again: nothing happens
}

TEST_CASE_FIXTURE(leak_check, "handlers that outlast the grace are killed, and have ended when stop returns") {
    int cleaned_up = 0;
    server endless(any_port(), [&](tcp_stream& peer) {
        struct clean_up {
            int& count;
            ~clean_up() { ++count; }
        } at_the_end{cleaned_up};
        echo(peer);
    });
    tcp_stream a = green::connect(endless.local_endpoint()), b = green::connect(endless.local_endpoint());
    ask(a, "x");
    ask(b, "x");
    const auto start = green::clock::now();
    endless.stop(20ms);
    CHECK(green::clock::now() - start >= 20ms);
    CHECK(green::clock::now() - start < 5s);
    CHECK(cleaned_up == 2);
    CHECK(read_text(a).empty());
}

TEST_CASE_FIXTURE(leak_check, "connections whose fiber has not begun are closed by stop as well") {
    server endless(any_port(), echo);
    tcp_stream peer = green::connect(endless.local_endpoint());
    endless.stop();
    std::error_code error;
    std::array<std::byte, 1> byte;
    CHECK(peer.read_some(byte, error) == 0);
}

TEST_CASE_FIXTURE(leak_check, "a server that is destroyed lets go of everything soon") {
    tcp_stream peer;
    {
        server endless(any_port(), echo);
        peer = green::connect(endless.local_endpoint());
        CHECK(ask(peer, "x") == "x");
    }
    CHECK(read_text(peer).empty());
}

TEST_CASE_FIXTURE(leak_check, "a server that was never given the processor is destroyed cleanly") {
    server unused(any_port(), echo);
}

TEST_CASE_FIXTURE(leak_check, "a handler cannot stop its own server, and is told so") {
    std::error_code error;
    std::unique_ptr<server> own;
    own = std::make_unique<server>(any_port(), [&](tcp_stream&) { error = error_of([&] { own->stop(); }); });
    tcp_stream peer = green::connect(own->local_endpoint());
    CHECK(read_text(peer).empty());
    CHECK(error == std::errc::resource_deadlock_would_occur);
    own->stop();
}

TEST_CASE_FIXTURE(leak_check, "waiting for a server ends when it is stopped") {
    server echoing(any_port(), echo);
    auto waiting = green::spawn([&] { echoing.wait(); });
    green::sleep(2ms);
    CHECK(!waiting.ended());
    echoing.stop();
    waiting.join();
}

TEST_CASE_FIXTURE(leak_check, "hundreds of connections that arrive at once are all served") {
    server echoing(any_port(), echo);
    std::vector<green::fiber<bool>> clients;
    for (int i = 0; i < 300; ++i)
        clients.push_back(green::spawn([&] {
            tcp_stream peer = green::connect(echoing.local_endpoint());
            return ask(peer, "me") == "me";
        }));
    for (auto& each : clients) CHECK(each.get());
    echoing.stop(1s);
}

TEST_CASE_FIXTURE(leak_check, "a server without descriptors pauses instead of spinning, and then goes on") {
    server echoing(any_port(), echo);
    green::yield();
    tcp_stream early = green::connect(echoing.local_endpoint());
    CHECK(ask(early, "x") == "x");

    // A socket that connects once no descriptor is left.
    std::error_code error;
    auto late = green::detail::socket_fd::open(AF_INET, SOCK_STREAM, error);
    std::optional<no_descriptors_left> limit(std::in_place);
    const green::detail::socket_address where(echoing.local_endpoint());
    (void)::connect(late.get(), where.get(), where.size());

    tcp_stream late_stream(std::move(late));
    const auto before = processor_time();
    CHECK(!answers_soon(late_stream, 200ms));
    CHECK(processor_time() - before < 100ms);
    CHECK(ask(early, "served as ever") == "served as ever");

    limit.reset();
    const auto freed = green::clock::now();
    CHECK(ask(late_stream, "and me") == "and me");
    CHECK(green::clock::now() - freed < 3s);
    early.close();
    late_stream.close();
    echoing.stop(1s);
}

TEST_CASE_FIXTURE(leak_check, "one listener per thread shares the port and the work") {
    std::mutex lock;
    std::set<std::thread::id> seen;
    server spread(
        any_port(),
        [&](tcp_stream& peer) {
            {
                std::lock_guard guard(lock);
                seen.insert(std::this_thread::get_id());
            }
            echo(peer);
        },
        {.more_threads = 2});
    std::vector<tcp_stream> peers;
    for (int i = 0; i < 60; ++i) {
        peers.push_back(green::connect(spread.local_endpoint()));
        CHECK(ask(peers.back(), "x") == "x");
    }
    CHECK(seen.size() == 3);  // by chance fewer in one of 10^10 runs
    CHECK(spread.connection_count() == 60);
    spread.stop(10ms);
    CHECK(spread.connection_count() == 0);
    for (auto& each : peers) {
        std::error_code error;
        std::array<std::byte, 1> byte;
        CHECK(each.read_some(byte, error) == 0);
    }
}

TEST_CASE_FIXTURE(leak_check,
                  "a burst of connections is accepted many at a time, but not all before the first is served") {
    std::size_t accepted_before_the_first = 0;
    std::unique_ptr<server> own;
    own = std::make_unique<server>(any_port(), [&](tcp_stream&) {
        if (accepted_before_the_first == 0) accepted_before_the_first = own->connection_count();
    });
    green::yield();
    const green::detail::socket_address where(own->local_endpoint());
    std::vector<green::detail::socket_fd> burst;
    for (int i = 0; i < 250; ++i) {
        std::error_code error;
        burst.push_back(green::detail::socket_fd::open(AF_INET, SOCK_STREAM, error));
        (void)::connect(burst.back().get(), where.get(), where.size());  // the kernel does the rest
    }
    wait_until([&] { return accepted_before_the_first > 0; });
    CHECK(accepted_before_the_first > 20);
    CHECK(accepted_before_the_first <= 100);
    own->stop(10s);
}

TEST_CASE_FIXTURE(leak_check, "a server with an impossible stack size is refused") {
    for (std::size_t bytes : {std::size_t{0}, std::size_t{1} << 40})
        CHECK_THROWS_AS(server(any_port(), echo, {.stack_size_bytes = bytes}), std::invalid_argument);
}

SCENARIO_IN_CHILD(server_without_memory_for_stacks) {
    std::string reported;
    server echoing(any_port(), echo, {.stack_size_bytes = 64 << 20, .report = [&](std::exception_ptr error) {
                                          reported = what_of([&] { std::rethrow_exception(error); });
                                      }});
    green::yield();
    {
        support::no_memory_left limit;
        tcp_stream unlucky = green::connect(echoing.local_endpoint());
        std::puts(read_text(unlucky).empty() ? "closed" : "served");
    }
    std::puts(reported.find("no address space for stacks") != std::string::npos ? "reported" : reported.c_str());
    tcp_stream lucky = green::connect(echoing.local_endpoint());
    std::puts(ask(lucky, "served").c_str());
    lucky.close();
    echoing.stop(1s);
}

TEST_CASE("a server without memory for a connection's stack closes it, says so, and goes on" *
          doctest::skip(with_sanitizer)) {
    auto end = run_child("server_without_memory_for_stacks");
    CHECK(end.exit_status == 0);
    CHECK(end.output == "closed\nreported\nserved\n");
}

TEST_CASE_FIXTURE(leak_check,
                  "a server on several threads lets go of everything soon, though it was given time before") {
    for (const bool stopped_again : {true, false}) {
        std::vector<tcp_stream> peers;
        {
            server endless(any_port(), echo, {.more_threads = 2});
            for (int i = 0; i < 20; ++i) {
                peers.push_back(green::connect(endless.local_endpoint()));
                CHECK(ask(peers.back(), "x") == "x");
            }
            CHECK_FALSE(green::with_timeout(10ms, [&] { endless.stop(1h); }));
            if (stopped_again) endless.stop(1ms);
        }
        for (auto& each : peers) {
            std::error_code error;
            std::array<std::byte, 1> byte;
            CHECK(each.read_some(byte, error) == 0);
        }
    }
}

TEST_CASE_FIXTURE(leak_check, "a server on several threads that is destroyed lets go of everything soon") {
    std::vector<tcp_stream> peers;
    {
        server endless(any_port(), echo, {.more_threads = 2});
        for (int i = 0; i < 20; ++i) {
            peers.push_back(green::connect(endless.local_endpoint()));
            CHECK(ask(peers.back(), "x") == "x");
        }
    }
    for (auto& each : peers) {
        std::error_code error;
        std::array<std::byte, 1> byte;
        CHECK(each.read_some(byte, error) == 0);
    }
}

TEST_CASE_FIXTURE(leak_check, "a server without a handler is refused") {
    CHECK_THROWS_AS(server(any_port(), {}), std::invalid_argument);
}
