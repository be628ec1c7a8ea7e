// SPDX-License-Identifier: BSL-1.0
#include <green/hub/hub.h>

#include <green/base/intrusive_list.h>
#include <green/hub/ask_all.h>
#include <green/sys/calls.h>
#include <green/sys/descriptor_limit.h>

#include <exception>
#include <cstdio>
#include <mutex>
#include <vector>

#include <pthread.h>

namespace green {

thread_local constinit hub* detail::current_hub = nullptr;

namespace {

// A hub outlives its thread: fiber handles, mutexes and queues of other threads may still name it. When its
// thread ends it is emptied and kept for the next thread that needs one.
struct spare_hubs {
    std::mutex lock;
    std::vector<hub*> hubs;
};
spare_hubs& spares() {
    static auto* const instance = new spare_hubs;  // never destroyed: threads end after static destructors
    return *instance;
}

void run_reporting(callback& f) noexcept {
    try {
        f();
    } catch (const std::exception& e) {
        std::fprintf(stderr, "green: a hub callback threw: %s\n", e.what());
    } catch (...) {
        std::fputs("green: a hub callback threw something that is not a std::exception\n", stderr);
    }
}

struct soon_call final : detail::runnable {
    explicit soon_call(callback f) : runnable(&run_once), f(std::move(f)) {}
    static void run_once(runnable& self) noexcept {
        std::unique_ptr<soon_call> owned(static_cast<soon_call*>(&self));
        run_reporting(owned->f);
    }
    callback f;
};

// A fork while another thread holds one of these locks would leave it locked for ever in the child.
void before_fork() noexcept {
    spares().lock.lock();
    detail::lock_loops();
}

void after_fork() noexcept {
    detail::unlock_loops();
    spares().lock.unlock();
}

void child_after_fork() noexcept {
    after_fork();
    detail::loop::bystanders = 0;
    if (hub* h = detail::current_hub) {
        detail::disown_other_hubs(detail::loop_of(*h));
        detail::hooks.forked(*h);
        const sys::raised_descriptor_limit raised;  // the program may have every number that it leaves
        detail::loop_of(*h).reset_after_fork();
        detail::loop_of(*h).thread_id = sys::gettid();
    }
}

// What call_after() has promised on this thread and not done yet. Has no destructor, so that it outlives the hub.
struct pending_call : detail::list_hook<> {
    virtual void drop() noexcept = 0;

  protected:
    ~pending_call() = default;
};
detail::intrusive_list<pending_call>& pending_calls() noexcept {
    thread_local detail::intrusive_list<pending_call> list;
    return list;
}
void drop_pending_calls() noexcept {
    while (!pending_calls().empty()) pending_calls().front().drop();
}

}  // namespace

void detail::follow_forks() noexcept {
    [[maybe_unused]] static const int registered = pthread_atfork(&before_fork, &after_fork, &child_after_fork);
}

// Ties a hub to its thread.
struct hub_owner {
    hub_owner() {
        detail::follow_forks();
        std::lock_guard guard(spares().lock);
        if (spares().hubs.empty()) {
            detail::current_hub = new hub;
        } else {
            detail::current_hub = spares().hubs.back();
            spares().hubs.pop_back();
        }
        auto& loop = detail::loop_of(*detail::current_hub);
        loop.open_mail();
        loop.thread_id = sys::gettid();
        loop.has_thread = true;
    }
    ~hub_owner() {
        hub* ended = detail::current_hub;
        detail::loop_of(*ended).has_thread = false;
        drop_pending_calls();
        const bool is_empty = detail::hooks.retire(*ended);
        drop_pending_calls();
        detail::current_hub = nullptr;
        if (!is_empty) return;
        detail::loop_of(*ended).forget_everything();
        std::lock_guard guard(spares().lock);
        spares().hubs.push_back(ended);
    }
};

hub* hub::current_or_null() noexcept {
    return detail::current_hub;
}

hub& hub::current() {
    if (!detail::current_hub) [[unlikely]] {
        thread_local hub_owner owner;
        (void)owner;
        // Destructors of thread-locals may come back after the owner has gone; nothing takes this one away again.
        if (!detail::current_hub) detail::current_hub = new hub;
    }
    return *detail::current_hub;
}

bool hub::call_soon(callback f) {
    auto call = std::make_unique<soon_call>(std::move(f));
    if (!schedule(*call)) return false;
    call.release();  // owned by itself until it has run
    return true;
}

// Owned by itself while armed, so that the handle may be dropped; the handle only watches it.
struct timer_handle::state final : detail::timer, pending_call {
    state(hub& home, callback f) : timer(&fire), home(home), f(std::move(f)) {}

    static void fire(timer& self) noexcept {
        auto& call = static_cast<state&>(self);
        call.unlink();
        auto alive = std::move(call.self);
        run_reporting(call.f);
    }
    void drop() noexcept override {
        if (armed()) detail::loop_of(home).timers().disarm(*this);  // the child of a fork has forgotten its timers
        unlink();
        auto last = std::move(self);
    }

    hub& home;
    callback f;
    std::shared_ptr<state> self;
};

timer_handle hub::call_after(duration d, callback f) {
    auto call = std::make_shared<timer_handle::state>(*this, std::move(f));
    timers().arm(*call, deadline_after(d));
    call->self = call;
    pending_calls().push_back(*call);
    timer_handle handle;
    handle.state_ = call;
    return handle;
}

void timer_handle::cancel() noexcept {
    auto call = state_.lock();
    if (call && call->armed()) call->drop();
}

}  // namespace green
