// SPDX-License-Identifier: BSL-1.0
// TCP: connected streams, and listeners that accept them. Connecting is net/connect.h, serving net/server.h.
#pragma once

#include <green/base/address.h>
#include <green/coro/task.h>
#include <green/io/io_awaiter.h>
#include <green/io/stream.h>
#include <green/io/transfer.h>
#include <green/net/accept_attempt.h>
#include <green/net/socket.h>

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

namespace green {

// Options of a connection; what is not set stays as it is. Linux hands those of a listener down to the sockets
// that it accepts, so they cost no system call per connection.
struct tcp_options {
    std::optional<bool> no_delay{};                       // TCP_NODELAY: small writes go out at once (tcp(7))
    std::optional<bool> keep_alive{};                     // SO_KEEPALIVE (socket(7))
    std::optional<int> keep_alive_idle_seconds{};         // TCP_KEEPIDLE
    std::optional<int> keep_alive_interval_seconds{};     // TCP_KEEPINTVL
    std::optional<int> keep_alive_probe_count{};          // TCP_KEEPCNT
    std::optional<int> send_buffer_bytes{};               // SO_SNDBUF; the kernel doubles it
    std::optional<int> receive_buffer_bytes{};            // SO_RCVBUF; the kernel doubles it
    // SO_LINGER with zero seconds: close() drops what was not sent and resets the connection. Longer lingering is
    // not offered, because it makes close(2) block the thread, non-blocking socket or not.
    std::optional<bool> reset_on_close{};
};

// A TCP connection. Closes itself. Example:
//
//     green::tcp_stream peer = green::connect(green::endpoint::parse("127.0.0.1:80"));
//     green::write_all(peer, "GET / HTTP/1.0\r\n\r\n");
//
// See byte_stream for reading, writing, deadlines and concurrency. Belongs to no thread in particular: it may be
// handed to a fiber of another hub while nobody uses it. Move-only; a moved-from one is closed.
class tcp_stream final : public byte_stream {
  public:
    // Not connected.
    tcp_stream() = default;
    // Takes over a connected, non-blocking socket.
    explicit tcp_stream(detail::socket_fd socket) noexcept : socket_(std::move(socket)) {}
    tcp_stream(tcp_stream&&) = default;
    tcp_stream& operator=(tcp_stream&&) = default;

    void close() noexcept override { socket_.close(); }
    bool is_open() const noexcept override { return static_cast<bool>(socket_); }
    std::string describe() const override;

    // Ends the incoming half: a reader reads the end of the stream, now and later (shutdown(2), SHUT_RD). Does not
    // park. Throws std::system_error, not_connected above all.
    void shutdown_read();

    // Throw std::system_error: bad_file_descriptor, or not_connected when the peer has gone. They do not park.
    endpoint local_endpoint() const { return detail::local_endpoint_of(fd()); }
    endpoint remote_endpoint() const { return detail::remote_endpoint_of(fd()); }
    void set_options(const tcp_options& options);
    tcp_options options() const;

    int fd() const noexcept { return socket_.get(); }
    // Gives the descriptor away, still open; close it with close_fd().
    int release() noexcept { return socket_.release(); }

  private:
    std::size_t do_read_some(std::span<std::byte> buffer, time_point deadline, std::error_code& error) override;
    std::size_t do_write_some(std::span<const std::byte> data, time_point deadline, std::error_code& error) override;
    std::size_t do_write_parts(data_parts parts, time_point deadline, std::error_code& error) override;
    void do_shutdown_write(std::error_code& error) override;

    detail::socket_fd socket_;
};

namespace detail {
void set_tcp_options(int fd, const tcp_options& options);
}

struct listen_options {
    int backlog_count = 4096;    // connections that wait to be accepted; the kernel caps it at net.core.somaxconn
    bool reuse_address = true;   // SO_REUSEADDR: the port of connections just closed is free again
    bool reuse_port = false;     // SO_REUSEPORT: several listeners, usually one per thread, share the port
    bool v6_only = false;        // a listener on [::] does not take IPv4 connections (IPV6_V6ONLY)
    tcp_options accepted{.no_delay = true};
};

// A TCP socket that accepts connections.
//
//     green::tcp_listener listener({green::ip_address::loopback_v4(), 0});     // port 0: the kernel chooses
//     green::tcp_stream peer = listener.accept();
//
// One fiber accepts at a time. close() by another fiber wakes it with bad_file_descriptor. Move-only.
class tcp_listener {
  public:
    tcp_listener() = default;
    // Binds and listens. Does not park. Throws std::system_error that names the endpoint: address_in_use,
    // address_not_available, permission_denied (bind(2), listen(2)).
    explicit tcp_listener(const endpoint& where, const listen_options& options = {});

    // Parks until there is a connection and returns it, non-blocking and close-on-exec; a stream that is not open on
    // an error. Connections that died while they waited are passed over. Errors: timed_out, bad_file_descriptor,
    // device_or_resource_busy, and those of accept(2), too_many_files_open above all. Throws cancellation; then
    // nothing was accepted.
    tcp_stream accept(std::error_code& error, time_point deadline = never);
    tcp_stream accept(time_point deadline = never);

    void close() noexcept { socket_.close(); }
    bool is_open() const noexcept { return static_cast<bool>(socket_); }
    endpoint local_endpoint() const { return detail::local_endpoint_of(fd()); }
    int fd() const noexcept { return socket_.get(); }

  private:
    detail::socket_fd socket_;
};

// The same as co_await. Streams and buffers must outlive the wait.
namespace coro {

// What a call that throws keeps its error in.
struct own_error {
    std::error_code code;
};

template <class Attempt>
class [[nodiscard]] stream_awaiter : private own_error, public transfer_awaiter<Attempt> {
  public:
    stream_awaiter(const tcp_stream& stream, detail::direction d, Attempt attempt, time_point deadline,
                   const char* call)
        : transfer_awaiter<Attempt>(stream.fd(), d, attempt, deadline, own_error::code, true),
          stream_(stream),
          call_(call) {}
    std::size_t await_resume() {
        const std::size_t count = transfer_awaiter<Attempt>::await_resume();
        if (own_error::code) throw std::system_error(own_error::code, "green: " + stream_.describe() + ": " + call_);
        return count;
    }

  private:
    const tcp_stream& stream_;
    const char* call_;
};

// See byte_stream::read_some() and write_some(); the stream's deadlines are in force.
inline auto read_some(tcp_stream& from, std::span<std::byte> buffer, std::error_code& error) {
    return transfer_awaiter<detail::receive_attempt>(from.fd(), detail::direction::read, {from.fd(), buffer},
                                                     from.read_deadline(), error, true);
}
inline auto read_some(tcp_stream& from, std::span<std::byte> buffer) {
    return stream_awaiter<detail::receive_attempt>(from, detail::direction::read, {from.fd(), buffer},
                                                   from.read_deadline(), "read");
}
inline auto write_some(tcp_stream& to, std::span<const std::byte> data, std::error_code& error) {
    return transfer_awaiter<detail::send_attempt>(to.fd(), detail::direction::write, {to.fd(), data},
                                                  to.write_deadline(), error, true);
}
inline auto write_some(tcp_stream& to, std::span<const std::byte> data) {
    return stream_awaiter<detail::send_attempt>(to, detail::direction::write, {to.fd(), data}, to.write_deadline(),
                                                "write");
}
// Several pieces in one go, at most sixteen of them: the awaiter holds their places.
struct gathered_parts {
    std::array<iovec, 16> vector;
};
class [[nodiscard]] gather_awaiter : private gathered_parts, public transfer_awaiter<detail::gather_attempt> {
  public:
    gather_awaiter(const tcp_stream& to, data_parts parts, std::error_code& error)
        : transfer_awaiter(to.fd(), detail::direction::write, {to.fd(), detail::fill_vector(vector, parts)},
                           to.write_deadline(), error, true) {}
};
inline auto write_some(tcp_stream& to, data_parts parts, std::error_code& error) {
    return gather_awaiter(to, parts, error);
}
// See the functions of the same names for byte_stream.
task<void> write_all(tcp_stream& to, std::span<const std::byte> data);
task<void> write_all(tcp_stream& to, std::string_view text);
task<void> read_exactly(tcp_stream& from, std::span<std::byte> buffer);
task<std::size_t> read_until(tcp_stream& from, std::string& text, std::string_view delimiter,
                             std::size_t limit_bytes = 1 << 20);

class [[nodiscard]] accept_awaiter : private own_error, public detail::io_awaiter<detail::accept_attempt> {
  public:
    accept_awaiter(const tcp_listener& from, time_point deadline)
        : io_awaiter(from.fd(), detail::direction::read, detail::accept_attempt(from.fd()), deadline, own_error::code) {
    }
    tcp_stream await_resume() {
        const auto fd = static_cast<int>(io_awaiter::await_resume());
        if (own_error::code) throw std::system_error(own_error::code, "green: accept");
        return tcp_stream(detail::socket_fd(fd));
    }
};
inline auto accept(tcp_listener& from, time_point deadline = never) {
    return accept_awaiter(from, deadline);
}

}  // namespace coro

}  // namespace green
