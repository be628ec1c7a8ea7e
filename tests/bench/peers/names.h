// SPDX-License-Identifier: BSL-1.0
// The workload `dns`: so many flows at a time look up one host name after the other, each a different one, for IPv4
// only. The program runs where /etc/resolv.conf names a server on 127.0.0.1:53 (see `apart` here), which answers every name.
#pragma once

#include <netdb.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace peer {

// Any thread.
inline std::string next_name() {
    static std::atomic<std::uint64_t> count{0};
    return "host" + std::to_string(count.fetch_add(1, std::memory_order_relaxed)) + ".bench.test";
}

// How many names each of `size` flows looks up, when it is `n` in all.
inline std::uint64_t names_each(std::size_t size, std::uint64_t n) {
    return (n + size - 1) / size;
}

inline void check_answer(bool is_right, const std::string& name) {
    if (is_right) return;
    std::fprintf(stderr, "%s was not found\n", name.c_str());
    std::exit(1);
}

// Blocking, as libc does it.
inline void look_up_by_libc() {
    addrinfo hints{}, *found = nullptr;
    hints.ai_family = AF_INET;
    hints.ai_socktype = SOCK_STREAM;
    const std::string name = next_name();
    check_answer(::getaddrinfo(name.c_str(), nullptr, &hints, &found) == 0, name);
    ::freeaddrinfo(found);
}

}  // namespace peer
