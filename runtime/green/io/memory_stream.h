// SPDX-License-Identifier: BSL-1.0
// Two connected streams without a descriptor: for tests of timing and of protocols, and between fibers of one process.
#pragma once

#include <green/base/time.h>
#include <green/io/stream.h>

#include <cstddef>
#include <memory>
#include <utility>

namespace green {

namespace detail {
struct memory_pipe;
}

// One end of a connected pair. Example:
//
//     auto [client, server] = green::memory_stream::pair();
//     green::write_all(client, "hello");                        // parks once `capacity_bytes` are under way
//
// Behaves like a TCP connection: full duplex, back-pressure, an end per direction, broken_pipe when nobody can read any
// more, bad_file_descriptor for a reader or writer whose own end is closed meanwhile, device_or_resource_busy for a
// second one. Time is that of the hub, so that a virtual clock rules it. Both ends on one hub. Move-only.
class memory_stream final : public byte_stream {
  public:
    static std::pair<memory_stream, memory_stream> pair(std::size_t capacity_bytes = 64 * 1024);

    memory_stream() = default;  // closed
    memory_stream(memory_stream&&) = default;
    memory_stream& operator=(memory_stream&& other) noexcept {
        close();
        byte_stream::operator=(std::move(other));
        incoming_ = std::move(other.incoming_);
        outgoing_ = std::move(other.outgoing_);
        return *this;
    }
    ~memory_stream() override { close(); }

    void close() noexcept override;
    bool is_open() const noexcept override { return incoming_ != nullptr; }
    std::string describe() const override { return is_open() ? "memory stream" : "memory stream (closed)"; }

    // Reads hand out at most so many bytes at a time from now on, so that a test sees a message in pieces.
    void set_largest_read(std::size_t size_bytes) noexcept { largest_read_bytes_ = size_bytes; }
    // Both directions fail with connection_reset at the peer, now and later, as after a RST. This end is closed.
    void reset() noexcept;

  private:
    memory_stream(std::shared_ptr<detail::memory_pipe> incoming, std::shared_ptr<detail::memory_pipe> outgoing) noexcept
        : incoming_(std::move(incoming)), outgoing_(std::move(outgoing)) {}

    std::size_t do_read_some(std::span<std::byte> buffer, time_point deadline, std::error_code& error) override;
    std::size_t do_write_some(std::span<const std::byte> data, time_point deadline, std::error_code& error) override;
    void do_shutdown_write(std::error_code& error) override;

    std::shared_ptr<detail::memory_pipe> incoming_, outgoing_;
    std::size_t largest_read_bytes_ = static_cast<std::size_t>(-1);
};

}  // namespace green
