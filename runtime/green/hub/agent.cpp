// SPDX-License-Identifier: BSL-1.0
#include <green/hub/agent.h>

#include <green/hub/agent_handle.h>
#include <green/hub/cancellation.h>
#include <green/hub/describe.h>
#include <green/hub/hub.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <system_error>
#include <utility>

namespace green::detail {

thread_local constinit agent* current_agent = nullptr;

namespace {

std::atomic<std::uint32_t> failure_count{0};

bool is_cancellation(const std::exception_ptr& e) {
    if (!e) return true;  // the kill that was never thrown
    try {
        std::rethrow_exception(e);
    } catch (const cancellation&) {
        return true;
    } catch (...) {
        return false;
    }
}

[[noreturn]] void rethrow_or_exit(const std::exception_ptr& e) {
    if (!e) throw fiber_exit();
    std::rethrow_exception(e);
}

}  // namespace

std::string agent::name() const {
    {
        std::lock_guard guard(end_lock);
        if (const agent_extras* e = extras.load(std::memory_order_acquire); e && e->given_name) return *e->given_name;
    }
    return std::string(model.noun) + '-' + std::to_string(id);
}

void agent::set_name(std::string name) {
    auto fresh = std::make_unique<std::string>(std::move(name));
    agent_extras& e = needed_extras();
    std::lock_guard guard(end_lock);
    e.given_name.swap(fresh);
}

agent_extras& agent::needed_extras() {
    agent_extras* present = extras.load(std::memory_order_acquire);
    if (present) return *present;
    auto fresh = std::make_unique<agent_extras>();
    if (!extras.compare_exchange_strong(present, fresh.get(), std::memory_order_acq_rel)) return *present;
    return *fresh.release();
}

local_values& agent::needed_locals() {
    auto& locals = needed_extras().locals;
    if (!locals) locals = std::make_unique<local_values>();
    return *locals;
}

void agent_record::delete_extras() noexcept {
    delete extras.load(std::memory_order_acquire);
}

bool agent::must_finish_waits() const noexcept {
    return ending || (this == current_agent ? std::uncaught_exceptions() > 0 : model.unwinding(*this)) ||
           (has_several_stacks && model.called_while_unwinding(*this));
}

inline bool agent::must_throw_pending() const noexcept {
    return (attention & has_pending) && !(inside_ && inside_->shielded_from_root());
}

bool agent::must_give_up() const noexcept {
    if (attention & is_stuck) return true;
    if (must_finish_waits()) return false;
    return must_throw_pending() || is_refused_for_good();
}

void agent::throw_request() {
    if (must_throw_pending()) {
        attention &= static_cast<std::uint8_t>(~has_pending);
        rethrow_or_exit(std::exchange(error, nullptr));
    }
    if (in_cancelled_scope()) throw cancelled(inside_->outermost_cancelled()->id());
    if (is_refused_by_thread()) throw fiber_exit();
}

void agent::raise(std::exception_ptr e) noexcept {
    if (ended() || ending || (attention & has_pending)) return;
    error = std::move(e);
    attention |= has_pending;
    const bool shielded = inside_ && inside_->shielded_from_root() && !is_refused_by_thread();
    if (shielded || !waiting() || must_finish_waits()) return;
    if (settle(outcome::cancelled)) wake();
}

void agent::put_back(const std::exception_ptr& interruption) noexcept {
    try {
        std::rethrow_exception(interruption);
    } catch (const cancelled&) {
    } catch (...) {
        raise(interruption);
    }
}

void agent::raise_soon(std::exception_ptr e) {
    if (ended()) return;
    if (this == current_agent) rethrow_or_exit(e);
    if (current_hub == &home()) return raise(std::move(e));
    add_reference();  // the handle takes it over
    home().call_soon([handle = agent_handle(*this), e] { handle.get_agent()->raise(e); });
}

std::unique_ptr<agent_extras> make_extras(const std::string& name) {
    auto made = std::make_unique<agent_extras>();
    if (!name.empty()) made->given_name = std::make_unique<std::string>(name);
    const local_values* mine = current_agent ? current_agent->locals() : nullptr;
    if (mine) made->locals = mine->inherit();
    return made;
}

void agent::note_end(std::exception_ptr e) noexcept {
    attention &= static_cast<std::uint8_t>(~has_pending);
    ended_by_exit = is_cancellation(e);
    error = ended_by_exit ? nullptr : std::move(e);
}

void agent::settle_error() noexcept {
    if (attention & has_pending)
        error = nullptr;
    else
        failed_as = failure_count.fetch_add(1, std::memory_order_relaxed);
}

[[gnu::cold]] void agent::refuse_to_join_itself() const {
    throw std::system_error(std::make_error_code(std::errc::resource_deadlock_would_occur),
                            std::string("green: ") + model.noun + " \"" + name() + "\" joins itself");
}

std::exception_ptr agent::lost(const char* why) const noexcept {
    return std::make_exception_ptr(
        std::system_error(std::make_error_code(std::errc::no_such_process),
                          std::string("green: ") + model.noun + " \"" + name() + "\" " + why));
}

void agent::came_too_late() noexcept {
    attention |= shutting_down;
    raise(lost(never_ran));
}

std::exception_ptr agent::take_error() noexcept {
    if (!ended() || !error) return nullptr;
    error_taken.store(true, std::memory_order_release);
    return error;
}

void agent::give_up_locks() noexcept {
    while (!held_locks.empty()) held_locks.pop_front().owner_ended();
}

// Nobody is left to whom it could return, or who could take what it threw.
void agent::end_process() noexcept {
    const bool failed = error != nullptr;
    if (failed) discard_error();
    std::exit(failed ? EXIT_FAILURE : EXIT_SUCCESS);
}

void agent::end_after_fork(const std::exception_ptr& why) noexcept {
    std::construct_at(&end_lock);  // another thread may have held it
    error = why;
    failed_as = failure_count.fetch_add(1, std::memory_order_relaxed);
    has_ended.store(true, std::memory_order_relaxed);
}

void agent::report_untaken(const std::exception_ptr& e) noexcept {
    const char* origin = model.origin ? model.origin(*this) : nullptr;
    std::fprintf(stderr, "green: %s \"%s\"%s%s ended with an exception that nobody took: %s\n", model.noun,
                 name().c_str(), origin ? " of " : "", origin ? demangled(origin).c_str() : "",
                 describe_exception(e).c_str());
}

void agent::discard_error() noexcept {
    if (!error_taken.load(std::memory_order_acquire)) report_untaken(error);
    error = nullptr;
}

}  // namespace green::detail

namespace green {

fiber_state agent_handle::state() const noexcept {
    if (ended()) return fiber_state::ended;
    if (agent_.get() == detail::current_agent) return fiber_state::running;
    if (!agent_->started) return fiber_state::unstarted;
    return agent_->waiting() ? fiber_state::parked : fiber_state::ready;
}

}  // namespace green
