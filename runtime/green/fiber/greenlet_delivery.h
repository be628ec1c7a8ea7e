// SPDX-License-Identifier: BSL-1.0
// What travels along the line of parents, and who of them takes it.
#pragma once

#include <green/fiber/greenlet_block.h>
#include <green/fiber/greenlet_trace.h>

#include <exception>
#include <stdexcept>
#include <string>

namespace green::detail {

struct message {
    delivery how;
    const type_tag* given = nullptr;  // of a value
    std::exception_ptr error{};
};

// The first of the line that begins with `first` who has run, or whom the message can start. The unstarted ones before
// him end by it: what they cannot take becomes an error, and travels on. `about` is whose end it is.
greenlet_block& receiver_of(greenlet_block* first, message& m, const greenlet_block& about) noexcept;

// Leaves the message with the one who is jumped to next. `ended`, if any, comes with a reference.
void bring(greenlet_block& to, message&& m, greenlet_block* ended) noexcept;

// An unstarted greenlet ends without having run a line.
void end_unstarted(greenlet_block& one) noexcept;

// Unwinds one that is suspended and that nobody can switch to any more.
void unwind_forsaken(greenlet_block& one) noexcept;

// Tells the tracer; true when there is one, which may have done anything meanwhile.
bool trace(greenlet_event event, greenlet_block& from, greenlet_block& to) noexcept;

std::string quoted(const greenlet_block& one);
std::logic_error misfit(const greenlet_block& taker, const type_tag& given);
bool is_greenlet_exit(const std::exception_ptr& e) noexcept;

}  // namespace green::detail
