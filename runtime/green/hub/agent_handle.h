// SPDX-License-Identifier: BSL-1.0
// What a handle to a fiber and one to a task can both do without waiting.
#pragma once

#include <green/base/check.h>
#include <green/base/counted_ptr.h>
#include <green/hub/agent.h>

#include <cstdint>
#include <exception>
#include <source_location>
#include <stdexcept>
#include <string>
#include <utility>

namespace green {

class hub;

enum class fiber_state { unstarted, running, ready, parked, ended };

// Thrown by get() when the fiber or task was killed before it had a result.
class no_result : public std::runtime_error {
  public:
    no_result(const char* noun, const std::string& name)
        : runtime_error(std::string("green: ") + noun + " \"" + name + "\" was killed before it had a result") {}
};

// A shared handle to a fiber or a task, whatever its result. Copies name the same one. It runs on when its last
// handle goes; what it throws then is reported on standard error. Handles may be used from any thread, with or
// without a hub, except where noted. No member parks.
class agent_handle {
  public:
    agent_handle() = default;  // names nobody; only valid(), comparison and assignment are allowed, the rest aborts

    bool valid() const noexcept { return agent_.get() != nullptr; }

    // Makes it give up: throws fiber_exit (or `reason`) at its present or next wait; one that has not started never
    // runs. No-op when it has ended. Killing oneself throws at once.
    void kill_soon(std::exception_ptr reason = nullptr) const { checked_agent().raise_soon(std::move(reason)); }

    // Calls f() on its hub after its end, never inline; after the end too. Links run in order of registration, and
    // one that throws is reported and stops no other. f must not park. Returns an id for unlink(). When its thread has
    // ended by then, the calling thread's hub calls f.
    std::uint64_t link(detail::link_list::function f) const { return detail::add_link(checked_agent(), std::move(f)); }
    bool unlink(std::uint64_t id) const noexcept { return detail::remove_link(checked_agent(), id); }

    std::string name() const { return checked_agent().name(); }
    // On its own thread.
    void set_name(std::string name) const { checked_agent().set_name(std::move(name)); }
    std::uint64_t id() const noexcept { return checked_agent().id; }
    bool ended() const noexcept { return checked_agent().ended(); }
    // On its own thread, else a moment old.
    fiber_state state() const noexcept;
    // Ended with a result or by being killed, not with an error.
    bool succeeded() const noexcept { return ended() && !checked_agent().error; }
    bool was_killed() const noexcept { return ended() && checked_agent().ended_by_exit; }
    // What it threw, or null; counts as taken, so that it is not reported.
    std::exception_ptr error() const noexcept { return checked_agent().take_error(); }

    bool operator==(const agent_handle&) const noexcept = default;

    // For the rooms of the runtime: a handle that takes over a reference.
    explicit agent_handle(detail::agent& a) noexcept : agent_(a) {}
    detail::agent* get_agent() const noexcept { return agent_.get(); }
    detail::agent& checked_agent(std::source_location where = std::source_location::current()) const noexcept {
        detail::check(agent_.get() != nullptr, "an empty handle, which names no fiber or task", where);
        return *agent_;
    }

  protected:
    // After the end: throws what it threw.
    void rethrow() const {
        if (auto e = error()) std::rethrow_exception(e);
    }

    detail::counted_ptr<detail::agent> agent_;
};

}  // namespace green
