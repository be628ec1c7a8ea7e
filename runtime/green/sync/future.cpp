// SPDX-License-Identifier: BSL-1.0
#include <green/sync/future.h>

#include <green/base/unique_id.h>

#include <cstdint>
#include <mutex>

namespace green::detail {

namespace {
// Unlike that of a hub, or std::thread::id, never that of an earlier thread.
[[gnu::noinline]] std::uint64_t id_of_this_thread() noexcept {
    struct of_a_thread;
    thread_local const std::uint64_t id = unique_id<of_a_thread>();
    return id;
}
}  // namespace

bool future_state::try_reserve() noexcept {
    std::lock_guard guard(lock_);
    return !std::exchange(reserved_, true);
}

void future_state::reserve() {
    if (!try_reserve()) throw std::future_error(std::future_errc::promise_already_satisfied);
}

void future_state::unreserve() noexcept {
    std::lock_guard guard(lock_);
    reserved_ = false;
}

void future_state::publish() {
    intrusive_list<wait_node> chosen;
    std::vector<call> calls;
    {
        std::lock_guard guard(lock_);
        ready_.store(true, std::memory_order_release);
        waiters_.choose_all(chosen);
        calls.swap(calls_);
    }
    wake_all(chosen);
    for (call& c : calls) schedule(std::move(c));
}

void future_state::schedule(call c) {
    c.home->call_soon([alive = shared_from_this(), f = std::move(c.f)]() mutable { f(); });
}

void future_state::call_when_ready(callback f) {
    // By then the hub may be that of a later thread.
    auto call_here = [f = std::move(f), caller = id_of_this_thread()]() mutable {
        if (id_of_this_thread() == caller) f();
    };
    call c{&hub::current(), std::move(call_here)};
    {
        std::lock_guard guard(lock_);
        if (!ready()) {
            calls_.push_back(std::move(c));
            return;
        }
    }
    schedule(std::move(c));
}

bool future_state::wait_operation::enqueue(wait_node& node) noexcept {
    std::lock_guard guard(target.lock_);
    if (target.ready()) return node.owner->claim(node);
    target.waiters_.push_back(node);
    return false;
}

void future_state::wait_operation::withdraw(wait_node& node) noexcept {
    std::lock_guard guard(target.lock_);
    wait_queue::remove(node);
}

}  // namespace green::detail
