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

    // Reads at least one byte of the body, unpacked; 0 at its end. Parks. Throws std::system_error.
    std::size_t read_some(std::span<std::byte> buffer);
    void close() noexcept { lease_.end(); }
    // Makes the connection free if the rest of the body is here already. Does not park.
    void discard_rest() noexcept;

    message_parser parser;  // its head is the answer's
    std::string method;
    http::url url;
    std::vector<hop> hops;
    std::uint64_t travelled_bytes = 0;

  private:
    std::size_t read_travelling(std::span<std::byte> buffer);
    std::size_t read_decoded(std::span<std::byte> buffer);
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
