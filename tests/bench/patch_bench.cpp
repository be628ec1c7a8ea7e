// SPDX-License-Identifier: BSL-1.0
// What the patch adds to a call that need not wait: send and recv of one byte over a socket pair, patched and libc's own
// in turns, on a fiber and on a native thread without a hub.
//
//     patch-bench [ROUNDS]
//
// Prints the least nanoseconds of a pair of calls, and half of what the patched pair takes more: the limits are 30 ns a
// call on a fiber and 5 ns off the hub.
#include <green/green.h>
#include <green/monkeypatch/patch.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <thread>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

constexpr int calls_per_sample = 2000;

template <class Pair>
double nanoseconds(Pair pair) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < calls_per_sample; ++i) pair();
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count() / calls_per_sample;
}

template <class Patched, class Original>
void compare(const char* what, int rounds, Patched patched, Original original) {
    double least_patched = std::numeric_limits<double>::max(), least_original = least_patched;
    for (int i = 0; i < rounds; ++i) {
        least_patched = std::min(least_patched, nanoseconds(patched));
        least_original = std::min(least_original, nanoseconds(original));
    }
    std::printf("%-34s %9.1f %9.1f %9.1f\n", what, least_original, least_patched, (least_patched - least_original) / 2);
}

void measure(const char* where, int rounds) {
    namespace patch = green::monkeypatch;
    int ends[2], pipes[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0 || ::pipe(pipes) != 0) std::abort();
    char c = 'x';
    std::printf("%s\n", where);
    compare("  send + recv", rounds, [&] { ::send(ends[0], &c, 1, 0), ::recv(ends[1], &c, 1, 0); },
            [&] {
                patch::original<&::send>()(ends[0], &c, 1, 0);
                patch::original<&::recv>()(ends[1], &c, 1, 0);
            });
    compare("  write + read of a socket", rounds,
            [&] {
                if (::write(ends[0], &c, 1) + ::read(ends[1], &c, 1) != 2) std::abort();
            },
            [&] {
                if (patch::original<&::write>()(ends[0], &c, 1) + patch::original<&::read>()(ends[1], &c, 1) != 2)
                    std::abort();
            });
    compare("  write + read of a pipe", rounds,
            [&] {
                if (::write(pipes[1], &c, 1) + ::read(pipes[0], &c, 1) != 2) std::abort();
            },
            [&] {
                if (patch::original<&::write>()(pipes[1], &c, 1) + patch::original<&::read>()(pipes[0], &c, 1) != 2)
                    std::abort();
            });
    pollfd ready{ends[0], POLLOUT, 0};
    compare("  poll + poll of one ready socket", rounds, [&] { ::poll(&ready, 1, 5), ::poll(&ready, 1, 5); },
            [&] { patch::original<&::poll>()(&ready, 1, 5), patch::original<&::poll>()(&ready, 1, 5); });
    for (int fd : {ends[0], ends[1], pipes[0], pipes[1]}) ::close(fd);
}

}  // namespace

int main(int count, char** words) {
    const int rounds = count > 1 ? std::atoi(words[1]) : 200;
    if (rounds <= 0 || count > 2) {
        std::fprintf(stderr, "usage: %s [ROUNDS]\n", words[0]);
        return 2;
    }
    green::monkeypatch::patch_all();
    std::printf("%-34s %9s %9s %9s\n", "least ns of a pair", "libc's", "patched", "more/call");
    green::spawn([&] { measure("on a fiber", rounds); }).join();
    std::thread([&] { measure("on a native thread", rounds); }).join();
}
