// SPDX-License-Identifier: BSL-1.0
// Reading and writing any non-blocking descriptor of a byte stream: sockets, pipes, terminals.
#pragma once

#include <green/base/time.h>
#include <green/io/io_awaiter.h>
#include <green/io/transfer_attempts.h>

#include <cstddef>
#include <span>
#include <system_error>

namespace green {

// Reads at least one byte into `buffer`, or none at the end of the stream or when `buffer` is empty; parks while
// there is none. On an error returns 0 and sets `error`: see read(2), plus timed_out, bad_file_descriptor (closed
// by another fiber meanwhile) and device_or_resource_busy (another fiber reads). Throws cancellation; then nothing
// was read.
std::size_t read_some(int fd, std::span<std::byte> buffer, std::error_code& error, time_point deadline = never);

// The same for a stream socket, faster (recv(2)): after less than asked for it does not ask the kernel again before there
// is an event. Not for unix sockets that carry descriptors or credentials, whose reads end short between messages.
std::size_t receive_some(int fd, std::span<std::byte> buffer, std::error_code& error, time_point deadline = never);

// Writes at least one byte of `data`, parking while there is no space. Errors as above; no SIGPIPE is raised on a
// socket. Throws cancellation; then nothing was written.
std::size_t write_some(int fd, std::span<const std::byte> data, std::error_code& error, time_point deadline = never);

// The same for a stream socket, a little faster (send(2)).
std::size_t send_some(int fd, std::span<const std::byte> data, std::error_code& error, time_point deadline = never);

// The same as co_await. `error` and the buffer must outlive the wait.
namespace coro {

template <class Attempt>
class [[nodiscard]] transfer_awaiter : public detail::io_awaiter<Attempt> {
  public:
    using detail::io_awaiter<Attempt>::io_awaiter;
    std::size_t await_resume() {
        const ssize_t count = detail::io_awaiter<Attempt>::await_resume();
        return count < 0 ? 0 : static_cast<std::size_t>(count);
    }
};

inline auto read_some(int fd, std::span<std::byte> buffer, std::error_code& error, time_point deadline = never) {
    return transfer_awaiter<detail::read_attempt>(fd, detail::direction::read, {fd, buffer}, deadline, error);
}
inline auto receive_some(int fd, std::span<std::byte> buffer, std::error_code& error, time_point deadline = never) {
    return transfer_awaiter<detail::receive_attempt>(fd, detail::direction::read, {fd, buffer}, deadline, error);
}
inline auto write_some(int fd, std::span<const std::byte> data, std::error_code& error, time_point deadline = never) {
    return transfer_awaiter<detail::write_attempt>(fd, detail::direction::write, {fd, data}, deadline, error);
}
inline auto send_some(int fd, std::span<const std::byte> data, std::error_code& error, time_point deadline = never) {
    return transfer_awaiter<detail::send_attempt>(fd, detail::direction::write, {fd, data}, deadline, error);
}

}  // namespace coro

}  // namespace green
