// SPDX-License-Identifier: BSL-1.0
// The unit of the switch benches: J, one bare jump_fcontext in a ping-pong of two contexts. No exception
// state, no errno, no queue, no scheduler: what the switch alone costs on this machine, with this Boost.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <boost/context/detail/fcontext.hpp>

#include "../harness.h"

namespace bench {

// A second context that answers every jump by jumping back.
//
//     jump_ping_pong ping_pong;
//     ping_pong.run(1'000'000);   // that many jumps, half in each direction
//
// The second context holds nothing that has a destructor, so its stack is simply freed while it is suspended.
class jump_ping_pong {
  public:
    jump_ping_pong()
        : stack_(new std::max_align_t[stack_size_bytes / sizeof(std::max_align_t)]),
          other_(boost::context::detail::make_fcontext(
              reinterpret_cast<char*>(stack_.get()) + stack_size_bytes, stack_size_bytes, answer)) {}

    void run(std::uint64_t jumps) {
        for (std::uint64_t i = 0; i < jumps; i += 2) {
            other_ = boost::context::detail::jump_fcontext(other_, nullptr).fctx;
        }
    }

  private:
    static constexpr std::size_t stack_size_bytes = 16384;

    static void answer(boost::context::detail::transfer_t from) {
        for (;;) from = boost::context::detail::jump_fcontext(from.fctx, nullptr);
    }

    std::unique_ptr<std::max_align_t[]> stack_;
    boost::context::detail::fcontext_t other_;
};

// The candidate that every comparison in units of J starts with.
inline candidate jump_unit() {
    auto ping_pong = std::make_shared<jump_ping_pong>();
    return {"J: one bare jump_fcontext",
            [ping_pong](std::uint64_t jumps) { return timed([&] { ping_pong->run(jumps); }); }, 0, 2};
}

}  // namespace bench
