// SPDX-License-Identifier: BSL-1.0
// A name server of one's choice, asked by a thread that blocks meanwhile. (getaddrinfo(3) asks the system's only.)
#pragma once

#include "crawler/options.h"

#include <ares.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace crawler {

inline bool needs_lookup(std::string_view host) {
    in_addr ignored;
    return !host.starts_with('[') && inet_pton(AF_INET, std::string(host).c_str(), &ignored) != 1;
}

/// Blocks until the IPv4 address of `host` is known. False, with the reason in `error`, when it has none, or `limit` is
/// over.
inline bool look_up(const std::string& host, const dns_server& server, std::chrono::milliseconds limit,
                    std::string& address, std::string& error) {
    struct answer {
        std::string& address;
        int status = ARES_ETIMEOUT;
    } got{address};
    ares_channel made = nullptr;
    if (const int status = ares_init(&made); status != ARES_SUCCESS) return error = ares_strerror(status), false;
    const std::unique_ptr<ares_channeldata, decltype(&ares_destroy)> channel(made, &ares_destroy);
    const bool is_v6 = server.address.find(':') != std::string::npos;
    const std::string where = (is_v6 ? '[' + server.address + ']' : server.address) + ':' + std::to_string(server.port);
    ares_set_servers_ports_csv(made, where.c_str());
    const auto on_answer = [](void* to, int status, int, hostent* found) {
        auto& got = *static_cast<answer*>(to);
        std::array<char, INET_ADDRSTRLEN> text;
        got.status = status;
        if (status == ARES_SUCCESS) got.address = inet_ntop(AF_INET, found->h_addr_list[0], text.data(), text.size());
    };
    ares_gethostbyname(made, host.c_str(), AF_INET, on_answer, &got);
    const auto deadline = std::chrono::steady_clock::now() + limit;
    for (;;) {
        std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets;
        std::array<pollfd, ARES_GETSOCK_MAXNUM> waits;
        const auto wanted = static_cast<unsigned>(ares_getsock(made, sockets.data(), ARES_GETSOCK_MAXNUM));
        nfds_t count = 0;
        for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM; ++i) {
            const short events = static_cast<short>((ARES_GETSOCK_READABLE(wanted, i) ? POLLIN : 0) |
                                                    (ARES_GETSOCK_WRITABLE(wanted, i) ? POLLOUT : 0));
            if (events) waits[count++] = {sockets[i], events, 0};
        }
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        if (count == 0 || left.count() <= 0) break;
        timeval most{left.count() / 1000, left.count() % 1000 * 1000}, next;
        const timeval* until = ares_timeout(made, &most, &next);
        poll(waits.data(), count, static_cast<int>(until->tv_sec * 1000 + until->tv_usec / 1000 + 1));
        for (nfds_t i = 0; i < count; ++i)
            ares_process_fd(made, waits[i].revents & (POLLIN | POLLERR | POLLHUP) ? waits[i].fd : ARES_SOCKET_BAD,
                            waits[i].revents & POLLOUT ? waits[i].fd : ARES_SOCKET_BAD);
        ares_process_fd(made, ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // what has timed out
    }
    if (got.status == ARES_SUCCESS) return true;
    error = ares_strerror(got.status);
    return false;
}

}  // namespace crawler
