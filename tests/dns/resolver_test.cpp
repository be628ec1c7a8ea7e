// SPDX-License-Identifier: BSL-1.0
#include <doctest/doctest.h>

#include <support/child.h>
#include <support/error_of.h>
#include <support/fixture.h>
#include <support/limits.h>

#include <dns_server/dns_server.h>
#include <green/dns/resolver.h>
#include <green/green.h>
#include <green/sync/timeout.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>

#include <netdb.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace std::chrono_literals;
using namespace support;
using dns_sample::behaviour;
using dns_sample::record_type;
using green::endpoint;
using green::ip_address;
using green::address_family;
namespace dns = green::dns;

namespace {

// A name server on loopback and a resolver that asks only it.
struct with_server : leak_check {
    dns_sample::dns_server server;

    dns::resolver_options options() const {
        return {.servers = {server.where()},
                .timeout = 50ms,
                .try_count = 2,
                .search_domains = std::vector<std::string>{},
                .hosts_path = "",
                .resolv_conf_path = ""};
    }
    dns::resolver resolver{options()};
};

std::vector<std::string> texts(const std::vector<endpoint>& endpoints) {
    std::vector<std::string> all;
    for (const endpoint& each : endpoints) all.push_back(each.to_string());
    return all;
}

using list = std::vector<std::string>;

// A file that goes with the test.
class temporary_file {
  public:
    explicit temporary_file(const std::string& text) {
        const int fd = ::mkstemp(path_.data());
        ::close(fd);
        write(text);
    }
    ~temporary_file() { std::filesystem::remove(path_); }
    void write(const std::string& text) { std::ofstream(path_) << text; }
    const std::string& path() const { return path_; }

  private:
    std::string path_ = "/tmp/green-test-XXXXXX";
};

}  // namespace

TEST_CASE_FIXTURE(with_server,
                  "a look-up gives the addresses in the order of the answer, with the port of the service") {
    server.add("www.example.com", ip_address::parse("192.0.2.1"));
    server.add("www.example.com", ip_address::parse("192.0.2.2"));
    CHECK(texts(resolver.lookup("www.example.com", "80")) == list{"192.0.2.1:80", "192.0.2.2:80"});
    CHECK(texts(resolver.lookup("WWW.Example.COM.", "http")) == list{"192.0.2.1:80", "192.0.2.2:80"});
    CHECK(texts(resolver.lookup("www.example.com", "https", {.family = address_family::v4})) ==
          list{"192.0.2.1:443", "192.0.2.2:443"});
    CHECK(resolver.lookup("www.example.com")[0].port == 0);
}

TEST_CASE_FIXTURE(with_server, "both families are asked at once, and one may be asked for alone") {
    server.add("both.test", ip_address::loopback_v4());
    server.add("both.test", ip_address::loopback_v6());
    CHECK(texts(resolver.lookup("both.test", "1")) == list{"[::1]:1", "127.0.0.1:1"});
    CHECK(texts(resolver.lookup("both.test", "1", {.family = address_family::v4})) == list{"127.0.0.1:1"});
    CHECK(texts(resolver.lookup("both.test", "1", {.family = address_family::v6})) == list{"[::1]:1"});
    CHECK(server.count_of("both.test") == 4);
}

TEST_CASE_FIXTURE(with_server, "an address that appears twice is given once") {
    server.add("twice.test", ip_address::loopback_v4());
    server.add("twice.test", ip_address::loopback_v4());
    CHECK(resolver.lookup("twice.test").size() == 1);
}

TEST_CASE_FIXTURE(with_server, "chains of aliases are followed") {
    server.add_alias("a.test", "b.test");
    server.add_alias("b.test", "c.test");
    server.add("c.test", ip_address::parse("192.0.2.3"));
    CHECK(texts(resolver.lookup("a.test", "1")) == list{"192.0.2.3:1"});
    server.add_alias("loop.test", "loop.test");
    CHECK(error_of([&] { resolver.lookup("loop.test"); }) == dns::errc::no_data);
}

TEST_CASE_FIXTURE(with_server, "a name that does not exist is getaddrinfo's error, and names the host") {
    CHECK(error_of([&] { resolver.lookup("nobody.test"); }) == dns::errc::no_name);
    CHECK(what_of([&] { resolver.lookup("nobody.test"); }) ==
          "green: cannot look up \"nobody.test\": Name or service not known");
    CHECK(dns::make_error_code(dns::errc::no_name).value() == EAI_NONAME);
    CHECK(std::string(dns::error_category().name()) == "green.dns");
}

TEST_CASE_FIXTURE(with_server, "a name without an address of the wanted kind is another error") {
    server.add("four.test", ip_address::loopback_v4());
    CHECK(error_of([&] { resolver.lookup("four.test", "1", {.family = address_family::v6}); }) == dns::errc::no_data);
    CHECK(dns::make_error_code(dns::errc::no_data).message() == "No address associated with hostname");
}

TEST_CASE_FIXTURE(with_server, "a truncated answer is asked for again by TCP") {
    for (int i = 1; i <= 200; ++i)
        server.add("many.test", ip_address(ip_address::v4_bytes{10, 0, 0, static_cast<std::uint8_t>(i)}));
    server.set_behaviour("many.test", behaviour::truncated);
    CHECK(resolver.lookup("many.test").size() == 200);
    CHECK(server.questions().back().by_tcp);
}

TEST_CASE_FIXTURE(with_server, "a silent server ends in a timeout error after the tries") {
    server.set_behaviour("", behaviour::silent);
    const auto start = green::clock::now();
    CHECK(error_of([&] { resolver.lookup("lost.test"); }) == std::errc::timed_out);
    CHECK(green::clock::now() - start >= 100ms);
    CHECK(green::clock::now() - start < 5s);
    CHECK(server.count_of("lost.test") == 4);  // two families, twice
    CHECK(what_of([&] { resolver.lookup("lost.test"); }).find("Temporary failure in name resolution") !=
          std::string::npos);
}

TEST_CASE_FIXTURE(with_server, "a look-up ends at its own deadline, and its late answer is harmless") {
    server.add("slow.test", ip_address::loopback_v4());
    server.set_delay("slow.test", 60ms);
    dns::resolver patient({.servers = {server.where()}, .timeout = 5s, .hosts_path = "", .resolv_conf_path = ""});
    const auto start = green::clock::now();
    CHECK(error_of([&] {
              patient.lookup("slow.test", "1", {.deadline = green::hub::current().deadline_after(20ms)});
          }) == std::errc::timed_out);
    CHECK(green::clock::now() - start >= 20ms);
    green::sleep(80ms);
    CHECK(texts(patient.lookup("slow.test", "1")) == list{"127.0.0.1:1"});
}

TEST_CASE_FIXTURE(with_server, "an answer that comes late reaches whoever still waits") {
    server.add("slow.test", ip_address::loopback_v4());
    server.set_delay("slow.test", 30ms);
    dns::resolver patient({.servers = {server.where()}, .timeout = 5s, .hosts_path = "", .resolv_conf_path = ""});
    auto impatient = green::spawn([&] {
        return error_of(
            [&] { patient.lookup("slow.test", "", {.deadline = green::hub::current().deadline_after(5ms)}); });
    });
    CHECK(patient.lookup("slow.test").size() == 1);
    CHECK(impatient.get() == std::errc::timed_out);
}

TEST_CASE_FIXTURE(with_server, "killing the only look-up closes its sockets at once") {
    server.set_behaviour("", behaviour::silent);
    dns::resolver patient({.servers = {server.where()}, .timeout = 30s, .hosts_path = "", .resolv_conf_path = ""});
    const auto before = belongings::now();
    auto asking = green::spawn([&] { patient.lookup("gone.test"); });
    green::sleep(20ms);
    CHECK(belongings::now().descriptors > before.descriptors);
    asking.kill();
    CHECK(asking.was_killed());
    green::yield();
    CHECK(belongings::now().descriptors == before.descriptors);
    CHECK(belongings::now().timers == before.timers);
}

TEST_CASE_FIXTURE(with_server, "a look-up that is killed before it began asks nobody") {
    auto asking = green::spawn([&] { resolver.lookup("never.test"); });
    auto killer = green::spawn([&] { asking.kill(); });
    killer.join();
    CHECK(server.count_of("never.test") == 0);
}

TEST_CASE_FIXTURE(with_server, "an enclosing timeout passes through a look-up") {
    server.set_behaviour("", behaviour::silent);
    dns::resolver patient({.servers = {server.where()}, .timeout = 30s, .hosts_path = "", .resolv_conf_path = ""});
    const auto start = green::clock::now();
    CHECK(!green::with_timeout(10ms, [&] {
        patient.lookup("lost.test", "", {.deadline = green::hub::current().deadline_after(10s)});
    }));
    CHECK(green::clock::now() - start < 5s);
    struct my_reason {};
    auto asking = green::spawn([&] { patient.lookup("lost.test"); });
    green::yield();
    asking.kill(std::make_exception_ptr(my_reason{}));
    CHECK_THROWS_AS(asking.get(), my_reason);
}

TEST_CASE_FIXTURE(with_server, "destroying a resolver ends its look-ups as cancelled") {
    server.set_behaviour("", behaviour::silent);
    auto own = std::make_unique<dns::resolver>(options());
    auto asking = green::spawn([&] { return error_of([&] { own->lookup("lost.test"); }); });
    green::sleep(5ms);
    own.reset();
    CHECK(asking.get() == std::errc::operation_canceled);
}

TEST_CASE_FIXTURE(with_server, "one family that answers does not wait long for a silent other") {
    server.add("half.test", ip_address::parse("192.0.2.9"));
    server.set_behaviour("half.test", record_type::aaaa, behaviour::silent);
    dns::resolver patient({.servers = {server.where()}, .timeout = 30s, .hosts_path = "", .resolv_conf_path = ""});
    const auto start = green::clock::now();
    CHECK(texts(patient.lookup("half.test", "1")) == list{"192.0.2.9:1"});
    CHECK(green::clock::now() - start < 1s);
    green::yield();
}

TEST_CASE_FIXTURE(with_server, "a failing server is a temporary error, a refusing one too") {
    server.set_behaviour("fails.test", behaviour::server_failure);
    server.set_behaviour("refuses.test", behaviour::refuse);
    CHECK(error_of([&] { resolver.lookup("fails.test"); }) == dns::errc::again);
    CHECK(error_of([&] { resolver.lookup("refuses.test"); }) == dns::errc::again);
    CHECK(dns::make_error_code(dns::errc::again).message() == "Temporary failure in name resolution");
}

TEST_CASE_FIXTURE(with_server, "no server at the port is a temporary error") {
    const endpoint nobody = dns_sample::dns_server().where();
    dns::resolver lost(
        {.servers = {nobody}, .timeout = 50ms, .try_count = 1, .hosts_path = "", .resolv_conf_path = ""});
    const auto error = error_of([&] { lost.lookup("x.test"); });
    CHECK((error == dns::errc::again || error == std::errc::timed_out));
}

TEST_CASE_FIXTURE(with_server, "garbage, cut-off answers and answers to other questions are errors, not results") {
    for (auto how : {behaviour::garbage, behaviour::mangled, behaviour::wrong_id}) {
        server.add("bad.test", ip_address::loopback_v4());
        server.set_behaviour("bad.test", how);
        CAPTURE(static_cast<int>(how));
        const auto error = error_of([&] { resolver.lookup("bad.test", "1", {.family = address_family::v4}); });
        CHECK((error == std::errc::timed_out || error == dns::errc::fail || error == dns::errc::again));
    }
}

TEST_CASE_FIXTURE(with_server, "the next server is asked when the first is silent") {
    dns_sample::dns_server second;
    server.set_behaviour("", behaviour::silent);
    second.add("found.test", ip_address::loopback_v4());
    auto both = options();
    both.servers.push_back(second.where());
    dns::resolver asking(both);
    CHECK(asking.lookup("found.test").size() == 1);
    second.stop();
}

TEST_CASE_FIXTURE(with_server, "many look-ups at once are all answered") {
    std::vector<green::fiber<bool>> fibers;
    for (int i = 0; i < 100; ++i) {
        const std::string name = "host" + std::to_string(i) + ".test";
        server.add(name, ip_address(ip_address::v4_bytes{10, 1, 0, static_cast<std::uint8_t>(i)}));
    }
    for (int i = 0; i < 100; ++i)
        fibers.push_back(green::spawn([&, i] {
            const auto found = resolver.lookup("host" + std::to_string(i) + ".test", "9");
            return found.size() == 1 && found[0].to_string() == "10.1.0." + std::to_string(i) + ":9";
        }));
    for (auto& each : fibers) CHECK(each.get());
}

TEST_CASE_FIXTURE(with_server, "search domains are tried in turn for names with few dots") {
    auto with_search = options();
    with_search.search_domains = {"one.test", "two.test"};
    dns::resolver searching(with_search);
    server.add("www.two.test", ip_address::parse("192.0.2.2"));
    CHECK(texts(searching.lookup("www", "1")) == list{"192.0.2.2:1"});
    CHECK(server.count_of("www.one.test") > 0);
    CHECK(server.count_of("www") == 0);

    server.add("a.b", ip_address::parse("192.0.2.4"));
    CHECK(texts(searching.lookup("a.b", "1")) == list{"192.0.2.4:1"});  // a dot: first as it is
    CHECK(server.count_of("a.b.one.test") == 0);

    CHECK(error_of([&] { searching.lookup("www."); }) == dns::errc::no_name);  // a final dot: only as it is
    CHECK(error_of([&] { searching.lookup("nowhere"); }) == dns::errc::no_name);
    CHECK(server.count_of("nowhere.two.test") > 0);
    CHECK(server.count_of("nowhere") > 0);

    with_search.dots = 3;
    dns::resolver dotty(with_search);
    server.add("p.q.r.two.test", ip_address::parse("192.0.2.5"));
    CHECK(texts(dotty.lookup("p.q.r", "1")) == list{"192.0.2.5:1"});
}

TEST_CASE_FIXTURE(with_server, "resolv.conf gives servers' domains, dots and tries") {
    const temporary_file conf("# comment\nnameserver 192.0.2.53\nsearch conf.test other.test ; no\n"
                              "options ndots:2 timeout:1 attempts:1 unknown\n");
    auto from_file = options();
    from_file.search_domains.reset();
    from_file.resolv_conf_path = conf.path();
    dns::resolver reading(from_file);
    server.add("a.b.conf.test", ip_address::parse("192.0.2.6"));
    CHECK(texts(reading.lookup("a.b", "1")) == list{"192.0.2.6:1"});
    CHECK(server.questions().front().name == "a.b.conf.test");
}

TEST_CASE_FIXTURE(with_server, "numeric hosts never reach a server, and their scope survives") {
    CHECK(texts(resolver.lookup("192.0.2.1", "80")) == list{"192.0.2.1:80"});
    CHECK(texts(resolver.lookup("::1", "80")) == list{"[::1]:80"});
    CHECK(texts(resolver.lookup("fe80::1%lo", "80")) == list{"[fe80::1%lo]:80"});
    CHECK(texts(resolver.lookup("127.1", "80")) == list{"127.0.0.1:80"});
    CHECK(texts(resolver.lookup("0x7f000001", "80")) == list{"127.0.0.1:80"});
    CHECK(error_of([&] { resolver.lookup("fe80::1%nosuchif"); }) == dns::errc::no_name);
    CHECK(error_of([&] { resolver.lookup("1:2:3"); }) == dns::errc::no_name);
    CHECK(error_of([&] { resolver.lookup("127.0.0.1", "1", {.family = address_family::v6}); }) ==
          dns::errc::address_family);
    CHECK(server.questions().empty());
}

TEST_CASE_FIXTURE(with_server, "names that cannot be are refused without asking, with the reason") {
    for (const auto& name : {std::string(), std::string("."), std::string(254, 'a'), std::string(64, 'a') + ".test",
                             std::string("a..b"), std::string(".a"), std::string("a b"), std::string("a\0b", 3),
                             std::string(100'000, 'x')}) {
        CAPTURE(name.substr(0, 70));
        CHECK(error_of([&] { resolver.lookup(name); }) == dns::errc::no_name);
    }
    CHECK(what_of([&] { resolver.lookup(std::string(300, 'a')); }).find("longer than 253 bytes") != std::string::npos);
    CHECK(what_of([&] { resolver.lookup(std::string(64, 'a')); }).find("longer than 63 bytes") != std::string::npos);
    CHECK(server.questions().empty());
}

TEST_CASE_FIXTURE(with_server, "the longest possible name is asked for") {
    std::string name;
    for (int i = 0; i < 3; ++i) name += std::string(63, 'x') + '.';
    name += std::string(253 - name.size(), 'y');
    server.add(name, ip_address::loopback_v4());
    CHECK(resolver.lookup(name).size() == 1);
}

TEST_CASE_FIXTURE(with_server, "an unknown service and port 65536 are errors of the service") {
    CHECK(error_of([&] { resolver.lookup("127.0.0.1", "65536"); }) == dns::errc::service);
    CHECK(error_of([&] { resolver.lookup("127.0.0.1", "-1"); }) == dns::errc::service);
    CHECK(error_of([&] { resolver.lookup("127.0.0.1", "nosuchservice"); }) == dns::errc::service);
    CHECK(what_of([&] { resolver.lookup("127.0.0.1", "65536"); }) ==
          "green: cannot look up \"127.0.0.1\", service \"65536\" (the port is not between 0 and 65535): Servname not "
          "supported for ai_socktype");
    CHECK(resolver.lookup("127.0.0.1", "65535")[0].port == 65535);
}

TEST_CASE_FIXTURE(with_server, "the hosts file comes first, and is read again when it changes") {
    temporary_file hosts(
        "192.0.2.10 pinned.test alias # comment\n2001:db8::10\tpinned.test\nnonsense line\n#192.0.2.1 x\n");
    auto with_hosts = options();
    with_hosts.hosts_path = hosts.path();
    dns::resolver reading(with_hosts);
    server.add("pinned.test", ip_address::parse("203.0.113.1"));
    CHECK(texts(reading.lookup("PINNED.test", "1", {.family = address_family::v4})) == list{"192.0.2.10:1"});
    CHECK(reading.lookup("pinned.test").size() == 2);
    CHECK(texts(reading.lookup("alias", "1")) == list{"192.0.2.10:1"});
    CHECK(reading.reverse(ip_address::parse("192.0.2.10")) == "pinned.test");
    CHECK(server.questions().empty());
    hosts.write("192.0.2.111 pinned.test\n");
    CHECK(texts(reading.lookup("pinned.test", "1")) == list{"192.0.2.111:1"});
}

TEST_CASE_FIXTURE(with_server, "a hosts file that is not there is an empty one") {
    auto without = options();
    without.hosts_path = "/nonexistent/hosts";
    dns::resolver asking(without);
    server.add("www.test", ip_address::loopback_v4());
    CHECK(asking.lookup("www.test").size() == 1);
}

TEST_CASE_FIXTURE(with_server, "localhost is this machine, whatever the servers say") {
    server.add("localhost", ip_address::parse("203.0.113.1"));
    CHECK(texts(resolver.lookup("localhost", "1")) == list{"[::1]:1", "127.0.0.1:1"});
    CHECK(texts(resolver.lookup("app.LOCALHOST.", "1", {.family = address_family::v4})) == list{"127.0.0.1:1"});
    CHECK(server.questions().empty());
}

TEST_CASE_FIXTURE(with_server, "an address is looked up in reverse, in both families") {
    server.add_pointer(ip_address::parse("192.0.2.20"), "twenty.test");
    server.add_pointer(ip_address::parse("2001:db8::20"), "six.test");
    CHECK(resolver.reverse(ip_address::parse("192.0.2.20")) == "twenty.test");
    CHECK(resolver.reverse(ip_address::parse("2001:db8::20")) == "six.test");
    CHECK(error_of([&] { resolver.reverse(ip_address::parse("192.0.2.21")); }) == dns::errc::no_name);
    CHECK(what_of([&] { resolver.reverse(ip_address::parse("192.0.2.21")); }) ==
          "green: no name for 192.0.2.21: Name or service not known");
    server.set_behaviour("", behaviour::silent);
    CHECK(error_of([&] {
              resolver.reverse(ip_address::parse("192.0.2.20"), green::hub::current().deadline_after(10ms));
          }) == std::errc::timed_out);
}

TEST_CASE_FIXTURE(with_server, "an address whose server is silent or fails is not said to have no name") {
    server.add_pointer(ip_address::parse("192.0.2.20"), "twenty.test");
    server.set_behaviour("", behaviour::silent);
    CHECK(error_of([&] { resolver.reverse(ip_address::parse("192.0.2.20")); }) == std::errc::timed_out);
    server.set_behaviour("", behaviour::server_failure);
    CHECK(error_of([&] { resolver.reverse(ip_address::parse("192.0.2.20")); }) == dns::errc::again);
    server.set_behaviour("", behaviour::garbage);
    CHECK(error_of([&] { resolver.reverse(ip_address::parse("192.0.2.20")); }) != dns::errc::no_name);
}

TEST_CASE_FIXTURE(with_server, "what servers alone say has the canonical name, the way to it, and both families") {
    temporary_file hosts("203.0.113.9 www.test\n");
    auto with_hosts = options();
    with_hosts.hosts_path = hosts.path();
    with_hosts.timeout = 5s;
    dns::resolver asking(with_hosts);
    server.add_alias("www.test", "middle.test");
    server.add_alias("middle.test", "end.test");
    server.add("end.test", ip_address::parse("2001:db8::1"));
    server.add("end.test", ip_address::parse("192.0.2.1"));
    const auto answer = asking.ask_servers("www.test", address_family::any);
    CHECK(!answer.error);
    CHECK(answer.name == "end.test");
    CHECK(answer.aliases == list{"www.test", "middle.test"});
    CHECK(answer.addresses == std::vector{ip_address::parse("192.0.2.1"), ip_address::parse("2001:db8::1")});

    server.add("half.test", ip_address::parse("192.0.2.2"));
    server.set_behaviour("half.test", record_type::aaaa, behaviour::silent);
    with_hosts.timeout = 200ms;
    with_hosts.try_count = 1;
    const auto begin = green::clock::now();
    CHECK(dns::resolver(with_hosts).ask_servers("half.test", address_family::any).addresses.size() == 1);
    CHECK(green::clock::now() - begin >= 200ms);  // a lookup waits 50 ms for the second family

    CHECK(asking.ask_servers("missing.test", address_family::any).error == dns::errc::no_name);
    CHECK(asking.ask_servers("localhost", address_family::any).error == dns::errc::no_name);
    CHECK(server.count_of("localhost") == 0);
    server.add_pointer(ip_address::parse("192.0.2.20"), "twenty.test");
    CHECK(asking.ask_servers(ip_address::parse("192.0.2.20")).name == "twenty.test");
}

TEST_CASE_FIXTURE(with_server, "who asks servers alone is cancelled without an exception, which comes with the next wait") {
    auto patient = options();
    patient.timeout = 60s;
    dns::resolver asking(patient);
    server.set_behaviour("", behaviour::silent);
    std::error_code by_name, by_address;
    auto fiber = green::spawn([&] {
        by_name = asking.ask_servers("www.test", address_family::any).error;
        by_address = asking.ask_servers(ip_address::parse("192.0.2.1")).error;
        green::sleep(1h);
    });
    green::sleep(5ms);
    fiber.kill();
    CHECK(by_name == std::errc::interrupted);
    CHECK(by_address == std::errc::interrupted);
    CHECK(fiber.was_killed());
}

TEST_CASE("lists of servers are parsed, and the wrong one is named") {
    CHECK(texts(dns::parse_servers("192.0.2.1, 192.0.2.2:5353 [::1]:54 2001:db8::1")) ==
          list{"192.0.2.1:53", "192.0.2.2:5353", "[::1]:54", "[2001:db8::1]:53"});
    CHECK(dns::parse_servers("").empty());
    CHECK(what_of([] { dns::parse_servers("192.0.2.1,192.0.2.2:65536"); }) ==
          "green: \"192.0.2.2:65536\": the port is above 65535");
}

TEST_CASE_FIXTURE(with_server, "the default resolver takes the default options, also when they change") {
    server.add("www.test", ip_address::loopback_v4());
    dns::set_default_options(options());
    dns::resolver& first = dns::default_resolver();
    CHECK(&dns::default_resolver() == &first);
    CHECK(first.lookup("www.test").size() == 1);
    server.add("more.test", ip_address::loopback_v4());
    auto searching = options();
    searching.search_domains = {"test"};
    dns::set_default_options(searching);
    CHECK(dns::default_resolver().lookup("more").size() == 1);
    dns::set_default_options({});
}

TEST_CASE_FIXTURE(with_server, "every thread has a default resolver of its own, which ends with it") {
    server.add("www.test", ip_address::loopback_v4());
    dns::set_default_options(options());
    dns::resolver* mine = &dns::default_resolver();
    std::size_t found = 0;
    dns::resolver* other = nullptr;
    auto waiting = green::spawn([] { green::sleep(1ms); });
    std::atomic<bool> done{false};
    std::thread thread([&] {
        other = &dns::default_resolver();
        found = other->lookup("www.test").size();
        done = true;
    });
    while (!done) green::sleep(1ms);  // serves the other thread
    thread.join();
    CHECK(found == 1);
    CHECK(other != mine);
    dns::set_default_options({});
    waiting.join();
}

TEST_CASE_FIXTURE(with_server, "a resolver of another thread is refused") {
    std::string what;
    std::thread([&] { what = what_of([&] { resolver.lookup("www.test"); }); }).join();
    CHECK(what.find("another thread") != std::string::npos);
}

SCENARIO_IN_CHILD(looks_up_after_fork) {
    dns_sample::dns_server server;
    server.add("quick.test", ip_address::parse("192.0.2.1"));
    server.add("slow.test", ip_address::parse("192.0.2.2"));
    server.set_delay("slow.test", 100ms);
    dns::resolver resolver({.servers = {server.where()}, .timeout = 20s, .hosts_path = "", .resolv_conf_path = ""});
    auto under_way = green::spawn([&] { return resolver.lookup("slow.test").size(); });
    green::sleep(20ms);
    const pid_t child = ::fork();
    if (child == 0) {  // the parent's server answers, on sockets of the child's own
        std::printf("child %zu\n", resolver.lookup("quick.test").size());
        std::fflush(stdout);
        ::_exit(0);
    }
    int status = 0;
    while (::waitpid(child, &status, WNOHANG) == 0) green::sleep(1ms);
    std::printf("parent %zu, child's status %d\n", under_way.get(), status);
}

TEST_CASE("the child of a fork resolves with sockets of its own, and takes no answer from its parent") {
    const auto end = support::run_child("looks_up_after_fork");
    CHECK(end.exit_status == 0);
    CHECK(end.output == "child 1\nparent 1, child's status 0\n");
}

TEST_CASE_FIXTURE(with_server, "without a descriptor to ask with a look-up fails at once, and the next one goes on") {
    server.add("www.test", ip_address::loopback_v4());
    const auto start = green::clock::now();
    {
        no_descriptors_left limit;
        dns::resolver patient({.servers = {server.where()}, .timeout = 30s, .hosts_path = "", .resolv_conf_path = ""});
        CHECK(error_of([&] { patient.lookup("www.test"); }) == std::errc::too_many_files_open);
        CHECK(error_of([&] { patient.reverse(ip_address::loopback_v4()); }) == std::errc::too_many_files_open);
        CHECK(patient.lookup("192.0.2.1").size() == 1);
    }
    CHECK(green::clock::now() - start < 10s);
    CHECK(resolver.lookup("www.test").size() == 1);
}

TEST_CASE_FIXTURE(with_server, "in a cancelled scope or a hub callback no server is asked") {
    server.add("www.test", ip_address::loopback_v4());
    CHECK(!green::with_cancel_scope([&](green::cancel_scope& scope) {
        scope.cancel();
        resolver.lookup("www.test");
    }));
    std::string refused;
    green::hub::current().call_soon([&] { refused = what_of([&] { resolver.lookup("www.test"); }); });
    green::sleep(1ms);
    CHECK(refused.find("hub callback") != std::string::npos);
    CHECK(server.questions().empty());
}

TEST_CASE_FIXTURE(with_server, "a resolver that could ask nobody is refused") {
    auto wrong = options();
    wrong.timeout = -1s;
    CHECK_THROWS_AS(dns::resolver{wrong}, std::invalid_argument);
    CHECK_THROWS_AS(dns::set_default_options(wrong), std::invalid_argument);
    wrong = options();
    wrong.try_count = 0;
    CHECK_THROWS_AS(dns::resolver{wrong}, std::invalid_argument);
}
