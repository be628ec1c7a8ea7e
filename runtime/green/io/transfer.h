// SPDX-License-Identifier: BSL-1.0
// Reading and writing any non-blocking descriptor of a byte stream: sockets, pipes, terminals.
#pragma once

#include <green/base/time.h>

#include <cstddef>
#include <span>
#include <system_error>

namespace green {

// Reads at least one byte into `buffer`, or none at the end of the stream or when `buffer` is empty; parks while
// there is none. On an error returns 0 and sets `error`: see read(2), plus timed_out, bad_file_descriptor (closed
// by another fiber meanwhile) and device_or_resource_busy (another fiber reads). Throws cancellation; then nothing
// was read.
std::size_t read_some(int fd, std::span<std::byte> buffer, std::error_code& error, time_point deadline = never);

// The same for a stream socket, a little faster (recv(2)).
std::size_t receive_some(int fd, std::span<std::byte> buffer, std::error_code& error, time_point deadline = never);

// Writes at least one byte of `data`, parking while there is no space. Errors as above; no SIGPIPE is raised on a
// socket. Throws cancellation; then nothing was written.
std::size_t write_some(int fd, std::span<const std::byte> data, std::error_code& error, time_point deadline = never);

}  // namespace green
