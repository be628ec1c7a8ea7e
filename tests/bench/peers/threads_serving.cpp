// SPDX-License-Identifier: BSL-1.0
// Native threads and blocking calls: serving. A detached thread per connection with a stack as small as the fibers'. See
// posix_serving.h.
#include <pthread.h>

#include <memory>

#include "peer.h"
#include "posix_serving.h"

namespace {

constexpr std::size_t stack_size_bytes = 64 * 1024;

// std::thread cannot be given a stack size.
template <class Function>
void start(Function function) {
    static const pthread_attr_t attributes = [] {
        pthread_attr_t made;
        ::pthread_attr_init(&made);
        ::pthread_attr_setstacksize(&made, stack_size_bytes);
        ::pthread_attr_setdetachstate(&made, PTHREAD_CREATE_DETACHED);
        return made;
    }();
    auto run = [](void* given) -> void* {
        const std::unique_ptr<Function> owned(static_cast<Function*>(given));
        (*owned)();
        return nullptr;
    };
    auto given = std::make_unique<Function>(std::move(function));
    pthread_t thread;
    if (::pthread_create(&thread, &attributes, run, given.get()) != 0) peer::fail("pthread_create");
    given.release();
}

const peer::workloads here = peer::posix::served_by([](auto f) { start(f); });

}  // namespace
