// SPDX-License-Identifier: BSL-1.0
#include <green/http/body.h>

#include <green/http/describe_error.h>
#include <green/http/error.h>

#include <algorithm>

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
    std::string all;
    try {
        constexpr std::size_t first_piece_bytes = 4096, largest_piece_bytes = 1 << 20;
        for (;;) {
            const std::size_t had = all.size();
            const std::size_t piece = std::clamp(had, first_piece_bytes, largest_piece_bytes);
            // One byte beyond the limit tells a body that is too long from one that just fits.
            all.resize(had + std::min(piece, limit_bytes - had + (limit_bytes - had < piece)));
            const std::size_t count = do_read_some(std::as_writable_bytes(std::span(all).subspan(had)));
            all.resize(had + count);
            if (count == 0) return all;
            if (all.size() > limit_bytes) throw std::system_error(make_error_code(errc::body_too_large), "read_all");
        }
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
