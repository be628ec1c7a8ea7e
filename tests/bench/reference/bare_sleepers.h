// SPDX-License-Identifier: BSL-1.0
// The floor under "a million sleeping fibers": suspended contexts with nothing but a guarded stack each. No
// control block, no timer, no scheduler; what a runtime needs beyond this is its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>
#include <sys/mman.h>
#include <boost/context/detail/fcontext.hpp>

#include "../harness.h"

namespace bench {

// `count` contexts, each entered once and suspended there. One mapping holds all stacks; the lowest page of
// each is a guard that needs no mapping of its own:
//
//     | guard | stack 0 <--- grows down | guard | stack 1 <--- | ...
class bare_sleepers {
  public:
    bare_sleepers(std::size_t count, std::size_t stack_size_bytes);
    ~bare_sleepers() { ::munmap(arena_, arena_size_bytes_); }
    bare_sleepers(const bare_sleepers&) = delete;
    bare_sleepers& operator=(const bare_sleepers&) = delete;

    // Enters each once more and lets it finish its function. Returns how long that took.
    nanoseconds wake_all();
    bool all_asleep() const { return finished_ == 0; }
    std::size_t finished() const { return finished_; }

  private:
    static constexpr std::size_t page_size_bytes = 4096;
    static constexpr int guard_install = 102;  // MADV_GUARD_INSTALL, Linux 6.13

    // Sleeps once. Leaves for good by a last jump, because a context's function must not return.
    static void sleep_once(boost::context::detail::transfer_t waker) {
        waker = boost::context::detail::jump_fcontext(waker.fctx, nullptr);
        ++*static_cast<std::size_t*>(waker.data);
        boost::context::detail::jump_fcontext(waker.fctx, nullptr);
    }

    std::size_t arena_size_bytes_;
    char* arena_;
    std::size_t finished_ = 0;
    std::vector<boost::context::detail::fcontext_t> asleep_;
};

inline bare_sleepers::bare_sleepers(std::size_t count, std::size_t stack_size_bytes)
    : arena_size_bytes_(count * stack_size_bytes), asleep_(count) {
    void* memory = ::mmap(nullptr, arena_size_bytes_, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    arena_ = static_cast<char*>(memory);
    if (memory == MAP_FAILED || ::madvise(memory, arena_size_bytes_, MADV_NOHUGEPAGE) < 0) {
        std::perror("bare_sleepers: memory");
        std::exit(1);
    }
    for (std::size_t i = 0; i < count; ++i) {
        char* lowest = arena_ + i * stack_size_bytes;
        if (::madvise(lowest, page_size_bytes, guard_install) < 0) {
            std::perror("bare_sleepers: MADV_GUARD_INSTALL");
            std::exit(1);
        }
        auto fresh = boost::context::detail::make_fcontext(lowest + stack_size_bytes,
                                                           stack_size_bytes - page_size_bytes, sleep_once);
        asleep_[i] = boost::context::detail::jump_fcontext(fresh, nullptr).fctx;
    }
}

inline nanoseconds bare_sleepers::wake_all() {
    return timed([this] {
        for (auto one : asleep_) boost::context::detail::jump_fcontext(one, &finished_);
    });
}

}  // namespace bench
