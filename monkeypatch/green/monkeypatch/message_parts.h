// SPDX-License-Identifier: BSL-1.0
// How far a message of several pieces has come. The caller's array is not changed: a piece that has been done in part is
// finished alone.
#pragma once

#include <cstddef>

#include <sys/socket.h>
#include <sys/uio.h>

namespace green::monkeypatch::detail {

// How many bytes there are in all.
inline std::size_t size_of(const iovec* parts, std::size_t count) noexcept {
    std::size_t size = 0;
    for (std::size_t i = 0; i < count; ++i) size += parts[i].iov_len;
    return size;
}

class message_parts {
  public:
    message_parts(const iovec* parts, std::size_t count) noexcept : next_(parts), left_(count) { skip_empty(); }

    bool done() const noexcept { return left_ == 0; }
    std::size_t count() const noexcept { return count_; }  // bytes

    void advance(std::size_t bytes) noexcept {
        count_ += bytes;
        inside_ += bytes;
        skip_empty();
    }

    // What comes next, as the pieces of one call.
    const iovec* pieces() noexcept {
        if (inside_ == 0) return next_;
        rest_ = {static_cast<char*>(next_->iov_base) + inside_, next_->iov_len - inside_};
        return &rest_;
    }
    std::size_t piece_count() const noexcept { return inside_ == 0 ? left_ : 1; }
    void put_into(msghdr& message) noexcept {
        message.msg_iov = const_cast<iovec*>(pieces());
        message.msg_iovlen = piece_count();
    }

  private:
    void skip_empty() noexcept {
        while (left_ && inside_ >= next_->iov_len) {
            inside_ -= next_->iov_len;
            ++next_;
            --left_;
        }
    }

    const iovec* next_;
    std::size_t left_;         // pieces, `next_` among them
    std::size_t inside_ = 0;   // so much of `next_` is done
    std::size_t count_ = 0;
    iovec rest_{};
};

}  // namespace green::monkeypatch::detail
