// SPDX-License-Identifier: BSL-1.0
// The block of a spawned task, twin of fiber/control.h: everything the runtime knows of it, apart from its frames.
#pragma once

#include <green/base/time.h>
#include <green/coro/runner.h>
#include <green/coro/task.h>
#include <green/hub/agent.h>

#include <coroutine>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace green::detail {

// Life of a task:
//
//     unstarted ---> running <---> parked (waiting()) or in the ready queue
//         |             |
//         `---- kill ---+--> ended: its frames are gone, the block stays for its handles
//
// It runs on the hub's own context, one step at a time, and returns there whenever it is suspended.
class spawned : public task_agent {
  public:
    // Makes it ready, on its hub's thread.
    void start() noexcept;
    // The same once `when` has come, unless it is killed before. Throws std::bad_alloc; then nothing was started.
    void start_at(time_point when);
    // Instead, when that has failed: there is no such task.
    void discard_unstarted() noexcept;
    // start() from any thread. When that thread has ended, or ends before it takes the task up, the task ends with
    // that error.
    void start_remotely() noexcept;

  protected:
    // What is known only of a task that returns a certain type; in place of virtual functions, and of their pointer.
    struct task_model : agent_model {
        void (*take_result)(spawned& self);  // out of the promise of its first coroutine; throws what that threw
        const char* (*name_body)(const spawned& self) noexcept;  // that coroutine, as agent_model::origin
    };
    static constexpr task_model model_of_tasks(void (*take_result)(spawned&),
                                               const char* (*name_body)(const spawned&) noexcept,
                                               void (*release)(agent&) noexcept) noexcept {
        return {{.noun = "task",
                 .join_call = "task_handle::join",
                 .origin = &kept_origin,
                 .park = nullptr,
                 .yield = nullptr,
                 .throw_if_cancelled = &throw_request_of,
                 .unwinding = [](const agent&) noexcept { return false; },  // no destructor can be suspended
                 .release = release},
                take_result, name_body};
    }

    spawned(hub& home, const task_model& kind, std::coroutine_handle<> first, runner*& carried_by) noexcept
        : task_agent(home, kind, &arrive, first) {
        carried_by = this;
    }
    ~spawned() = default;

    // The coroutine that it was spawned with, unless it has begun and not ended.
    std::coroutine_handle<> body() const noexcept { return innermost(); }

  private:
    friend class runner;
    void enroll() noexcept;
    static void throw_request_of(agent& self, const char*) { self.throw_request(); }
    static void adopt(runnable& self) noexcept;
    static void arrive(runnable& self) noexcept;
    static void resume(runnable& self) noexcept;
    void begin_to_run() noexcept {
        runnable::run = &resume;
        started.store(true, std::memory_order_relaxed);
    }
    void end() noexcept;
    void discard_and_publish() noexcept;
    void keep_origin() noexcept;
    static const char* kept_origin(agent& self) noexcept {
        const agent_extras* e = self.extras.load(std::memory_order_acquire);
        return e ? e->origin : nullptr;
    }
};

template <class T>
class spawned_task final : public spawned {
    using stored =
        std::conditional_t<std::is_void_v<T>, std::monostate,
                           std::conditional_t<std::is_reference_v<T>, std::add_pointer_t<T>, std::optional<T>>>;

  public:
    spawned_task(hub& home, std::coroutine_handle<task_promise<T>> body) noexcept
        : spawned(home, model, body, body.promise().carried_by) {}

    // Valid once it has_result.
    std::add_lvalue_reference_t<std::remove_reference_t<T>> result() noexcept
        requires(!std::is_void_v<T>)
    {
        return *result_;
    }

  private:
    task_promise<T>& promise_of_body() const noexcept {
        return std::coroutine_handle<task_promise<T>>::from_address(body().address()).promise();
    }
    static const char* name_body(const spawned& self) noexcept {
        return static_cast<const spawned_task&>(self).promise_of_body().after.origin();
    }
    static void take_result(spawned& self) {
        auto& task = static_cast<spawned_task&>(self);
        auto& promise = task.promise_of_body();
        if constexpr (std::is_void_v<T>)
            promise.take();
        else if constexpr (std::is_reference_v<T>)
            task.result_ = std::addressof(promise.take());
        else
            task.result_.emplace(promise.take());
        task.has_result = true;
    }
    static void release(agent& unnamed) noexcept {
        auto& self = static_cast<spawned_task&>(unnamed);
        if (self.error) self.discard_error();
        delete &self;
    }
    static constexpr task_model model = model_of_tasks(&take_result, &name_body, &release);

    [[no_unique_address]] stored result_{};
};

}  // namespace green::detail
