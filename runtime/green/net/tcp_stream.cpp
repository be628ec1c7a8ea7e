// SPDX-License-Identifier: BSL-1.0
#include <green/net/tcp.h>

#include <green/io/perform.h>
#include <green/io/transfer.h>
#include <green/sys/calls.h>

#include <array>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace green {

namespace {

void shut_down(int fd, int how, std::error_code& error) noexcept {
    if (sys::shutdown(fd, how) != 0) error.assign(errno, std::generic_category());
}

void set_reset_on_close(int fd, bool value) {
    const linger setting{.l_onoff = value, .l_linger = 0};
    if (sys::setsockopt(fd, SOL_SOCKET, SO_LINGER, &setting, sizeof setting) != 0)
        throw std::system_error(errno, std::generic_category(), "green: setsockopt SO_LINGER");
}

bool reset_on_close(int fd) {
    linger setting{};
    unsigned size_bytes = sizeof setting;
    if (sys::getsockopt(fd, SOL_SOCKET, SO_LINGER, &setting, &size_bytes) != 0)
        throw std::system_error(errno, std::generic_category(), "green: getsockopt SO_LINGER");
    return setting.l_onoff && setting.l_linger == 0;
}

}  // namespace

namespace detail {

void set_tcp_options(int fd, const tcp_options& options) {
    auto set = [fd](const auto& value, int level, int name, const char* what) {
        if (value) set_option(fd, level, name, static_cast<int>(*value), what);
    };
    set(options.no_delay, IPPROTO_TCP, TCP_NODELAY, "TCP_NODELAY");
    set(options.keep_alive, SOL_SOCKET, SO_KEEPALIVE, "SO_KEEPALIVE");
    set(options.keep_alive_idle_seconds, IPPROTO_TCP, TCP_KEEPIDLE, "TCP_KEEPIDLE");
    set(options.keep_alive_interval_seconds, IPPROTO_TCP, TCP_KEEPINTVL, "TCP_KEEPINTVL");
    set(options.keep_alive_probe_count, IPPROTO_TCP, TCP_KEEPCNT, "TCP_KEEPCNT");
    set(options.send_buffer_bytes, SOL_SOCKET, SO_SNDBUF, "SO_SNDBUF");
    set(options.receive_buffer_bytes, SOL_SOCKET, SO_RCVBUF, "SO_RCVBUF");
    if (options.reset_on_close) set_reset_on_close(fd, *options.reset_on_close);
}

}  // namespace detail

std::string tcp_stream::describe() const {
    detail::socket_address peer;
    if (!is_open()) return "tcp connection (closed)";
    if (sys::getpeername(fd(), peer.get(), peer.size()) != 0) return "tcp connection on fd " + std::to_string(fd());
    return "tcp " + peer.to_endpoint().to_string();
}

void tcp_stream::shutdown_read() {
    std::error_code error;
    shut_down(fd(), SHUT_RD, error);
    if (error) throw std::system_error(error, "green: " + describe() + ": shutdown");
}

void tcp_stream::do_shutdown_write(std::error_code& error) {
    shut_down(fd(), SHUT_WR, error);
}

void tcp_stream::set_options(const tcp_options& options) {
    detail::set_tcp_options(fd(), options);
}

tcp_options tcp_stream::options() const {
    auto get = [this](int level, int name, const char* what) { return detail::get_option(fd(), level, name, what); };
    return {
        .no_delay = get(IPPROTO_TCP, TCP_NODELAY, "TCP_NODELAY") != 0,
        .keep_alive = get(SOL_SOCKET, SO_KEEPALIVE, "SO_KEEPALIVE") != 0,
        .keep_alive_idle_seconds = get(IPPROTO_TCP, TCP_KEEPIDLE, "TCP_KEEPIDLE"),
        .keep_alive_interval_seconds = get(IPPROTO_TCP, TCP_KEEPINTVL, "TCP_KEEPINTVL"),
        .keep_alive_probe_count = get(IPPROTO_TCP, TCP_KEEPCNT, "TCP_KEEPCNT"),
        .send_buffer_bytes = get(SOL_SOCKET, SO_SNDBUF, "SO_SNDBUF"),
        .receive_buffer_bytes = get(SOL_SOCKET, SO_RCVBUF, "SO_RCVBUF"),
        .reset_on_close = reset_on_close(fd()),
    };
}

std::size_t tcp_stream::do_read_some(std::span<std::byte> buffer, time_point deadline, std::error_code& error) {
    return receive_some(fd(), buffer, error, deadline);
}

std::size_t tcp_stream::do_write_some(std::span<const std::byte> data, time_point deadline, std::error_code& error) {
    return send_some(fd(), data, error, deadline);
}

std::size_t tcp_stream::do_write_parts(data_parts parts, time_point deadline, std::error_code& error) {
    std::array<iovec, 64> vector;
    detail::gather_attempt attempt(fd(), detail::fill_vector(vector, parts));
    ssize_t count = detail::perform(fd(), detail::direction::write, attempt, deadline, error);
    return count < 0 ? 0 : static_cast<std::size_t>(count);
}

}  // namespace green
