// SPDX-License-Identifier: BSL-1.0
// What a server answered, as its client sees it.
#pragma once

#include <green/coro/task.h>
#include <green/http/body.h>
#include <green/http/headers.h>
#include <green/http/url.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace green::http {

namespace detail {
class exchange;
}

// A redirect that was followed.
struct hop {
    http::url from;  // what was asked for
    int status;      // how it answered, 301 for example
};

// An answer whose header has come; its body is read through body_reader. It occupies its connection until the body has
// been read to the end, then the connection is free for the session's next request. One that is dropped before gives
// the connection up, unless the rest is small and has arrived already. Its body counts against the deadline of its
// request. May outlive its session. Move-only; one that is false may only be destroyed or assigned to.
class response final : public body_reader {
  public:
    response(response&&) noexcept;
    response& operator=(response&&) noexcept;
    ~response();

    // False for one that was moved from, and for what the error_code spelling returns beside an error.
    explicit operator bool() const noexcept { return exchange_ != nullptr; }

    int status() const noexcept;
    std::string_view reason() const noexcept;  // as the server worded it
    bool succeeded() const noexcept { return status() >= 200 && status() < 300; }
    // As they came: Content-Encoding and Content-Length describe the body as it travelled.
    const http::headers& headers() const noexcept;
    // Behind a chunked body; complete at its end.
    const http::headers& trailers() const noexcept;
    int minor_version() const noexcept;  // of HTTP/1

    // What this is the answer to, and the redirects that led there.
    const http::url& url() const noexcept;
    const std::vector<hop>& hops() const noexcept;

    // Of the body as it travels, when the server has said so.
    std::optional<std::uint64_t> content_length() const noexcept;
    // How much of the body has been read from the connection so far, as it travelled: before it was unpacked.
    std::uint64_t travelled_bytes() const noexcept;

    // Gives up the rest of the body and closes the connection. Does not park.
    void close() noexcept;

    // The same as co_await; spelled coro::read_some() and coro::read_all(), below.
    coro::task<std::size_t> read_some_task(std::span<std::byte> buffer);
    coro::task<std::string> read_all_task(std::size_t limit_bytes);

    // For the rooms of the runtime.
    explicit response(std::unique_ptr<detail::exchange> e) noexcept;

  private:
    std::size_t do_read_some(std::span<std::byte> buffer) override;
    std::string describe() const override;

    std::unique_ptr<detail::exchange> exchange_;
};

}  // namespace green::http

// The same as co_await. The response and the buffer must outlive the wait.
namespace green::coro {

// See body_reader::read_some() and read_all().
inline task<std::size_t> read_some(http::response& from, std::span<std::byte> buffer) {
    return from.read_some_task(buffer);
}
inline task<std::string> read_all(http::response& from,
                                  std::size_t limit_bytes = http::body_reader::default_read_all_limit_bytes) {
    return from.read_all_task(limit_bytes);
}

}  // namespace green::coro
