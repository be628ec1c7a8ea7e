// SPDX-License-Identifier: BSL-1.0
// DNS messages as far as a small name server needs them (RFC 1035, section 4). Knows no sockets.
#pragma once

#include <green/base/address.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace dns_sample {

enum class record_type : std::uint16_t { a = 1, cname = 5, ptr = 12, aaaa = 28 };
enum class response_code : std::uint8_t { no_error = 0, server_failure = 2, no_such_name = 3, refused = 5 };

struct query {
    std::uint16_t id = 0;
    std::string name{};  // lower case, without the final dot
    record_type type{};
};

struct record {
    std::string name;
    record_type type;
    std::string target{};         // of a cname or ptr
    green::ip_address address{};  // of an a or aaaa
    std::uint32_t ttl_seconds = 60;
};

struct response {
    query asked;
    response_code code = response_code::no_error;
    bool truncated = false;
    std::vector<record> records{};
};

// The question in a message; none when it is no query.
std::optional<query> parse_query(std::span<const std::byte> message);
std::vector<std::byte> encode(const response& answer);

// "1.0.0.127.in-addr.arpa", and the like for IPv6 (RFC 3596, section 2.5).
std::string reverse_name(const green::ip_address& address);
std::string lower(std::string text);

}  // namespace dns_sample
