// SPDX-License-Identifier: BSL-1.0
// A name server that is faster than whoever asks it: one thread and UDP; every name has the address 192.0.2.1, and no
// other records. For the workload `dns` of the peers.
//
//     name-server [PORT]        0, which is the default, lets the kernel choose
//
// prints `port=N` when it can be asked on 127.0.0.1, and ends by SIGTERM or with its parent.
#include <cstdint>
#include <cstring>
#include <sys/socket.h>

#include "../peers/serving.h"

namespace {

constexpr std::size_t header_size = 12;
constexpr unsigned type_a = 1;
constexpr int batch_count = 64;

struct datagram {
    unsigned char bytes[1500];
    sockaddr_in from;
    iovec place;
};

// Where the question ends, 0 if it is not one question (RFC 1035, section 4.1).
std::size_t end_of_question(const unsigned char* message, std::size_t size) {
    if (size < header_size || message[4] != 0 || message[5] != 1) return 0;
    std::size_t at = header_size;
    while (at < size && message[at] != 0) at += message[at] + std::size_t{1};
    at += 5;  // the root label, the type, the class
    return at <= size ? at : 0;
}

// Makes the answer of the question, in its place; whatever followed the question goes. Returns the size, 0: say nothing.
std::size_t answer(unsigned char* message, std::size_t size) {
    constexpr unsigned char record[] = {0xc0, header_size, 0, type_a, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1};
    const std::size_t end = end_of_question(message, size);
    if (end == 0) return 0;
    const bool has_address = message[end - 4] == 0 && message[end - 3] == type_a;
    message[2] = static_cast<unsigned char>((message[2] & 0x79) | 0x84);  // a response, with authority
    message[3] = 0x80;                                                    // recursion available, no error
    std::memset(message + 6, 0, 6);
    if (!has_address) return end;
    message[7] = 1;
    std::memcpy(message + end, record, sizeof record);
    return end + sizeof record;
}

int open_port(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) peer::fail("socket");
    const int buffer_bytes = 1 << 20;
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof buffer_bytes);
    sockaddr_in address = peer::loopback(port);
    socklen_t size = sizeof address;
    if (::bind(fd, reinterpret_cast<sockaddr*>(&address), size) < 0) peer::fail("bind");
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    peer::announce(ntohs(address.sin_port));
    return fd;
}

}  // namespace

int main(int count, char** words) {
    const int fd = open_port(static_cast<std::uint16_t>(count > 1 ? std::atoi(words[1]) : 0));
    static datagram datagrams[batch_count];
    static mmsghdr headers[batch_count];
    for (;;) {
        for (int i = 0; i < batch_count; ++i) {
            datagram& one = datagrams[i];
            one.place = {one.bytes, 512};
            headers[i].msg_hdr = {.msg_name = &one.from, .msg_namelen = sizeof one.from, .msg_iov = &one.place, .msg_iovlen = 1,
                                  .msg_control = nullptr, .msg_controllen = 0, .msg_flags = 0};
        }
        const int received = ::recvmmsg(fd, headers, batch_count, MSG_WAITFORONE, nullptr);
        int answered = 0;
        for (int i = 0; i < received; ++i) {
            datagram& one = datagrams[i];
            one.place.iov_len = answer(one.bytes, headers[i].msg_len);
            if (one.place.iov_len > 0) headers[answered++].msg_hdr = headers[i].msg_hdr;
        }
        for (int sent = 0; sent < answered;) {
            const int more = ::sendmmsg(fd, headers + sent, static_cast<unsigned>(answered - sent), 0);
            sent += more > 0 ? more : 1;  // one that cannot be sent is asked for again
        }
    }
}
