// SPDX-License-Identifier: BSL-1.0
#include <doctest/doctest.h>

#include <green/base/address.h>

#include <stdexcept>
#include <unordered_set>

#include <net/if.h>
#include <netinet/in.h>

using green::endpoint;
using green::ip_address;

namespace {

std::string refusal(auto&& f) {
    try {
        f();
    } catch (const std::invalid_argument& e) {
        return e.what();
    }
    return "accepted";
}

}  // namespace

TEST_CASE("an address prints what it was parsed from") {
    for (const char* text : {"0.0.0.0", "127.0.0.1", "255.255.255.255", "::", "::1", "2001:db8::1", "fe80::1%lo"})
        CHECK(ip_address::parse(text).to_string() == text);
    CHECK(ip_address::parse("2001:DB8:0:0:0:0:0:1").to_string() == "2001:db8::1");
}

TEST_CASE("what is no address is refused, and the error quotes it") {
    for (const char* text : {"", "localhost", "127.1", "0x7f000001", "1.2.3.4.5", "1.2.3.256", " 1.2.3.4",
                             ":::", "::1%", "12345::", "1.2.3.4%lo", "[::1]"}) {
        CAPTURE(text);
        CHECK(!ip_address::try_parse(text));
        CHECK(refusal([&] { ip_address::parse(text); }).find('"' + std::string(text) + '"') != std::string::npos);
    }
    CHECK(!ip_address::try_parse(std::string_view("1.2.3.4\0", 8)));
    CHECK(!ip_address::try_parse(std::string(5000, '1')));
    CHECK(refusal([] { ip_address::parse("fe80::1%nosuchif"); }).find("no such network interface") !=
          std::string::npos);
}

TEST_CASE("a scope is given by name or number and kept") {
    const unsigned lo = ::if_nametoindex("lo");
    CHECK(ip_address::parse("fe80::1%lo").scope_id() == lo);
    CHECK(ip_address::parse("fe80::1%" + std::to_string(lo)) == ip_address::parse("fe80::1%lo"));
    CHECK(ip_address::parse("fe80::1%lo") != ip_address::parse("fe80::1"));
    CHECK(ip_address::parse("fe80::1%4294967").to_string() == "fe80::1%4294967");
}

TEST_CASE("an endpoint prints what it was parsed from") {
    for (const char* text : {"127.0.0.1:80", "[::1]:80", "[fe80::1%lo]:65535", "0.0.0.0:0"})
        CHECK(endpoint::parse(text).to_string() == text);
    CHECK(endpoint::parse("[::1]:8080") == endpoint{ip_address::loopback_v6(), 8080});
}

TEST_CASE("a bad endpoint is refused with the reason") {
    auto why = [](const char* text) { return refusal([&] { endpoint::parse(text); }); };
    CHECK(why("127.0.0.1:65536") == "green: \"127.0.0.1:65536\": the port is above 65535");
    CHECK(why("127.0.0.1:99999999999999999999").find("above 65535") != std::string::npos);
    CHECK(why("127.0.0.1:http").find("port is not a number") != std::string::npos);
    CHECK(why("127.0.0.1:-1").find("port is not a number") != std::string::npos);
    CHECK(why("127.0.0.1:+1").find("port is not a number") != std::string::npos);
    CHECK(why("127.0.0.1:").find("port is missing") != std::string::npos);
    CHECK(why("127.0.0.1").find("port is missing") != std::string::npos);
    CHECK(why("::1").find("port is missing") != std::string::npos);
    CHECK(why("[::1").find("bracket is not closed") != std::string::npos);
    CHECK(why("[::1]80").find("only a port may follow") != std::string::npos);
    CHECK(why("[127.0.0.1]:80").find("only an IPv6 address") != std::string::npos);
    CHECK(why("example.com:80").find("not an IP address") != std::string::npos);
    CHECK(why("").find("port is missing") != std::string::npos);
}

TEST_CASE("an endpoint without a port takes the default") {
    CHECK(endpoint::parse("192.0.2.1", 53).to_string() == "192.0.2.1:53");
    CHECK(endpoint::parse("192.0.2.1:5353", 53).to_string() == "192.0.2.1:5353");
    CHECK(endpoint::parse("2001:db8::1", 53).to_string() == "[2001:db8::1]:53");
    CHECK(endpoint::parse("[2001:db8::1]", 53).to_string() == "[2001:db8::1]:53");
}

TEST_CASE("addresses say what they are") {
    CHECK(ip_address::parse("127.9.9.9").is_loopback());
    CHECK(ip_address::loopback_v6().is_loopback());
    CHECK(!ip_address::parse("128.0.0.1").is_loopback());
    CHECK(ip_address::any_v4().is_any());
    CHECK(ip_address::any_v6().is_any());
    CHECK(ip_address::parse("fe80::1%lo").is_link_local());
    CHECK(ip_address::parse("169.254.0.1").is_link_local());
    CHECK(!ip_address::parse("ff02::1").is_link_local());
    CHECK(ip_address::any_v4() != ip_address::any_v6());
    std::unordered_set<endpoint> set{endpoint::parse("127.0.0.1:1"), endpoint::parse("127.0.0.1:2"),
                                     endpoint::parse("127.0.0.1:1")};
    CHECK(set.size() == 2);
}

TEST_CASE("an endpoint survives the kernel's form") {
    for (const char* text : {"192.0.2.7:443", "[2001:db8::7]:443", "[fe80::7%lo]:1"}) {
        const endpoint where = endpoint::parse(text);
        CHECK(green::detail::socket_address(where).to_endpoint() == where);
    }
    sockaddr other{};
    other.sa_family = AF_UNIX;
    CHECK(!green::detail::to_endpoint(&other));
    CHECK(!green::detail::to_endpoint(nullptr));
}
