// SPDX-License-Identifier: BSL-1.0
#include <green/net/tcp.h>

#include <green/io/perform.h>
#include <green/net/accept_attempt.h>
#include <green/sys/calls.h>

#include <netinet/in.h>
#include <sys/socket.h>

namespace green {

tcp_listener::tcp_listener(const endpoint& where, const listen_options& options) {
    auto check = [&](bool done, const char* call) {
        if (!done)
            throw std::system_error(errno, std::generic_category(),
                                    "green: cannot listen on " + where.to_string() + ": " + call);
    };
    const detail::socket_address address(where);
    std::error_code error;
    auto socket = detail::socket_fd::open(address.family(), SOCK_STREAM, error);
    check(!error, "socket");
    const int fd = socket.get();
    if (options.reuse_address) detail::set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
    if (options.reuse_port) detail::set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT");
    if (where.address.is_v6()) detail::set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, options.v6_only, "IPV6_V6ONLY");
    detail::set_tcp_options(fd, options.accepted);
    check(sys::bind(fd, address.get(), address.size()) == 0, "bind");
    check(sys::listen(fd, options.backlog_count) == 0, "listen");
    socket_ = std::move(socket);
}

tcp_stream tcp_listener::accept(std::error_code& error, time_point deadline) {
    ssize_t fd =
        detail::perform(this->fd(), detail::direction::read, detail::accept_attempt(this->fd()), deadline, error);
    return fd < 0 ? tcp_stream() : tcp_stream(detail::socket_fd(static_cast<int>(fd)));
}

tcp_stream tcp_listener::accept(time_point deadline) {
    std::error_code error;
    tcp_stream accepted = accept(error, deadline);
    if (error) throw std::system_error(error, "green: accept");
    return accepted;
}

}  // namespace green
