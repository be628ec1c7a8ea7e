// SPDX-License-Identifier: BSL-1.0
// Two ends of one TCP connection on loopback.
#pragma once

#include <green/green.h>

namespace support {

inline green::endpoint any_port() {
    return {green::ip_address::loopback_v4(), 0};
}

struct tcp_pair {
    green::tcp_listener listener{any_port()};
    green::tcp_stream near = green::connect(listener.local_endpoint());
    green::tcp_stream far = listener.accept();
};

inline std::span<const std::byte> bytes(std::string_view text) {
    return std::as_bytes(std::span(text));
}

// Reads once, at most `limit` bytes.
inline std::string read_text(green::byte_stream& from, std::size_t limit = 4096) {
    std::string text(limit, '\0');
    text.resize(from.read_some(std::as_writable_bytes(std::span(text))));
    return text;
}

}  // namespace support
