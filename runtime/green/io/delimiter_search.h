// SPDX-License-Identifier: BSL-1.0
// Reading up to a delimiter, without the reading: what read_until() does before and after each step, in both models.
#pragma once

#include <green/io/stream.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

namespace green::detail {

// `text` grows by room for a step, and goes back to what it held when the step fails, or never comes back.
class delimiter_search {
  public:
    delimiter_search(std::string& text, std::string_view delimiter, std::size_t limit_bytes) noexcept
        : text_(text), delimiter_(delimiter), held_(text.size()), limit_bytes_(limit_bytes) {}
    ~delimiter_search() { text_.resize(held_); }
    delimiter_search(const delimiter_search&) = delete;

    // Whether the delimiter is there, or can no longer come: then with an error.
    bool is_over(std::error_code& error) {
        const std::size_t at = text_.find(delimiter_, looked_at_);
        const bool is_there = at != text_.npos;
        if (is_there && at + delimiter_.size() <= limit_bytes_) {
            size_ = at + delimiter_.size();
            return true;
        }
        if (is_there || held_ >= limit_bytes_) {
            error = stream_errc::limit_exceeded;
            return true;
        }
        looked_at_ = held_ - std::min(held_, delimiter_.size() - 1);
        return false;
    }
    std::span<std::byte> room() {
        constexpr std::size_t step_bytes = 4096;
        text_.resize(held_ + std::min(step_bytes, limit_bytes_ - held_));
        return std::as_writable_bytes(std::span(text_)).subspan(held_);
    }
    void take(std::size_t count, std::error_code& error) {
        held_ += count;
        text_.resize(held_);
        if (!error && count == 0) error = stream_errc::end_of_stream;
    }

    // Up to and including the delimiter; 0 after an error.
    std::size_t size() const noexcept { return size_; }

  private:
    std::string& text_;
    std::string_view delimiter_;
    std::size_t held_;
    std::size_t limit_bytes_;
    std::size_t looked_at_ = 0;
    std::size_t size_ = 0;
};

}  // namespace green::detail
