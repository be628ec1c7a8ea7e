// SPDX-License-Identifier: BSL-1.0
#include <doctest/doctest.h>

#include <support/error_of.h>
#include <support/fixture.h>
#include <support/tcp_pair.h>

#include <dns_server/dns_server.h>
#include <green/sync/timeout.h>

#include <vector>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace support;
using namespace std::chrono_literals;
using green::endpoint;
using green::ip_address;
using green::tcp_listener;
using green::tcp_stream;

namespace {

// An endpoint that answers no SYN: a listener whose queue is full. Linux drops the SYNs beyond it.
class silent_endpoint {
  public:
    explicit silent_endpoint(ip_address at = ip_address::loopback_v4()) : listener_({at, 0}, {.backlog_count = 0}) {
        const green::detail::socket_address there(where());
        filler_.reset(::socket(there.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
        REQUIRE(::connect(filler_.get(), there.get(), there.size()) == 0);
        while (!is_full()) usleep(100);  // its last ACK may still be under way
    }
    endpoint where() const { return listener_.local_endpoint(); }

  private:
    bool is_full() const {
        tcp_info listening{};
        socklen_t size = sizeof listening;
        REQUIRE(::getsockopt(listener_.fd(), IPPROTO_TCP, TCP_INFO, &listening, &size) == 0);
        return listening.tcpi_unacked > listening.tcpi_sacked;  // of a listener: what has queued, and how much may
    }

    tcp_listener listener_;
    green::unique_fd filler_;
};

// An endpoint where nobody listens.
endpoint refusing_endpoint(ip_address at = ip_address::loopback_v4()) {
    return tcp_listener({at, 0}).local_endpoint();
}


}  // namespace

TEST_CASE_FIXTURE(support::leak_check, "a refused connection is an error that names address and cause") {
    const endpoint where = refusing_endpoint();
    CHECK(what_of([&] { green::connect(where); }) ==
          "green: cannot connect to " + where.to_string() + ": Connection refused");
    std::error_code error;
    CHECK(!green::connect(where, {}, error).is_open());
    CHECK(error == std::errc::connection_refused);
}

TEST_CASE_FIXTURE(support::virtual_time, "a silent peer ends in timed_out at the deadline, and no socket is left") {
    silent_endpoint silent;
    const std::size_t before = support::belongings::now().descriptors;
    const auto start = clock.elapsed();
    std::error_code error;
    green::connect(silent.where(), {.deadline = green::hub::current().deadline_after(50ms)}, error);
    CHECK(error == std::errc::timed_out);
    CHECK(clock.elapsed() - start == 50ms);
    CHECK(support::belongings::now().descriptors == before);
}

TEST_CASE_FIXTURE(support::virtual_time, "a fiber killed while it connects leaves no socket") {
    silent_endpoint a, b(ip_address::loopback_v6());
    const std::size_t before = support::belongings::now().descriptors;
    const std::vector<endpoint> candidates{a.where(), b.where()};
    auto connecting = green::spawn([&] { green::connect(candidates, {.head_start = 1ms}); });
    green::sleep(20ms);
    CHECK(support::belongings::now().descriptors == before + 2);
    connecting.kill();
    CHECK(connecting.was_killed());
    CHECK(support::belongings::now().descriptors == before);
}

TEST_CASE_FIXTURE(support::virtual_time, "a refused candidate makes the next one start at once") {
    tcp_listener listener(any_port());
    const std::vector<endpoint> candidates{refusing_endpoint(), refusing_endpoint(), listener.local_endpoint()};
    tcp_stream connected = green::connect(candidates, {.head_start = 10s});
    CHECK(clock.elapsed() == 0s);
    CHECK(connected.remote_endpoint() == listener.local_endpoint());
}

TEST_CASE_FIXTURE(support::virtual_time,
                  "a silent candidate has its head start, then the next one wins and the loser is closed") {
    silent_endpoint silent;
    tcp_listener listener(any_port());
    const std::size_t before = support::belongings::now().descriptors;
    const std::vector<endpoint> candidates{silent.where(), listener.local_endpoint()};
    const auto start = clock.elapsed();
    tcp_stream connected = green::connect(candidates);
    CHECK(clock.elapsed() - start == 250ms);
    CHECK(connected.remote_endpoint() == listener.local_endpoint());
    CHECK(support::belongings::now().descriptors == before + 1);
}

TEST_CASE_FIXTURE(support::leak_check, "the first candidate that answers wins although others started later") {
    tcp_listener first(any_port()), second(any_port());
    const std::vector<endpoint> candidates{first.local_endpoint(), second.local_endpoint()};
    tcp_stream connected = green::connect(candidates);
    CHECK(connected.remote_endpoint() == first.local_endpoint());
}

TEST_CASE_FIXTURE(support::virtual_time, "families take turns") {
    silent_endpoint four_a, four_b, four_c;
    tcp_listener six({ip_address::loopback_v6(), 0});
    const std::vector<endpoint> candidates{four_a.where(), four_b.where(), four_c.where(), six.local_endpoint()};
    const auto start = clock.elapsed();
    tcp_stream connected = green::connect(candidates);
    CHECK(clock.elapsed() - start == 250ms);  // second in turn, not fourth
    CHECK(connected.remote_endpoint() == six.local_endpoint());
}

TEST_CASE_FIXTURE(support::leak_check, "when all fail, the error tells of each and carries the most telling cause") {
    const endpoint nowhere = endpoint::parse("[2001:db8::1]:1"), refusing = refusing_endpoint();
    const std::vector<endpoint> candidates{nowhere, refusing};
    try {
        green::connect(candidates);
        FAIL("connected to nobody");
    } catch (const std::system_error& e) {
        CHECK(e.code() == std::errc::connection_refused);
        const std::string what = e.what();
        CHECK(what.find(refusing.to_string() + " (Connection refused)") != std::string::npos);
        CHECK(what.find(nowhere.to_string()) != std::string::npos);
    }
}

TEST_CASE_FIXTURE(support::leak_check, "connecting to no address is refused") {
    CHECK_THROWS_AS(green::connect(std::span<const endpoint>()), std::system_error);
}

TEST_CASE_FIXTURE(support::leak_check, "a connection comes from where it is told to") {
    tcp_listener listener(any_port());
    const endpoint from{ip_address::parse("127.0.0.9"), 0};
    tcp_stream connected = green::connect(listener.local_endpoint(), {.from = from});
    CHECK(listener.accept().remote_endpoint().address == from.address);
    CHECK_THROWS_AS(green::connect({ip_address::loopback_v6(), 1}, {.from = from}), std::system_error);
}

TEST_CASE_FIXTURE(support::leak_check, "a port that nobody listens at never connects to itself") {
    // The one way to be sure that the kernel picks the same port: ask for it.
    const endpoint where = refusing_endpoint();
    std::error_code error;
    tcp_stream connected = green::connect(where, {.from = where}, error);
    CHECK(error == std::errc::connection_refused);
    CHECK(!connected.is_open());
}

TEST_CASE_FIXTURE(support::leak_check, "the first read after connecting waits without asking the kernel in vain") {
    tcp_pair pair;
    auto& poller = green::detail::scheduler::current().loop().poller();
    CHECK(poller.state(pair.near.fd()).side(green::detail::direction::read).drained);
    green::write_all(pair.far, "x");
    CHECK(read_text(pair.near) == "x");
}

TEST_CASE_FIXTURE(support::leak_check, "a host is connected to by its name and a service or port") {
    dns_sample::dns_server names;
    tcp_listener listener(any_port());
    const int port = listener.local_endpoint().port;
    names.add("www.test", ip_address::loopback_v6());  // nobody listens there
    names.add("www.test", ip_address::loopback_v4());
    green::dns::resolver resolver({.servers = {names.where()}, .hosts_path = "", .resolv_conf_path = ""});
    tcp_stream by_port = green::connect("www.test", port, {.resolver = &resolver});
    CHECK(by_port.remote_endpoint() == listener.local_endpoint());
    tcp_stream by_text = green::connect("www.test", std::to_string(port), {.resolver = &resolver});
    CHECK(by_text.remote_endpoint() == listener.local_endpoint());
    tcp_stream numeric = green::connect("127.0.0.1", port, {.resolver = &resolver});
    CHECK(numeric.remote_endpoint() == listener.local_endpoint());
    CHECK(names.count_of("www.test") == 4);
}

TEST_CASE_FIXTURE(support::leak_check, "what goes wrong with a name tells host, address and cause") {
    dns_sample::dns_server names;
    const endpoint where = refusing_endpoint();
    names.add("www.test", where.address);
    names.set_behaviour("silent.test", dns_sample::behaviour::silent);
    green::dns::resolver resolver({.servers = {names.where()}, .hosts_path = "", .resolv_conf_path = ""});
    const green::connect_options options{.resolver = &resolver};
    CHECK(what_of([&] { green::connect("www.test", where.port, options); }) ==
          "green: cannot connect to \"www.test\" port " + std::to_string(where.port) + ", " + where.to_string() +
              ": Connection refused");
    CHECK(what_of([&] { green::connect("nobody.test", 80, options); }) ==
          "green: cannot look up \"nobody.test\": Name or service not known");
    CHECK(what_of([&] { green::connect("www.test", 65536, options); }).find("\"65536\"") != std::string::npos);
    CHECK(what_of([&] { green::connect("www.test", -1, options); }).find("\"-1\"") != std::string::npos);
    for (int port : {65536, -1})
        CHECK(what_of([&] { green::connect("127.0.0.1", port); }).find("the port is not between 0 and 65535") !=
              std::string::npos);
    CHECK(what_of([&] { green::connect(std::string(1000, 'a'), 80, options); }).find("longer than 253 bytes") !=
          std::string::npos);
    green::connect_options hasty = options;
    hasty.deadline = green::hub::current().deadline_after(20ms);
    CHECK(error_of([&] { green::connect("silent.test", 80, hasty); }) == std::errc::timed_out);
}

TEST_CASE_FIXTURE(support::virtual_time, "an enclosing timeout ends connecting and leaves no socket") {
    silent_endpoint silent;
    const std::size_t before = support::belongings::now().descriptors;
    const auto start = clock.elapsed();
    CHECK(!green::with_timeout(1s, [&] {
        green::connect(silent.where(), {.deadline = green::hub::current().deadline_after(1h)});
    }));
    CHECK(clock.elapsed() - start == 1s);
    CHECK(support::belongings::now().descriptors == before);
}

TEST_CASE_FIXTURE(leak_check,
                  "a deadline that has passed lets nothing be tried, and a negative head start is refused") {
    tcp_listener listener({ip_address::loopback_v4(), 0});
    const endpoint where = listener.local_endpoint();
    CHECK(error_of([&] { green::connect(where, {.deadline = green::time_point::min()}); }) == std::errc::timed_out);
    CHECK(error_of([&] { green::connect("127.0.0.1", where.port, {.deadline = green::time_point::min()}); }) ==
          std::errc::timed_out);
    CHECK(error_of([&] { listener.accept(green::hub::current().deadline_after(1ms)); }) == std::errc::timed_out);
    CHECK(error_of([&] { green::connect(where, {.head_start = -1ns}); }) == std::errc::invalid_argument);
}
