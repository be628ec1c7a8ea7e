// SPDX-License-Identifier: BSL-1.0
// One answer on its connection, from its head to the end of its body. Private to this room.
#pragma once

#include <green/http/decoder.h>
#include <green/http/message_parser.h>
#include <green/http/pool.h>
#include <green/http/response.h>

#include <optional>

namespace green::http::detail {

// What a client wants of a body.
struct body_rules {
    std::uint64_t limit_bytes;
    bool decode;  // undo gzip and deflate
};

class exchange {
  public:
    // The head is done. `may_keep`: the request was sent completely, and nothing in it asks to close.
    exchange(lease l, message_parser parser, const body_rules& rules, bool may_keep, std::string method, http::url u);
    ~exchange();

    // At least one byte of the body, unpacked, into a buffer that is not empty, or its end; see connection.h. One that
    // does not get there has closed the connection.
    class reading {
      public:
        reading(exchange& of, std::span<std::byte> buffer) noexcept : of_(of), buffer_(buffer) {}
        ~reading() {
            if (!is_over_) of_.lease_.end();
        }
        reading(const reading&) = delete;
        std::span<std::byte> room();
        void take(std::size_t count) { travelling_->take(count); }
        connection& from() noexcept { return travelling_->from(); }
        std::size_t size() const noexcept { return size_; }

      private:
        void begin();
        void travel();
        void arrive(std::size_t count);

        exchange& of_;
        std::span<std::byte> buffer_;
        std::optional<body_reading> travelling_{};  // under way
        std::size_t size_ = 0;
        bool is_over_ = false;
    };
    void close() noexcept { lease_.end(); }
    // Makes the connection free if the rest of the body is here already. Does not park.
    void discard_rest() noexcept;

    message_parser parser;  // its head is the answer's
    std::string method;
    http::url url;
    std::vector<hop> hops;
    std::uint64_t travelled_bytes = 0;

  private:
    std::size_t decode_some(std::span<std::byte> buffer);
    void choose_decoder();
    void count(std::uint64_t& total, std::size_t more) const;
    void release_if_done();

    lease lease_;
    body_rules rules_;
    bool may_keep_;
    bool decoder_is_chosen_ = false;
    std::unique_ptr<decoder> decoder_;
    std::uint64_t decoded_bytes_ = 0;
    std::vector<std::byte> packed_;         // storage
    std::span<const std::byte> undecoded_;  // in packed_
};

}  // namespace green::http::detail
