// SPDX-License-Identifier: BSL-1.0
#include <green/net/udp.h>

#include <green/io/perform.h>
#include <green/sys/calls.h>
#include <green/sys/direct_call.h>

#include <sys/socket.h>
#include <sys/uio.h>

namespace green {

namespace {

struct receive_attempt {
    const char* call = "receive";
    int fd;
    std::span<std::byte> buffer;
    detail::socket_address& from;

    ssize_t operator()() const noexcept {
        iovec part{buffer.data(), buffer.size()};
        msghdr message{};
        message.msg_name = from.get();
        message.msg_namelen = from.capacity();
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        return sys::or_errno(sys::recvmsg(fd, &message, 0));
    }
    bool emptied(ssize_t) const noexcept { return false; }  // a datagram's size says nothing of the next one
};

struct send_attempt {
    const char* call = "send";
    int fd;
    std::span<const std::byte> data;
    const detail::socket_address* to;  // null: the connected peer

    ssize_t operator()() const noexcept {
        iovec part{const_cast<std::byte*>(data.data()), data.size()};
        msghdr message{};
        if (to) {
            message.msg_name = const_cast<sockaddr*>(to->get());
            message.msg_namelen = to->size();
        }
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        return sys::or_errno(sys::sendmsg(fd, &message, MSG_NOSIGNAL));
    }
    bool emptied(ssize_t) const noexcept { return false; }
};

[[noreturn]] void fail(const std::error_code& error, const std::string& what) {
    throw std::system_error(error, "green: " + what);
}

}  // namespace

udp_socket::udp_socket(const endpoint& where) {
    const detail::socket_address address(where);
    std::error_code error;
    auto socket = detail::socket_fd::open(address.family(), SOCK_DGRAM, error);
    if (!error && sys::bind(socket.get(), address.get(), address.size()) != 0)
        error.assign(errno, std::generic_category());
    if (error) fail(error, "cannot bind a UDP socket to " + where.to_string());
    socket_ = std::move(socket);
}

udp_socket::datagram udp_socket::receive(std::span<std::byte> buffer, std::error_code& error, time_point deadline) {
    detail::socket_address from;
    const receive_attempt attempt{.fd = fd(), .buffer = buffer, .from = from};
    const ssize_t count = detail::perform(fd(), detail::direction::read, attempt, deadline, error);
    if (count < 0) return {};
    return {static_cast<std::size_t>(count), from.to_endpoint()};
}

udp_socket::datagram udp_socket::receive(std::span<std::byte> buffer, time_point deadline) {
    std::error_code error;
    const datagram received = receive(buffer, error, deadline);
    if (error) fail(error, "UDP receive");
    return received;
}

void udp_socket::send(std::span<const std::byte> data, const endpoint* to, std::error_code& error,
                      time_point deadline) {
    std::optional<detail::socket_address> address;
    if (to) address.emplace(*to);
    const send_attempt attempt{.fd = fd(), .data = data, .to = address ? &*address : nullptr};
    detail::perform(fd(), detail::direction::write, attempt, deadline, error);
}

void udp_socket::send(std::span<const std::byte> data, const endpoint& to, std::error_code& error,
                      time_point deadline) {
    send(data, &to, error, deadline);
}

void udp_socket::send(std::span<const std::byte> data, const endpoint& to, time_point deadline) {
    std::error_code error;
    send(data, &to, error, deadline);
    if (error) fail(error, "UDP send to " + to.to_string());
}

void udp_socket::send(std::span<const std::byte> data, std::error_code& error, time_point deadline) {
    send(data, nullptr, error, deadline);
}

void udp_socket::send(std::span<const std::byte> data, time_point deadline) {
    std::error_code error;
    send(data, nullptr, error, deadline);
    if (error) fail(error, "UDP send");
}

void udp_socket::connect(const endpoint& peer) {
    const detail::socket_address address(peer);
    if (sys::connect(fd(), address.get(), address.size()) != 0)
        fail({errno, std::generic_category()}, "UDP connect to " + peer.to_string());
}

}  // namespace green
