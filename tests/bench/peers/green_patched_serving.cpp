// SPDX-License-Identifier: BSL-1.0
// What is written for native threads, on fibers under green's patch: serving. See posix_serving.h.
#include <green/green.h>
#include <green/monkeypatch/patch.h>

#include <utility>

#include "peer.h"
#include "posix_serving.h"

namespace {

constexpr std::size_t stack_size_bytes = 64 * 1024;

template <class Function>
void start(Function function) {
    green::spawn({.stack_size_bytes = stack_size_bytes}, std::move(function));
}

const peer::workloads here = peer::posix::served_by([](auto f) { start(f); }, [] { green::monkeypatch::patch_all(); });

}  // namespace
