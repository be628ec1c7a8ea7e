// SPDX-License-Identifier: BSL-1.0
// libuv: looking up names by uv_getaddrinfo, which is libc's on its pool of threads. Only half of a pool looks up names
// (UV__WORK_SLOW_IO), so it has twice as many threads as go on at a time, up to libuv's limit of 1024.
#include <uv.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "names.h"
#include "peer.h"

namespace {

struct flow {
    uv_getaddrinfo_t request;
    std::uint64_t left = 0;
    std::string name{};
};

void ask_next(flow& one) {
    if (one.left-- == 0) return;
    addrinfo hints{};
    hints.ai_family = AF_INET;
    hints.ai_socktype = SOCK_STREAM;
    one.name = peer::next_name();
    one.request.data = &one;
    auto answered = [](uv_getaddrinfo_t* request, int status, addrinfo* found) {
        flow& asking = *static_cast<flow*>(request->data);
        peer::check_answer(status == 0, asking.name);
        uv_freeaddrinfo(found);
        ask_next(asking);
    };
    uv_getaddrinfo(uv_default_loop(), &one.request, answered, one.name.c_str(), nullptr, &hints);
}

peer::repeated look_up(std::size_t size, std::uint64_t n) {
    const std::uint64_t count = peer::names_each(size, n);
    const auto spent = peer::timed([&] {
        std::vector<flow> all(size);
        for (flow& one : all) {
            one.left = count;
            ask_next(one);
        }
        uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    });
    return {spent, size * count};
}

const peer::workloads here{{"dns", [](const peer::request& wanted) {
                                const std::size_t threads = std::min<std::size_t>(2 * wanted.size, 1024);
                                ::setenv("UV_THREADPOOL_SIZE", std::to_string(threads).c_str(), 0);
                                peer::rate(look_up)(wanted);
                            }}};

}  // namespace
