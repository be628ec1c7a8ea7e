// SPDX-License-Identifier: BSL-1.0
// The same of calls under the patch: see hot_paths.cpp.
#include <green/monkeypatch/patch.h>

#include <cstdlib>

#include <sys/socket.h>

#include "hot_paths.h"

namespace {

// Neither has to wait.
void send_and_recv(unsigned times) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) std::abort();
    green::monkeypatch::patch_all();
    char c = 'x';
    for (unsigned i = 0; i < times; ++i)
        if (::send(ends[0], &c, 1, 0) != 1 || ::recv(ends[1], &c, 1, 0) != 1) std::abort();
}

constexpr bench::path paths[] = {{"patched send and recv", send_and_recv}};

}  // namespace

int main(int count, char** words) {
    return bench::walk(paths, count, words);
}
