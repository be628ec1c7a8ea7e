// SPDX-License-Identifier: BSL-1.0
// UDP datagrams.
#pragma once

#include <green/base/address.h>
#include <green/base/time.h>
#include <green/net/socket.h>

#include <cstddef>
#include <span>
#include <system_error>

namespace green {

// A UDP socket. Closes itself. Example:
//
//     green::udp_socket socket({green::ip_address::loopback_v4(), 0});
//     std::array<std::byte, 1500> buffer;
//     auto [size_bytes, from] = socket.receive(buffer);
//     socket.send(std::span(buffer).first(size_bytes), from);
//
// One fiber may receive while another sends; a second one of a kind is refused with device_or_resource_busy. close() by
// another fiber wakes them with bad_file_descriptor. Receiving and sending park and throw cancellation; then nothing
// was received or sent. Move-only.
class udp_socket {
  public:
    udp_socket() = default;
    // Bound to `where`; port 0 lets the kernel choose. Does not park. Throws std::system_error that names the endpoint.
    explicit udp_socket(const endpoint& where);

    struct datagram {
        std::size_t size_bytes = 0;  // what did not fit into the buffer is lost (udp(7))
        endpoint from{};
    };
    // Parks until there is a datagram. Errors: timed_out, bad_file_descriptor, device_or_resource_busy, and what
    // recvmsg(2) reports: connection_refused when a datagram sent before met no receiver and the socket is connected.
    datagram receive(std::span<std::byte> buffer, std::error_code& error, time_point deadline = never);
    datagram receive(std::span<std::byte> buffer, time_point deadline = never);

    // Sends one datagram; parks while the kernel has no space for it. Errors as above, and message_size.
    void send(std::span<const std::byte> data, const endpoint& to, std::error_code& error, time_point deadline = never);
    void send(std::span<const std::byte> data, const endpoint& to, time_point deadline = never);

    // Receives from and sends to `peer` only from now on (connect(2)); does not park.
    void connect(const endpoint& peer);
    void send(std::span<const std::byte> data, std::error_code& error, time_point deadline = never);
    void send(std::span<const std::byte> data, time_point deadline = never);

    void close() noexcept { socket_.close(); }
    bool is_open() const noexcept { return static_cast<bool>(socket_); }
    endpoint local_endpoint() const { return detail::local_endpoint_of(fd()); }
    int fd() const noexcept { return socket_.get(); }

  private:
    void send(std::span<const std::byte> data, const endpoint* to, std::error_code& error, time_point deadline);

    detail::socket_fd socket_;
};

}  // namespace green
