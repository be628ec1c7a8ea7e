// SPDX-License-Identifier: BSL-1.0
#include <green/http/body.h>

#include <green/http/describe_error.h>
#include <green/http/whole_body.h>

namespace green::http {

std::size_t body_reader::read_some(std::span<std::byte> buffer) {
    if (buffer.empty()) return 0;
    try {
        return do_read_some(buffer);
    } catch (const std::system_error& error) {
        detail::rethrow_about(describe(), error);
    }
}

std::size_t body_reader::read_some(std::span<std::byte> buffer, std::error_code& error) {
    error.clear();
    if (buffer.empty()) return 0;
    try {
        return do_read_some(buffer);
    } catch (const std::system_error& failure) {
        error = failure.code();
        return 0;
    }
}

std::string body_reader::read_all(std::size_t limit_bytes) {
    try {
        detail::whole_body all(limit_bytes);
        for (auto room = all.room(); !room.empty(); room = all.room()) all.take(do_read_some(room));
        return std::move(all).text();
    } catch (const std::system_error& failure) {
        detail::rethrow_about(describe(), failure);
    }
}

std::string body_reader::read_all(std::size_t limit_bytes, std::error_code& error) {
    error.clear();
    try {
        return read_all(limit_bytes);
    } catch (const std::system_error& failure) {
        error = failure.code();
        return {};
    }
}

}  // namespace green::http
