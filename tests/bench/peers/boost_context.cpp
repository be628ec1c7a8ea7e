// SPDX-License-Identifier: BSL-1.0
// Bare Boost.Context: what a switch costs, and a start, when there is no scheduler. The units of the other figures. All
// else needs a scheduler.
#include <boost/context/detail/fcontext.hpp>

#include <cstdlib>
#include <vector>

#include "peer.h"

namespace {

namespace context = boost::context::detail;

constexpr std::size_t stack_size_bytes = 64 * 1024;

struct place {
    context::fcontext_t suspended_at = nullptr;
    place* next = nullptr;
    std::uint64_t laps = 0;
};

// Each goes on in the next one, and leaves there where it has been left itself.
void body(context::transfer_t arrived) {
    auto note = [](const context::transfer_t& from) { static_cast<place*>(from.data)->suspended_at = from.fctx; };
    place* self = static_cast<place*>(arrived.data)->next;
    note(arrived);
    for (;;) {
        arrived = context::jump_fcontext(self->next->suspended_at, self);
        note(arrived);
    }
}

peer::repeated ring(std::size_t size, std::uint64_t n) {
    const std::uint64_t laps = n / size + 1;
    std::vector<place> circle(size);
    std::vector<char*> stacks;
    for (std::size_t i = 0; i < size; ++i) circle[i].next = &circle[(i + 1) % size];
    for (std::size_t i = 1; i < size; ++i) {
        stacks.push_back(static_cast<char*>(std::aligned_alloc(4096, stack_size_bytes)));
        circle[i].suspended_at = context::make_fcontext(stacks.back() + stack_size_bytes, stack_size_bytes, &body);
    }
    auto lap = [&] {
        const auto arrived = context::jump_fcontext(circle[0].next->suspended_at, &circle[0]);
        static_cast<place*>(arrived.data)->suspended_at = arrived.fctx;
    };
    lap();
    const auto spent = peer::timed([&] {
        for (std::uint64_t i = 0; i < laps; ++i) lap();
    });
    for (char* stack : stacks) std::free(stack);
    return {spent, laps * size};
}

// A context is made on a stack that is warm, entered, and left for ever.
peer::repeated make_and_enter(std::size_t, std::uint64_t n) {
    char* const stack = static_cast<char*>(std::aligned_alloc(4096, stack_size_bytes));
    const auto spent = peer::timed([&] {
        for (std::uint64_t i = 0; i < n; ++i) {
            const auto made = context::make_fcontext(stack + stack_size_bytes, stack_size_bytes,
                                                     [](context::transfer_t from) { context::jump_fcontext(from.fctx, nullptr); });
            context::jump_fcontext(made, nullptr);
        }
    });
    std::free(stack);
    return {spent, n};
}

const peer::workloads here{
    {"switch", peer::each(ring)},
    {"spawn", peer::each(make_and_enter)},
};

}  // namespace
