// SPDX-License-Identifier: BSL-1.0
// Reading all of a body, without the reading: what read_all() does between two pieces, in both models. Private to this
// room.
#pragma once

#include <green/http/error.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <system_error>

namespace green::http::detail {

class whole_body {
  public:
    explicit whole_body(std::size_t limit_bytes) noexcept : limit_bytes_(limit_bytes) {}

    // For the next piece; empty once all is there.
    std::span<std::byte> room() {
        if (is_over_) return {};
        constexpr std::size_t first_piece_bytes = 4096, largest_piece_bytes = 1 << 20;
        const std::size_t piece = std::clamp(size_, first_piece_bytes, largest_piece_bytes);
        const std::size_t allowed = limit_bytes_ - size_;
        // One byte beyond the limit tells a body that is too long from one that just fits.
        text_.resize(size_ + std::min(piece, allowed + (allowed < piece)));
        return std::as_writable_bytes(std::span(text_).subspan(size_));
    }
    // A piece of that size has come; 0: there are no more. Throws std::system_error (body_too_large).
    void take(std::size_t count) {
        size_ += count;
        text_.resize(size_);
        is_over_ = count == 0;
        if (size_ > limit_bytes_) throw std::system_error(make_error_code(errc::body_too_large), "read_all");
    }
    std::string text() && noexcept { return std::move(text_); }

  private:
    std::string text_;
    std::size_t size_ = 0;
    std::size_t limit_bytes_;
    bool is_over_ = false;
};

}  // namespace green::http::detail
