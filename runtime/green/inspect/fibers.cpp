// SPDX-License-Identifier: BSL-1.0
#include <green/inspect/fibers.h>

#include <green/hub/describe.h>
#include <green/fiber/scheduler.h>
#include <green/inspect/backtrace.h>
#include <green/sys/calls.h>

#include <algorithm>
#include <cstdio>
#include <ostream>

namespace green::inspect {

namespace {

using detail::agent;
using detail::control;
using detail::scheduler;

std::size_t used_stack_bytes(const control& fiber) {
    const detail::stack& where = fiber.present_stack();
    if (!fiber.started || !where.bottom) return 0;
    char here;
    const void* lowest = &fiber == &scheduler::current().running() ? &here : fiber.flow.suspended_at();
    return static_cast<std::size_t>(where.top() - static_cast<const std::byte*>(lowest));
}

fiber_info look_at(agent& who, backtraces wanted) {
    fiber_info info;
    info.name = who.name();
    info.id = who.id;
    who.add_reference();  // a handle takes one over
    info.state = agent_handle(who).state();
    info.age = std::max(duration(detail::loop::coarse_now_ns() - who.born_coarse_ns), duration::zero());
    info.situation = describe_situation(who);
    if (!who.model.park) return info;  // a task has no stack
    auto& fiber = static_cast<control&>(who);
    info.stack_used_bytes = used_stack_bytes(fiber);
    info.stack_size_bytes = fiber.present_stack().size_bytes;
    if (wanted == backtraces::with) info.backtrace = backtrace_of(fiber);
    return info;
}

std::string stack_in_words(const fiber_info& fiber) {
    char text[64];
    std::snprintf(text, sizeof text, "; stack %.1f of %zu KiB", static_cast<double>(fiber.stack_used_bytes) / 1024,
                  fiber.stack_size_bytes / 1024);
    return text;
}

}  // namespace

std::vector<fiber_info> fibers(backtraces wanted) {
    std::vector<fiber_info> all;
    scheduler::current().for_each_agent([&](agent& who) { all.push_back(look_at(who, wanted)); });
    std::sort(all.begin() + 1, all.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    return all;
}

std::ostream& operator<<(std::ostream& out, const fiber_info& fiber) {
    out << '"' << fiber.name << "\" (" << fiber.id << "), " << detail::in_words(fiber.age)
        << " old: " << fiber.situation;
    if (fiber.stack_size_bytes) out << stack_in_words(fiber);
    out << '\n';
    for (const std::string& frame : fiber.backtrace) out << "    " << frame << '\n';
    return out;
}

void print_fibers(std::ostream& out, backtraces wanted) {
    const auto all = fibers(wanted);
    out << all.size() << (all.size() == 1 ? " fiber" : " fibers") << " on the hub of thread " << sys::gettid() << '\n';
    for (const fiber_info& each : all) out << each;
}

}  // namespace green::inspect
