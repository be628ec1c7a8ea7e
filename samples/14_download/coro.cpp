// SPDX-License-Identifier: BSL-1.0
// A large file, received in pieces and written to disk, with its progress.
//
//     build/samples/14_download-coro
//
// Only one piece is in memory at a time, however large the file: while nobody reads, the sender waits. The receiver
// stays in its loop over read_some(); that it waits there holds up nobody else. You will see each quarter, as it has
// arrived, and that nothing is missing.
#include <green/green.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace coro = green::coro;
constexpr std::uint64_t file_bytes = 64 << 20;

coro::task<void> serve_one(green::tcp_listener& listener) {
    green::tcp_stream client = co_await coro::accept(listener);
    co_await coro::write_all(client, std::to_string(file_bytes) + '\n');
    const std::vector<std::byte> piece(1 << 20, std::byte{'g'});
    for (std::uint64_t sent = 0; sent < file_bytes; sent += piece.size()) co_await coro::write_all(client, piece);
}

coro::task<std::uint64_t> download(green::endpoint where, std::FILE* into) {
    green::tcp_stream server = co_await coro::connect(where);
    std::string head;
    const std::size_t line = co_await coro::read_until(server, head, "\n");
    const std::uint64_t total = std::stoull(head);
    std::uint64_t received = head.size() - line;
    std::fwrite(head.data() + line, 1, received, into);

    std::array<std::byte, 64 * 1024> piece;
    std::uint64_t shown = 0;
    while (std::size_t size = co_await coro::read_some(server, piece)) {
        std::fwrite(piece.data(), 1, size, into);
        received += size;
        for (; shown < received * 4 / total; ++shown) std::printf("%d %%\n", static_cast<int>(shown + 1) * 25);
    }
    co_return received;
}

int main() {
    green::tcp_listener listener({green::ip_address::loopback_v4(), 0});
    auto server = coro::spawn(serve_one(listener));
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), &std::fclose);
    const std::uint64_t received = green::block_on(download(listener.local_endpoint(), file.get()));
    std::printf("%ju bytes, all of them: %s\n", std::uintmax_t{received}, received == file_bytes ? "yes" : "no");
    green::block_on(server);
}
