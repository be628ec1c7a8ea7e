// SPDX-License-Identifier: BSL-1.0
// Unpacks gzip and deflate, a piece at a time. Knows zlib and bytes, no streams. Private to this room.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace green::http::detail {

// Unpacks one body in constant memory, however large it becomes: what is produced is bounded by the output it is given.
//
// Content-Encoding "gzip" may be several members one after the other (RFC 1952, section 2.2); zeros behind the last are
// padding. "deflate" means the zlib format (RFC 1950); many servers send bare deflate data (RFC 1951) instead, which
// the first two bytes tell apart.
class decoder {
  public:
    enum class coding { gzip, deflate };

    // Throws std::bad_alloc.
    explicit decoder(coding c);
    ~decoder();
    decoder(const decoder&) = delete;
    decoder& operator=(const decoder&) = delete;

    struct progress {
        std::size_t consumed = 0;
        std::size_t produced = 0;
    };
    // Unpacks some of `input` into `output`, which is not empty. When that filled the output, more may be held back: it
    // comes out with the next call, for which there need be no input. Throws std::system_error (decompression_failed).
    progress decode(std::span<const std::byte> input, std::span<std::byte> output);
    // Whether the packed data was complete; so it is when there was none at all.
    bool is_complete() const noexcept;

  private:
    struct implementation;
    std::unique_ptr<implementation> implementation_;
};

}  // namespace green::http::detail
