// SPDX-License-Identifier: BSL-1.0
// IP addresses and endpoints as plain values: parsing, printing, comparing. Kept below the rooms that use them,
// because names (dns) and sockets (net) are both made of them. Knows no sockets and no resolver.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

struct sockaddr;

namespace green {

// Which kind of addresses somebody wants.
enum class address_family { any, v4, v6 };

// An IPv4 or IPv6 address; the latter with the scope id of its interface, which link-local addresses need
// (RFC 4007). The default is 0.0.0.0. Does not park.
class ip_address {
  public:
    using v4_bytes = std::array<std::uint8_t, 4>;
    using v6_bytes = std::array<std::uint8_t, 16>;

    constexpr ip_address() = default;
    constexpr explicit ip_address(v4_bytes bytes) noexcept {
        for (std::size_t i = 0; i < bytes.size(); ++i) bytes_[i] = bytes[i];
    }
    constexpr explicit ip_address(v6_bytes bytes, std::uint32_t scope_id = 0) noexcept
        : bytes_(bytes), scope_id_(scope_id), is_v6_(true) {}

    static constexpr ip_address any_v4() noexcept { return {}; }
    static constexpr ip_address any_v6() noexcept { return ip_address(v6_bytes{}); }
    static constexpr ip_address loopback_v4() noexcept { return ip_address(v4_bytes{127, 0, 0, 1}); }
    static constexpr ip_address loopback_v6() noexcept {
        return ip_address(v6_bytes{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
    }

    // "127.0.0.1", "::1", "fe80::1%eth0", "fe80::1%2". Only the forms of inet_pton(3); "127.1" or "0x7f000001" is no
    // address. Throws std::invalid_argument that quotes the text.
    static ip_address parse(std::string_view text);
    static std::optional<ip_address> try_parse(std::string_view text) noexcept;

    constexpr bool is_v4() const noexcept { return !is_v6_; }
    constexpr bool is_v6() const noexcept { return is_v6_; }
    bool is_any() const noexcept;
    bool is_loopback() const noexcept;    // 127.0.0.0/8, ::1
    bool is_link_local() const noexcept;  // 169.254.0.0/16, fe80::/10
    // The four bytes of a v4 address. Undefined for others.
    constexpr v4_bytes to_v4_bytes() const noexcept { return {bytes_[0], bytes_[1], bytes_[2], bytes_[3]}; }
    constexpr const v6_bytes& to_v6_bytes() const noexcept { return bytes_; }
    constexpr std::uint32_t scope_id() const noexcept { return scope_id_; }  // 0: none; else see if_nametoindex(3)

    // The text that parse() takes; a scope by the name of its interface while there is one (RFC 5952, RFC 4007).
    std::string to_string() const;

    friend constexpr bool operator==(const ip_address&, const ip_address&) = default;
    friend constexpr std::strong_ordering operator<=>(const ip_address& a, const ip_address& b) noexcept {
        if (a.is_v6_ != b.is_v6_) return a.is_v6_ <=> b.is_v6_;
        if (a.bytes_ != b.bytes_) return a.bytes_ <=> b.bytes_;
        return a.scope_id_ <=> b.scope_id_;
    }

  private:
    v6_bytes bytes_{};  // a v4 address has its four in front
    std::uint32_t scope_id_ = 0;
    bool is_v6_ = false;
};

// An address and a port: where a socket is.
//
//     green::endpoint web{green::ip_address::loopback_v4(), 80};
//     green::endpoint same = green::endpoint::parse("127.0.0.1:80");
struct endpoint {
    ip_address address;
    std::uint16_t port = 0;

    // "127.0.0.1:80", "[::1]:80", "[fe80::1%eth0]:80". Throws std::invalid_argument that quotes the text and says
    // which part of it is wrong.
    static endpoint parse(std::string_view text);
    // "ADDRESS" or "ADDRESS:PORT", as in lists of name servers; a v6 address needs brackets only when a port follows.
    static endpoint parse(std::string_view text, std::uint16_t default_port);

    std::string to_string() const;
    friend bool operator==(const endpoint&, const endpoint&) = default;
    friend auto operator<=>(const endpoint&, const endpoint&) = default;
};

// "0" to "65535"; nothing else, no sign and no blanks.
std::optional<std::uint16_t> try_parse_port(std::string_view text) noexcept;

namespace detail {

// An endpoint in the kernel's form (ip(7), ipv6(7)).
class socket_address {
  public:
    socket_address() noexcept;
    explicit socket_address(const endpoint& where) noexcept;

    const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(storage_); }
    sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(storage_); }
    unsigned* size() noexcept { return &size_bytes_; }  // in: capacity, out: size, for getsockname(2) and its like
    unsigned size() const noexcept { return size_bytes_; }
    static constexpr unsigned capacity() noexcept { return sizeof storage_; }
    int family() const noexcept;
    // 0.0.0.0:0 when it is of another family.
    endpoint to_endpoint() const noexcept;

  private:
    alignas(8) std::byte storage_[28];  // a sockaddr_in6, the largest of the two
    unsigned size_bytes_;
};

// The endpoint in a sockaddr_in or sockaddr_in6; none for another family.
std::optional<endpoint> to_endpoint(const sockaddr* address) noexcept;

}  // namespace detail

}  // namespace green

template <>
struct std::hash<green::ip_address> {
    std::size_t operator()(const green::ip_address& a) const noexcept {
        auto bytes = std::string_view(reinterpret_cast<const char*>(a.to_v6_bytes().data()), 16);
        return std::hash<std::string_view>()(bytes) ^ (a.scope_id() * 2654435761u) ^ a.is_v6();
    }
};
template <>
struct std::hash<green::endpoint> {
    std::size_t operator()(const green::endpoint& e) const noexcept {
        return std::hash<green::ip_address>()(e.address) * 31 + e.port;
    }
};
