// SPDX-License-Identifier: BSL-1.0
// What is written for native threads, on fibers under green's patch: serving. See posix_serving.h.
#include <green/green.h>
#include <green/monkeypatch/patch.h>

#include "peer.h"
#include "posix_serving.h"

namespace {

constexpr std::size_t stack_size_bytes = 64 * 1024;

template <class Serve>
void serve_each(Serve serve) {
    green::monkeypatch::patch_all();
    peer::posix::serve_each([](auto f) { green::spawn({.stack_size_bytes = stack_size_bytes}, f); }, serve);
}

const peer::workloads here{
    {"echo", [](const peer::request&) { serve_each(peer::posix::echo); }},
};

}  // namespace
