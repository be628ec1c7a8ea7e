// SPDX-License-Identifier: BSL-1.0
#include <green/io/transfer.h>

#include <green/io/perform.h>
#include <green/io/transfer_attempts.h>

namespace green {

std::size_t read_some(int fd, std::span<std::byte> buffer, std::error_code& error, time_point deadline) {
    ssize_t count = detail::perform(fd, detail::direction::read, detail::read_attempt{fd, buffer}, deadline, error);
    return count < 0 ? 0 : static_cast<std::size_t>(count);
}

std::size_t receive_some(int fd, std::span<std::byte> buffer, std::error_code& error, time_point deadline) {
    ssize_t count =
        detail::perform(fd, detail::direction::read, detail::receive_attempt{fd, buffer}, deadline, error);
    return count < 0 ? 0 : static_cast<std::size_t>(count);
}

std::size_t write_some(int fd, std::span<const std::byte> data, std::error_code& error, time_point deadline) {
    ssize_t count = detail::perform(fd, detail::direction::write, detail::write_attempt{fd, data}, deadline, error);
    return count < 0 ? 0 : static_cast<std::size_t>(count);
}

}  // namespace green
