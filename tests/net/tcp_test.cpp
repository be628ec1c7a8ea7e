// SPDX-License-Identifier: BSL-1.0
#include <doctest/doctest.h>

#include <support/error_of.h>
#include <support/fixture.h>
#include <support/limits.h>
#include <support/tcp_pair.h>
#include <support/waits.h>

#include <array>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <sys/socket.h>

#include <green/sync/timeout.h>

using namespace support;
using namespace std::chrono_literals;
using green::endpoint;
using green::ip_address;
using green::tcp_listener;
using green::tcp_stream;

TEST_CASE_FIXTURE(support::leak_check, "bytes written at one end are read at the other, in both directions") {
    tcp_pair pair;
    green::write_all(pair.near, "ping");
    CHECK(read_text(pair.far) == "ping");
    green::write_all(pair.far, "pong");
    CHECK(read_text(pair.near) == "pong");
}

TEST_CASE_FIXTURE(support::leak_check, "accepted and connected sockets are non-blocking and closed on exec") {
    tcp_pair pair;
    for (int fd : {pair.near.fd(), pair.far.fd(), pair.listener.fd()}) {
        CHECK((::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
        CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    }
}

// By a library to which it was given, say.
TEST_CASE_FIXTURE(support::leak_check, "connections under numbers that were closed without a word work") {
    std::array<int, 2> closed;
    {
        tcp_pair pair;
        auto readers = {green::spawn([&] { read_text(pair.near); }), green::spawn([&] { read_text(pair.far); })};
        green::yield();
        for (auto& each : readers) each.kill();
        closed = {pair.near.release(), pair.far.release()};
        for (int fd : closed) ::close(fd);
        tcp_stream near = green::connect(pair.listener.local_endpoint());
        tcp_stream far = pair.listener.accept();
        CHECK(std::array{near.fd(), far.fd()} == closed);
        for (auto [from, to] : {std::pair(&near, &far), std::pair(&far, &near)}) {
            auto reader = green::spawn([&] { return read_text(*to); });
            green::yield();
            green::write_all(*from, "x");
            CHECK(reader.join_for(10s));
        }
    }
}

TEST_CASE_FIXTURE(support::leak_check, "both ends know their endpoints") {
    tcp_pair pair;
    CHECK(pair.near.remote_endpoint() == pair.listener.local_endpoint());
    CHECK(pair.far.remote_endpoint() == pair.near.local_endpoint());
    CHECK(pair.near.describe() == "tcp " + pair.listener.local_endpoint().to_string());
    pair.near.close();
    CHECK(error_of([&] { (void)pair.near.local_endpoint(); }) == std::errc::bad_file_descriptor);
    CHECK(pair.near.describe() == "tcp connection (closed)");
}

TEST_CASE_FIXTURE(support::leak_check, "IPv6 connections work like IPv4 ones") {
    tcp_listener listener({ip_address::loopback_v6(), 0});
    tcp_stream near = green::connect(listener.local_endpoint());
    tcp_stream far = listener.accept();
    CHECK(far.remote_endpoint() == near.local_endpoint());
    CHECK(near.describe().starts_with("tcp [::1]:"));
}

TEST_CASE_FIXTURE(support::leak_check, "a connection is full duplex: one fiber reads while another writes") {
    tcp_pair pair;
    constexpr std::size_t size_bytes = 4 << 20;  // more than the kernel buffers
    auto send = [](tcp_stream& to) { green::write_all(to, std::vector<std::byte>(size_bytes)); };
    auto receive = [](tcp_stream& from) {
        std::vector<std::byte> all(size_bytes);
        green::read_exactly(from, all);
    };
    auto a = green::spawn([&] { send(pair.near); });
    auto b = green::spawn([&] { send(pair.far); });
    auto c = green::spawn([&] { receive(pair.near); });
    auto d = green::spawn([&] { receive(pair.far); });
    for (auto* each : {&a, &b, &c, &d}) each->get();
}

TEST_CASE_FIXTURE(support::leak_check, "a second reader is refused and the first goes on") {
    tcp_pair pair;
    auto first = green::spawn([&] { return read_text(pair.near); });
    green::yield();
    CHECK(error_of([&] { read_text(pair.near); }) == std::errc::device_or_resource_busy);
    green::write_all(pair.far, "for the first");
    CHECK(first.get() == "for the first");
}

TEST_CASE_FIXTURE(support::leak_check, "a second writer is refused and the first goes on") {
    tcp_pair pair;
    constexpr std::size_t size_bytes = 16 << 20;
    auto first = green::spawn([&] { green::write_all(pair.near, std::vector<std::byte>(size_bytes)); });
    green::sleep(10ms);
    CHECK(error_of([&] { green::write_all(pair.near, "x"); }) == std::errc::device_or_resource_busy);
    std::vector<std::byte> all(size_bytes);
    green::read_exactly(pair.far, all);
    first.get();
}

TEST_CASE_FIXTURE(support::leak_check, "a second accepter is refused and the first goes on") {
    tcp_listener listener(any_port());
    auto first = green::spawn([&] { return listener.accept().is_open(); });
    green::yield();
    CHECK(error_of([&] { listener.accept(); }) == std::errc::device_or_resource_busy);
    tcp_stream near = green::connect(listener.local_endpoint());
    CHECK(first.get());
}

TEST_CASE_FIXTURE(support::leak_check, "closing by another fiber wakes reader, writer and accepter") {
    tcp_pair pair;
    auto reader = green::spawn([&] { return error_of([&] { read_text(pair.near); }); });
    auto writer = green::spawn([&] {
        return error_of([&] { green::write_all(pair.near, std::vector<std::byte>(64 << 20)); });
    });
    auto accepter = green::spawn([&] { return error_of([&] { pair.listener.accept(); }); });
    green::sleep(10ms);
    pair.near.close();
    pair.listener.close();
    CHECK(reader.get() == std::errc::bad_file_descriptor);
    CHECK(writer.get() == std::errc::bad_file_descriptor);
    CHECK(accepter.get() == std::errc::bad_file_descriptor);
    CHECK(error_of([&] { read_text(pair.near); }) == std::errc::bad_file_descriptor);
}

TEST_CASE_FIXTURE(support::leak_check, "closing on another thread wakes the reader") {
    tcp_pair pair;
    auto reader = green::spawn([&] { return error_of([&] { read_text(pair.near); }); });
    green::sleep(10ms);
    std::thread([&] { pair.near.close(); }).join();
    CHECK(reader.get() == std::errc::bad_file_descriptor);
}

TEST_CASE_FIXTURE(support::leak_check, "a reused descriptor number never shows its data to an old waiter") {
    tcp_pair old;
    tcp_listener listener(any_port());
    tcp_stream next_near;
    const int number = old.near.fd();
    auto reader = green::spawn([&] { return error_of([&] { read_text(old.near); }); });
    green::sleep(5ms);
    old.near.close();
    next_near = green::connect(listener.local_endpoint());
    REQUIRE(next_near.fd() == number);
    tcp_stream next_far = listener.accept();
    green::write_all(next_far, "new data");
    CHECK(reader.get() == std::errc::bad_file_descriptor);
    CHECK(read_text(next_near) == "new data");
}

TEST_CASE_FIXTURE(support::leak_check, "data of an old connection never reaches the next one under its number") {
    tcp_pair old;
    auto reader = green::spawn([&] { read_text(old.near); });  // registers the number
    green::sleep(5ms);
    green::write_all(old.far, "stale");  // an event for the old one is on its way
    const int number = old.near.fd();
    old.near.close();
    tcp_listener listener(any_port());
    REQUIRE(listener.fd() == number);
    std::error_code error;
    listener.accept(error, green::hub::current().deadline_after(20ms));
    CHECK(error == std::errc::timed_out);
    CHECK(reader.error() != nullptr);
}

TEST_CASE_FIXTURE(support::leak_check, "shutting down one half leaves the other") {
    tcp_pair pair;
    pair.near.shutdown_write();
    CHECK(read_text(pair.far).empty());
    CHECK(read_text(pair.far).empty());
    green::write_all(pair.far, "still here");
    CHECK(read_text(pair.near) == "still here");
    CHECK(error_of([&] { green::write_all(pair.near, "x"); }) == std::errc::broken_pipe);
}

TEST_CASE_FIXTURE(support::leak_check, "shutting down the incoming half wakes the reader with the end of the stream") {
    tcp_pair pair;
    auto reader = green::spawn([&] { return read_text(pair.near); });
    green::sleep(5ms);
    pair.near.shutdown_read();
    CHECK(reader.get().empty());
    CHECK(read_text(pair.near).empty());
    CHECK(error_of([] { tcp_stream().shutdown_read(); }) == std::errc::bad_file_descriptor);
}

TEST_CASE_FIXTURE(support::leak_check, "what was sent before the end of the stream is read before it") {
    tcp_pair pair;
    green::write_all(pair.far, "last words");
    pair.far.close();
    green::sleep(5ms);
    CHECK(read_text(pair.near, 4) == "last");
    CHECK(read_text(pair.near) == " words");
    CHECK(read_text(pair.near).empty());
}

TEST_CASE_FIXTURE(support::leak_check, "a reset by the peer is an error that names the connection") {
    tcp_pair pair;
    pair.far.set_options({.reset_on_close = true});
    auto reader = green::spawn([&] { return error_of([&] { read_text(pair.near); }); });
    green::sleep(5ms);
    pair.far.close();
    CHECK(reader.get() == std::errc::connection_reset);
}

TEST_CASE_FIXTURE(support::leak_check, "writing to a peer that has gone is an error, not a signal") {
    tcp_pair pair;
    pair.far.close();
    auto write_until_it_fails = [&] {
        for (;;) green::write_all(pair.near, "x");
    };
    const auto error = error_of(write_until_it_fails);
    CHECK((error == std::errc::broken_pipe || error == std::errc::connection_reset));
}

TEST_CASE_FIXTURE(support::leak_check, "a read ends at its deadline, with nothing read, and the stream stays good") {
    tcp_pair pair;
    pair.near.expires_after(20ms);
    const auto start = green::clock::now();
    CHECK(error_of([&] { read_text(pair.near); }) == std::errc::timed_out);
    CHECK(green::clock::now() - start >= 20ms);
    CHECK(green::clock::now() - start < 2s);
    pair.near.set_deadline(green::never);
    green::write_all(pair.far, "late");
    CHECK(read_text(pair.near) == "late");
}

TEST_CASE_FIXTURE(support::leak_check, "a deadline is for all reads together, however busy the peer is") {
    tcp_pair pair;
    auto flood = green::spawn([&] {
        std::error_code error;
        std::vector<std::byte> block(1 << 16);
        while (!error) pair.far.write_some(block, error);
    });
    pair.near.expires_after(30ms);
    const auto start = green::clock::now();
    const auto error = error_of([&] {
        for (;;) read_text(pair.near);
    });
    CHECK(error == std::errc::timed_out);
    CHECK(green::clock::now() - start < 2s);
    flood.kill();
}

TEST_CASE_FIXTURE(support::leak_check,
                  "an enclosing timeout ends reads, however busy the peer is, and outlives inner deadlines") {
    tcp_pair pair;
    auto flood = green::spawn([&] {
        std::error_code error;
        std::vector<std::byte> block(1 << 16);
        while (!error) pair.far.write_some(block, error);
    });
    const auto start = green::clock::now();
    CHECK(!green::with_timeout(30ms, [&] {
        pair.near.expires_after(1h);
        for (;;) read_text(pair.near);
    }));
    CHECK(green::clock::now() - start < 5s);
    flood.kill();
    CHECK(!green::with_timeout(20ms, [&] {
        std::error_code error;
        for (;;) {  // each inner wait times out; the outer one is not taken for it
            std::array<std::byte, 4096> buffer;
            pair.near.expires_after(5ms);
            while (!error) pair.near.read_some(buffer, error);
            error.clear();
        }
    }));
}

TEST_CASE_FIXTURE(support::leak_check, "writing everything obeys one deadline") {
    tcp_pair pair;
    const std::vector<std::byte> data(16 << 20);
    pair.near.expires_after(50ms);
    auto drip = green::spawn([&] {  // the peer reads a little, now and then
        for (;;) {
            read_text(pair.far, 16384);
            green::sleep(5ms);
        }
    });
    std::error_code error;
    const auto start = green::clock::now();
    const std::size_t written = green::write_all(pair.near, data, error);
    CHECK(error == std::errc::timed_out);
    CHECK(written > 0);
    CHECK(written < data.size());
    CHECK(green::clock::now() - start < 2s);
    drip.kill();
}

TEST_CASE_FIXTURE(support::leak_check, "a reader that is killed has lost no bytes") {
    tcp_pair pair;
    auto reader = green::spawn([&] { read_text(pair.near); });
    green::yield();
    reader.kill();
    CHECK(reader.was_killed());
    green::write_all(pair.far, "kept");
    CHECK(read_text(pair.near) == "kept");
}

TEST_CASE_FIXTURE(support::leak_check, "several pieces are written as one, however many there are") {
    tcp_pair pair;
    std::string words = "gathered";
    std::vector<std::span<const std::byte>> parts;
    for (int i = 0; i < 100; ++i) {
        parts.push_back({});
        parts.push_back(bytes(words).subspan(static_cast<std::size_t>(i) % words.size(), 1));
    }
    const std::size_t written = pair.near.write_some(parts);
    CHECK(written == 32);  // 64 pieces at a time, every other one empty
    CHECK(read_text(pair.far) == "gatheredgatheredgatheredgathered");
    CHECK(pair.near.write_some(green::data_parts{}) == 0);
}

TEST_CASE_FIXTURE(support::leak_check,
                  "options are set and read back, and accepted sockets inherit those of the listener") {
    tcp_listener listener(any_port(), {.accepted = {.no_delay = true,
                                                    .keep_alive = true,
                                                    .keep_alive_idle_seconds = 77,
                                                    .keep_alive_interval_seconds = 7,
                                                    .keep_alive_probe_count = 3,
                                                    .send_buffer_bytes = 20000,
                                                    .receive_buffer_bytes = 30000,
                                                    .reset_on_close = true}});
    tcp_stream near = green::connect(listener.local_endpoint(), {.tcp = {.no_delay = false}});
    const green::tcp_options far = listener.accept().options();
    CHECK(far.no_delay == true);
    CHECK(far.keep_alive == true);
    CHECK(far.keep_alive_idle_seconds == 77);
    CHECK(far.keep_alive_interval_seconds == 7);
    CHECK(far.keep_alive_probe_count == 3);
    CHECK(far.send_buffer_bytes == 40000);
    CHECK(far.receive_buffer_bytes == 60000);
    CHECK(far.reset_on_close == true);
    CHECK(near.options().no_delay == false);
    CHECK(near.options().keep_alive == false);
    near.set_options({.no_delay = true});
    CHECK(near.options().no_delay == true);
    CHECK(error_of([] { tcp_stream().set_options({.no_delay = true}); }) == std::errc::bad_file_descriptor);
}

TEST_CASE_FIXTURE(support::leak_check, "a taken port is refused by an error that names the endpoint") {
    tcp_listener listener(any_port());
    try {
        tcp_listener second(listener.local_endpoint());
        FAIL("the port was given out twice");
    } catch (const std::system_error& e) {
        CHECK(e.code() == std::errc::address_in_use);
        CHECK(std::string(e.what()).find(listener.local_endpoint().to_string()) != std::string::npos);
    }
}

TEST_CASE_FIXTURE(support::leak_check, "listeners with reuse_port share a port") {
    tcp_listener first(any_port(), {.reuse_port = true});
    tcp_listener second(first.local_endpoint(), {.reuse_port = true});
    CHECK(second.local_endpoint() == first.local_endpoint());
}

TEST_CASE_FIXTURE(support::leak_check, "a listener on [::] takes IPv4 connections unless told otherwise") {
    tcp_listener both({ip_address::any_v6(), 0});
    tcp_stream near = green::connect({ip_address::loopback_v4(), both.local_endpoint().port});
    CHECK(both.accept().is_open());
    tcp_listener six({ip_address::any_v6(), 0}, {.v6_only = true});
    CHECK(error_of([&] { green::connect({ip_address::loopback_v4(), six.local_endpoint().port}); }) ==
          std::errc::connection_refused);
}

TEST_CASE_FIXTURE(support::leak_check, "accepting ends at its deadline") {
    tcp_listener listener(any_port());
    CHECK(error_of([&] { listener.accept(green::hub::current().deadline_after(10ms)); }) == std::errc::timed_out);
}

TEST_CASE_FIXTURE(support::leak_check,
                  "connections that were reset while they waited are accepted or passed over, never an error") {
    tcp_listener listener(any_port());
    for (int i = 0; i < 20; ++i) {
        tcp_stream near = green::connect(listener.local_endpoint(), {.tcp = {.reset_on_close = true}});
        near.close();
    }
    tcp_stream last = green::connect(listener.local_endpoint());
    for (;;) {
        tcp_stream accepted = listener.accept();
        std::error_code error;
        std::array<std::byte, 1> byte;
        accepted.set_deadline(green::hub::current().deadline_after(1ms));
        accepted.read_some(byte, error);
        if (error == std::errc::timed_out) break;  // the living one
    }
}

TEST_CASE_FIXTURE(support::leak_check, "a moved-from stream is closed and an assigned one closes what it had") {
    tcp_pair pair;
    tcp_stream moved = std::move(pair.near);
    CHECK(!pair.near.is_open());
    moved = std::move(pair.far);
    CHECK(moved.is_open());
    CHECK(read_text(moved).empty());
}

TEST_CASE_FIXTURE(support::leak_check, "reading, writing and accepting what is there do not wait") {
    tcp_pair pair;
    green::write_all(pair.far, "there");
    tcp_stream next = green::connect(pair.listener.local_endpoint());
    green::sleep(5ms);
    bool other_ran = false;
    auto other = green::spawn([&] { other_ran = true; });
    CHECK(read_text(pair.near) == "there");
    green::write_all(pair.near, "answer");
    CHECK(pair.listener.accept().is_open());
    CHECK(!other_ran);
    other.join();
}

TEST_CASE_FIXTURE(support::leak_check,
                  "a fiber killed with an error of I/O for the reason dies by it: no call returns with it") {
    tcp_pair pair;
    bool returned = false;
    auto reader = green::spawn([&] {
        std::error_code error;
        std::array<std::byte, 1> byte;
        pair.near.read_some(byte, error);
        returned = true;
    });
    green::yield();
    reader.kill(std::make_exception_ptr(std::system_error(std::make_error_code(std::errc::timed_out), "the reason")));
    CHECK(!returned);
    CHECK(what_of([&] { reader.get(); }).starts_with("the reason"));
}

TEST_CASE_FIXTURE(support::leak_check, "an accepter that is killed loses no connection") {
    tcp_listener listener(any_port());
    auto accepter = green::spawn([&] { listener.accept(); });
    green::yield();
    accepter.kill();
    tcp_stream near = green::connect(listener.local_endpoint());
    CHECK(listener.accept().remote_endpoint() == near.local_endpoint());
}

TEST_CASE_FIXTURE(support::leak_check, "an enclosing timeout ends writes, however fast the peer reads") {
    tcp_pair pair;
    auto drain = green::spawn([&] {
        for (;;) read_text(pair.far, 1 << 16);
    });
    const auto start = green::clock::now();
    CHECK(!green::with_timeout(30ms, [&] {
        const std::vector<std::byte> block(1 << 14);
        for (;;) green::write_all(pair.near, block);
    }));
    CHECK(green::clock::now() - start < 5s);
    drain.kill();
}

TEST_CASE_FIXTURE(support::leak_check,
                  "without a descriptor to spare every way to a socket says so, and no connection is lost") {
    tcp_listener listener(any_port());
    tcp_stream waiting = green::connect(listener.local_endpoint());
    {
        no_descriptors_left limit;
        CHECK(error_of([&] { listener.accept(); }) == std::errc::too_many_files_open);
        CHECK(error_of([&] { green::connect(listener.local_endpoint()); }) == std::errc::too_many_files_open);
        CHECK(error_of([] { tcp_listener another(any_port()); }) == std::errc::too_many_files_open);
        CHECK(error_of([] { green::udp_socket another(any_port()); }) == std::errc::too_many_files_open);
        green::sleep(1ms);  // what needs no descriptor goes on
    }
    CHECK(listener.accept().remote_endpoint() == waiting.local_endpoint());
}

namespace {

// Sockets on which every call could go on at once.
struct ready_sockets {
    tcp_pair pair;
    tcp_stream waiting = green::connect(pair.listener.local_endpoint());
    green::udp_socket from{any_port()}, to{any_port()};

    ready_sockets() {
        green::write_all(pair.far, "data");
        from.send(bytes("datagram"), to.local_endpoint());
        green::sleep(5ms);
    }

    std::vector<blocking_call> calls() {
        return {
            {"reading", [this] { read_text(pair.near); }},
            {"writing", [this] { green::write_all(pair.near, "x"); }},
            {"writing parts", [this] { pair.near.write_some(std::array{bytes("x"), bytes("y")}); }},
            {"accept", [this] { pair.listener.accept(); }},
            {"connect", [this] { green::connect(pair.listener.local_endpoint()); }},
            {"wait_readable", [this] { green::wait_readable(pair.near.fd()); }},
            {"wait_writable", [this] { green::wait_writable(pair.near.fd()); }},
            {"receiving", [this] {
                 std::array<std::byte, 100> buffer;
                 to.receive(buffer);
             }},
            {"sending", [this] { from.send(bytes("x"), to.local_endpoint()); }},
        };
    }

    // Everything is where it was, and nothing else came.
    bool untouched() {
        std::array<std::byte, 100> buffer;
        auto soon = [] { return green::hub::current().deadline_after(5ms); };
        bool good = read_text(pair.near) == "data";
        good &= pair.listener.accept().remote_endpoint() == waiting.local_endpoint();
        good &= error_of([&] { pair.listener.accept(soon()); }) == std::errc::timed_out;
        good &= to.receive(buffer).size_bytes == 8;
        good &= error_of([&] { to.receive(buffer, soon()); }) == std::errc::timed_out;
        pair.far.set_deadline(soon());
        return good && error_of([&] { read_text(pair.far); }) == std::errc::timed_out;
    }
};

}  // namespace

TEST_CASE_FIXTURE(support::leak_check,
                  "in a cancelled scope every call on a socket fails, also for what is there, and transfers nothing") {
    ready_sockets sockets;
    for (const auto& each : sockets.calls()) {
        CAPTURE(each.name);
        CHECK(!green::with_cancel_scope([&](green::cancel_scope& scope) {
            scope.cancel();
            each.call();
        }));
    }
    CHECK(sockets.untouched());
}

TEST_CASE_FIXTURE(support::leak_check, "no call on a socket that may wait is possible in a hub callback") {
    ready_sockets sockets;
    std::string allowed;
    green::hub::current().call_soon([&] {
        for (const auto& each : sockets.calls()) {
            const std::string refused = what_of(each.call);
            if (refused.find("hub callback") == std::string::npos) allowed += each.name + ": " + refused + '\n';
        }
    });
    green::sleep(1ms);
    CHECK(allowed == "");
    CHECK(sockets.untouched());
}

TEST_CASE_FIXTURE(support::leak_check, "a closed socket that is asked for its endpoints says that it is closed") {
    tcp_pair pair;
    pair.near.close();
    CHECK(what_of([&] { pair.near.local_endpoint(); }).find("(closed)") != std::string::npos);
    CHECK(what_of([&] { pair.near.remote_endpoint(); }).find("(closed)") != std::string::npos);
    CHECK(error_of([&] { pair.near.local_endpoint(); }) == std::errc::bad_file_descriptor);
}

TEST_CASE_FIXTURE(support::leak_check, "what comes behind urgent data is not waited for") {
    tcp_pair pair;
    pair.near.set_read_deadline(green::clock::now() + 10s);
    std::array<std::byte, 100> buffer;
    auto reader = green::spawn([&] { return pair.near.read_some(buffer); });
    green::yield();  // it waits: the socket is registered
    const int far = pair.far.fd();
    REQUIRE(send(far, "abc", 3, 0) == 3);
    REQUIRE(send(far, "!", 1, MSG_OOB) == 1);
    REQUIRE(send(far, "def", 3, 0) == 3);
    CHECK(reader.get() == 3);
    CHECK(pair.near.read_some(buffer) == 3);
    CHECK(std::memcmp(buffer.data(), "def", 3) == 0);
}
