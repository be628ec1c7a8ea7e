// SPDX-License-Identifier: BSL-1.0
#include <doctest/doctest.h>

#include <support/error_of.h>
#include <support/fixture.h>
#include <support/tcp_pair.h>

#include <array>

using namespace support;
using namespace std::chrono_literals;
using green::udp_socket;

namespace {

std::string receive_text(udp_socket& socket) {
    std::array<std::byte, 2000> buffer;
    const auto received = socket.receive(buffer);
    return {reinterpret_cast<const char*>(buffer.data()), received.size_bytes};
}

}  // namespace

TEST_CASE_FIXTURE(leak_check, "datagrams keep their borders and tell where they come from") {
    udp_socket a(any_port()), b(any_port());
    a.send(bytes("one"), b.local_endpoint());
    a.send(bytes(""), b.local_endpoint());
    a.send(bytes("three"), b.local_endpoint());
    std::array<std::byte, 100> buffer;
    const auto first = b.receive(buffer);
    CHECK(first.size_bytes == 3);
    CHECK(first.from == a.local_endpoint());
    CHECK(receive_text(b).empty());
    CHECK(receive_text(b) == "three");
}

TEST_CASE_FIXTURE(leak_check, "receiving parks until a datagram comes, or the deadline passes") {
    udp_socket a(any_port()), b(any_port());
    auto receiver = green::spawn([&] { return receive_text(b); });
    green::sleep(5ms);
    a.send(bytes("late"), b.local_endpoint());
    CHECK(receiver.get() == "late");
    std::array<std::byte, 1> buffer;
    CHECK(error_of([&] { b.receive(buffer, green::hub::current().deadline_after(5ms)); }) == std::errc::timed_out);
}

TEST_CASE_FIXTURE(leak_check, "a connected socket sends to its peer and hears of its absence") {
    udp_socket peer(any_port()), near(any_port());
    near.connect(peer.local_endpoint());
    near.send(bytes("hello"));
    CHECK(receive_text(peer) == "hello");
    peer.close();
    near.send(bytes("anybody?"));
    CHECK(error_of([&] { receive_text(near); }) == std::errc::connection_refused);
}

TEST_CASE_FIXTURE(leak_check, "closing by another fiber wakes the receiver") {
    udp_socket socket(any_port());
    auto receiver = green::spawn([&] { return error_of([&] { receive_text(socket); }); });
    green::sleep(5ms);
    socket.close();
    CHECK(receiver.get() == std::errc::bad_file_descriptor);
}

TEST_CASE_FIXTURE(leak_check, "a datagram that is too large and a port that is taken are errors") {
    udp_socket socket(any_port());
    const std::vector<std::byte> large(70'000);
    CHECK(error_of([&] { socket.send(large, socket.local_endpoint()); }) == std::errc::message_size);
    CHECK(error_of([&] { udp_socket second(socket.local_endpoint()); }) == std::errc::address_in_use);
}

TEST_CASE_FIXTURE(leak_check, "a receiver that is killed has lost no datagram") {
    udp_socket a(any_port()), b(any_port());
    auto receiver = green::spawn([&] { receive_text(b); });
    green::yield();
    receiver.kill();
    a.send(bytes("kept"), b.local_endpoint());
    CHECK(receive_text(b) == "kept");
}

TEST_CASE_FIXTURE(leak_check, "a second receiver is refused and the first goes on") {
    udp_socket a(any_port()), b(any_port());
    auto first = green::spawn([&] { return receive_text(b); });
    green::yield();
    CHECK(error_of([&] { receive_text(b); }) == std::errc::device_or_resource_busy);
    a.send(bytes("for the first"), b.local_endpoint());
    CHECK(first.get() == "for the first");
}
