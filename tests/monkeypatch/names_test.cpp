// SPDX-License-Identifier: BSL-1.0
// The family names where time passes: slow and silent name servers, cancellation. What the calls return is compared by
// names_test.py and differential_test.py.
#include <green/monkeypatch/patch.h>

#include <dns_server/dns_server.h>
#include <green/dns/resolver.h>
#include <green/green.h>

#include <support/fixture.h>

#include <doctest/doctest.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netdb.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace std::chrono_literals;
using green::endpoint;
using green::ip_address;
namespace dns = green::dns;
namespace monkeypatch = green::monkeypatch;

namespace {

// Every default resolver asks the test's server.
struct with_server : support::leak_check {
    with_server() {
        monkeypatch::patch_dns();
        ask(server.where());
    }
    ~with_server() { dns::set_default_options({}); }

    static void ask(const endpoint& where) {
        dns::set_default_options({.servers = {where},
                                  .timeout = 50ms,
                                  .try_count = 2,
                                  .search_domains = std::vector<std::string>{},
                                  .resolv_conf_path = ""});
    }

    dns_sample::dns_server server;
};

struct looked_up {
    int error = 0;
    int number = 0;  // errno
    std::string first;
};

// What a program does that knows nothing of green.
looked_up look_up(const char* name, int family = AF_INET) {
    const addrinfo hints{.ai_flags = 0, .ai_family = family, .ai_socktype = SOCK_STREAM, .ai_protocol = 0,
                         .ai_addrlen = 0, .ai_addr = nullptr, .ai_canonname = nullptr, .ai_next = nullptr};
    addrinfo* found = nullptr;
    looked_up result;
    errno = 0;
    result.error = ::getaddrinfo(name, "80", &hints, &found);
    result.number = errno;
    if (result.error != 0) return result;
    char text[NI_MAXHOST];
    ::getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST);
    result.first = text;
    ::freeaddrinfo(found);
    return result;
}

int name_of(const char* text) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    ::inet_pton(AF_INET, text, &address.sin_addr);
    char name[NI_MAXHOST];
    return ::getnameinfo(reinterpret_cast<const sockaddr*>(&address), sizeof address, name, sizeof name, nullptr, 0,
                         NI_NAMEREQD);
}

std::string first_address(const hostent* found) {
    char text[INET6_ADDRSTRLEN] = "none";
    if (found) ::inet_ntop(found->h_addrtype, found->h_addr_list[0], text, sizeof text);
    return text;
}

// dnsmasq on a free port of loopback, which asks `upstream` and keeps nothing.
class dnsmasq {
  public:
    explicit dnsmasq(const endpoint& upstream) : where_{ip_address::loopback_v4(), free_port()} {
        std::vector<std::string> words{"dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
                                       "--pid-file", "--bind-interfaces", "--listen-address=127.0.0.1",
                                       "--cache-size=0", "--dns-forward-max=1000", "--log-facility=/dev/null",
                                       "--port=" + std::to_string(where_.port),
                                       "--server=127.0.0.1#" + std::to_string(upstream.port)};
        std::vector<char*> pointers;
        for (auto& each : words) pointers.push_back(each.data());
        pointers.push_back(nullptr);
        if (::posix_spawnp(&process_, "dnsmasq", nullptr, nullptr, pointers.data(), environ) != 0) process_ = -1;
    }
    ~dnsmasq() {
        if (process_ < 0) return;
        ::kill(process_, SIGTERM);
        while (::waitpid(process_, nullptr, WNOHANG) == 0) green::sleep(1ms);
    }

    const endpoint& where() const { return where_; }
    bool was_started() const { return process_ > 0; }

  private:
    static std::uint16_t free_port() {
        const int probe = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        green::detail::socket_address address({ip_address::loopback_v4(), 0});
        ::bind(probe, address.get(), std::as_const(address).size());
        ::getsockname(probe, address.get(), address.size());
        ::close(probe);
        return address.to_endpoint().port;
    }

    endpoint where_;
    pid_t process_ = -1;
};

}  // namespace

TEST_CASE_FIXTURE(with_server, "a hundred look-ups at a slow server take as long as one") {
    constexpr auto delay = 300ms;
    auto add = [&](const std::string& name, std::uint8_t last) {
        server.add(name, ip_address(ip_address::v4_bytes{10, 0, 0, last}));
        server.set_delay(name, delay);
    };
    server.add("ready.test", ip_address::loopback_v4());
    add("alone.test", 200);
    for (int i = 0; i < 100; ++i) add("host" + std::to_string(i) + ".test", static_cast<std::uint8_t>(i));

    dnsmasq between(server.where());
    REQUIRE(between.was_started());
    dns::set_default_options({.servers = {between.where()}, .timeout = 5s, .search_domains = std::vector<std::string>{}});
    for (int tries = 0; tries < 200 && look_up("ready.test").error != 0; ++tries) green::sleep(10ms);

    const auto begin = green::clock::now();
    CHECK(look_up("alone.test").first == "10.0.0.200");
    const auto alone = green::clock::now() - begin;
    CHECK(alone >= delay);

    int right = 0;
    green::group lookers;
    const auto begin_of_all = green::clock::now();
    for (int i = 0; i < 100; ++i)
        lookers.spawn([&right, i] {
            right += look_up(("host" + std::to_string(i) + ".test").c_str()).first == "10.0.0." + std::to_string(i);
        });
    lookers.join();
    const auto all = green::clock::now() - begin_of_all;
    CHECK(right == 100);
    CHECK(all < alone * 3 / 2);
    MESSAGE("one " << alone / 1us << " us, a hundred " << all / 1us << " us");
}

TEST_CASE_FIXTURE(with_server, "both families are waited for, also when one is slow") {
    server.add("two.test", ip_address::parse("192.0.2.1"));
    server.set_behaviour("two.test", dns_sample::record_type::aaaa, dns_sample::behaviour::silent);
    dns::set_default_options({.servers = {server.where()},
                              .timeout = 200ms,
                              .try_count = 1,
                              .search_domains = std::vector<std::string>{}});
    const auto begin = green::clock::now();
    CHECK(look_up("two.test", AF_UNSPEC).first == "192.0.2.1");
    CHECK(green::clock::now() - begin >= 200ms);
}

TEST_CASE_FIXTURE(with_server, "a silent server is a temporary failure, and an absent one too") {
    server.set_behaviour("", dns_sample::behaviour::silent);
    CHECK(look_up("www.test").error == EAI_AGAIN);
    CHECK(look_up("www.test", AF_UNSPEC).error == EAI_AGAIN);
    CHECK(::gethostbyname("www.test") == nullptr);
    CHECK(h_errno == TRY_AGAIN);
    CHECK(name_of("192.0.2.1") == EAI_AGAIN);
    CHECK(server.questions().size() > 4);
    server.stop();
    ask(dns_sample::dns_server().where());
    CHECK(look_up("www.test").error == EAI_AGAIN);
}

TEST_CASE_FIXTURE(with_server, "a killed fiber's look-ups fail, and its next C++ wait throws") {
    server.set_behaviour("", dns_sample::behaviour::silent);
    ask(server.where());
    dns::set_default_options({.servers = {server.where()}, .timeout = 60s, .search_domains = std::vector<std::string>{}});
    std::string seen;
    auto fiber = green::spawn([&] {
        const auto first = look_up("www.test", AF_UNSPEC);
        if (first.error == EAI_SYSTEM && first.number == ECANCELED) seen += "getaddrinfo ";
        if (look_up("www.test").error == EAI_SYSTEM) seen += "again ";
        errno = 0;
        if (!::gethostbyname("www.test") && h_errno == NETDB_INTERNAL && errno == ECANCELED) seen += "gethostbyname ";
        if (!::gethostbyname2("www.test", AF_INET6) && errno == ECANCELED) seen += "gethostbyname2 ";
        in_addr address{htonl(0x0a000001)};
        if (!::gethostbyaddr(&address, sizeof address, AF_INET) && errno == ECANCELED) seen += "gethostbyaddr ";
        errno = 0;
        if (name_of("10.0.0.1") == EAI_SYSTEM && errno == ECANCELED) seen += "getnameinfo ";
        hostent entry, *found = &entry;
        char buffer[1024];
        int host_error = 0;
        if (::gethostbyname_r("www.test", &entry, buffer, sizeof buffer, &found, &host_error) == ECANCELED && !found)
            seen += "gethostbyname_r ";
        if (look_up("192.0.2.1").first == "192.0.2.1") seen += "number ";  // needs no wait
        try {
            green::sleep(1s);
        } catch (const green::fiber_exit&) {
            seen += "thrown";
            throw;
        }
    });
    green::sleep(20ms);
    CHECK(seen.empty());
    const auto begin = green::clock::now();
    fiber.kill();
    CHECK(green::clock::now() - begin < 5s);
    CHECK(seen == "getaddrinfo again gethostbyname gethostbyname2 gethostbyaddr getnameinfo gethostbyname_r number thrown");
    CHECK(fiber.was_killed());
}

TEST_CASE_FIXTURE(with_server, "a timeout around a look-up is not swallowed, and what comes late harms nobody") {
    server.add("slow.test", ip_address::parse("192.0.2.1"));
    server.set_delay("slow.test", 100ms);
    dns::set_default_options({.servers = {server.where()}, .timeout = 60s, .search_domains = std::vector<std::string>{}});
    looked_up result;
    CHECK_FALSE(green::with_timeout(20ms, [&] {
        result = look_up("slow.test");
        green::yield();
    }));
    CHECK(result.error == EAI_SYSTEM);
    CHECK(result.number == ECANCELED);
    CHECK(look_up("slow.test").first == "192.0.2.1");
}

TEST_CASE_FIXTURE(with_server, "what a function without _r returned is the fiber's, until its next call") {
    server.add("a.test", ip_address::parse("192.0.2.1"));
    server.add("b.test", ip_address::parse("192.0.2.2"));
    std::string texts;
    green::group lookers;
    for (const char* name : {"a.test", "b.test"})
        lookers.spawn([&texts, name] {
            const hostent* found = ::gethostbyname(name);
            const hostent* other = ::gethostbyname2("192.0.2.9", AF_INET);
            green::sleep(30ms);
            texts += first_address(found) + ' ' + (found ? found->h_name : "") + ' ' + first_address(other) + '\n';
            CHECK(::gethostbyname("a.test") == found);
        });
    lookers.join();
    CHECK(texts == "192.0.2.1 a.test 192.0.2.9\n192.0.2.2 b.test 192.0.2.9\n");
}

TEST_CASE_FIXTURE(with_server, "an answer that needs a larger buffer is asked for once") {
    for (int i = 0; i < 200; ++i)
        server.add("many.test", ip_address(ip_address::v4_bytes{10, 0, 0, static_cast<std::uint8_t>(i)}));
    server.set_behaviour("many.test", dns_sample::behaviour::truncated);
    const hostent* found = ::gethostbyname("many.test");
    REQUIRE(found);
    int addresses = 0;
    while (found->h_addr_list[addresses]) ++addresses;
    CHECK(addresses == 200);
    CHECK(server.count_of("many.test") == 2);  // by UDP, and by TCP
}

TEST_CASE_FIXTURE(with_server, "a small stack is enough") {
    server.add("www.test", ip_address::parse("192.0.2.1"));
    CHECK(look_up("www.test").error == 0);
    auto fiber = green::spawn({.stack_size_bytes = 64 * 1024}, [] { return look_up("www.test", AF_UNSPEC).first; });
    CHECK(fiber.get() == "192.0.2.1");
}

TEST_CASE_FIXTURE(with_server, "native threads ask libc's servers, while a fiber waits for its own") {
    server.add("slow.test", ip_address::parse("192.0.2.1"));
    server.set_delay("slow.test", 50ms);
    dns::set_default_options({.servers = {server.where()}, .timeout = 60s, .search_domains = std::vector<std::string>{}});
    auto waiting = green::spawn([] { return look_up("slow.test").first; });
    green::yield();
    bool has_hub = true;
    std::string local;
    std::thread([&] {
        local = look_up("localhost").first;
        has_hub = green::hub::current_or_null() != nullptr;
    }).join();
    CHECK_FALSE(has_hub);
    CHECK(local == "127.0.0.1");
    CHECK(waiting.get() == "192.0.2.1");
}
