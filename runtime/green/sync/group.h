// SPDX-License-Identifier: BSL-1.0
// A set of fibers and tasks that is joined and killed as one.
#pragma once

#include <green/base/spin_lock.h>
#include <green/base/time.h>
#include <green/coro/awaiter.h>
#include <green/coro/spawn.h>
#include <green/coro/task.h>
#include <green/fiber/spawn.h>
#include <green/hub/agent_handle.h>
#include <green/hub/hub.h>
#include <green/sync/semaphore.h>

#include <concepts>
#include <cstddef>
#include <exception>
#include <memory>
#include <utility>
#include <vector>

namespace green {

namespace detail {

// The inside of a group, which lives on while members of it run.
class members : public std::enable_shared_from_this<members> {
  public:
    // Whoever spawns into a pool takes one of `slots`, which the member gives back at its end; null: no pool.
    explicit members(std::shared_ptr<semaphore> of_pool = nullptr) noexcept : slots(std::move(of_pool)) {}

    // A place for a fiber or task of `home`, made before that is: nothing that fails can come between.
    struct member;
    struct member_deleter {
        void operator()(member* m) const noexcept;
    };
    using place = std::unique_ptr<member, member_deleter>;
    place make_place(hub& home);
    void add(place p, const agent_handle& a) noexcept;

    // Starts one on this thread by start(), which gives its handle, and takes it in.
    template <class Start>
    auto start(Start start) {
        auto p = make_place(hub::current());
        auto handle = start();
        add(std::move(p), handle);
        return handle;
    }
    // The same when one of `slots` was taken for it; when that fails, the slot is given back.
    template <class Start>
    auto start_in_slot(Start start) {
        try {
            return this->start(std::move(start));
        } catch (...) {
            slots->release();
            throw;
        }
    }

    std::size_t size() const noexcept;
    std::vector<agent_handle> snapshot() const;
    void on_end(member& ended) noexcept;

    struct empty_operation {
        bool enqueue(wait_node& node) noexcept;
        void withdraw(wait_node& node) noexcept;
        wait_reason reason() const noexcept { return {.call = "group::join"}; }
        std::shared_ptr<members> target;  // the group may go meanwhile
    };

    const std::shared_ptr<semaphore> slots;

  private:
    mutable spin_lock lock_;
    intrusive_list<member> all_;
    std::size_t size_ = 0;
    wait_queue joiners_;
};

coro::task<void> kill_members(std::shared_ptr<members> all, std::exception_ptr reason);

}  // namespace detail

// Fibers and tasks that belong together. A member leaves when it has ended; its error is its handle's, or is reported when
// nobody holds one.
//
//     green::group connections;
//     connections.spawn(serve, client);
//     connections.kill();                      // when the server stops
//
// Used from any thread; a member belongs to the thread that spawned it. A group that goes leaves its members running.
// Where children must not outlive their parent, use with_task_group().
class group {
  public:
    group() : members_(std::make_shared<detail::members>()) {}
    group(const group&) = delete;
    group& operator=(const group&) = delete;

    // Starts a task in the group (see coro::spawn). Does not park.
    template <class T>
    auto spawn(coro::task<T> body) {
        return spawn(coro::task_options{}, std::move(body));
    }
    template <class T>
    auto spawn(const coro::task_options& options, coro::task<T> body) {
        return members_->start([&] { return detail::spawn_task_here(options, std::move(body), nullptr); });
    }
    template <class F, class... Args>
        requires detail::makes_task<F, Args...>
    auto spawn(F&& f, Args&&... args) {
        return spawn(detail::task_of(std::forward<F>(f), std::forward<Args>(args)...));
    }
    // Starts a fiber in the group (see green::spawn). Does not park.
    template <class F, class... Args>
        requires(!detail::makes_task<F, Args...> && detail::makes_fiber<F, Args...>)
    auto spawn(F&& f, Args&&... args) {
        return spawn(fiber_options{}, std::forward<F>(f), std::forward<Args>(args)...);
    }
    template <class F, class... Args>
        requires(!detail::makes_task<F, Args...> && detail::makes_fiber<F, Args...>)
    auto spawn(const fiber_options& options, F&& f, Args&&... args) {
        return members_->start([&] {
            return detail::spawn_here(options, {}, detail::bind(std::forward<F>(f), std::forward<Args>(args)...));
        });
    }
    // Takes in a fiber or task that runs already. Does not park.
    void add(const agent_handle& a) { members_->add(members_->make_place(a.checked_agent().home()), a); }

    // Parks until the group is empty. Never throws what members threw. Throws cancellation.
    void join();
    // The same; false when `d` passed first.
    bool join_for(duration d);
    // Kills all members, unstarted ones first, and parks until they have ended. A member that calls it is the last.
    void kill(std::exception_ptr reason = nullptr);
    // The same without waiting. Does not park.
    void kill_soon(std::exception_ptr reason = nullptr);

    // Members that have not ended.
    std::size_t size() const noexcept { return members_->size(); }
    bool empty() const noexcept { return size() == 0; }

    // For the rooms of the runtime.
    const std::shared_ptr<detail::members>& get_members() const noexcept { return members_; }

  protected:
    explicit group(std::shared_ptr<semaphore> slots) : members_(std::make_shared<detail::members>(std::move(slots))) {}

    std::shared_ptr<detail::members> members_;
};

namespace detail {
// What a pool's members hold one of, each. Throws std::system_error (invalid_argument).
std::shared_ptr<semaphore> slots_of_pool(std::size_t capacity);
}  // namespace detail

// The same as co_await; also for a pool.
namespace coro {

template <class Group>
concept a_group = requires(Group& g) {
    { g.get_members() } -> std::same_as<const std::shared_ptr<detail::members>&>;
};

// Waits until the group is empty.
template <a_group Group>
auto join(Group& all) {
    return detail::plain_awaiter<detail::members::empty_operation>({all.get_members()});
}
// The same; gives false when `d` passed first.
template <a_group Group>
auto join_for(Group& all, duration d) {
    return detail::until_awaiter<detail::members::empty_operation>({all.get_members()},
                                                                   hub::current().deadline_after(d));
}
// Kills all members, unstarted ones first, and waits until they have ended. A member that calls it is the last.
template <a_group Group>
task<void> kill(Group& all, std::exception_ptr reason = nullptr) {
    return detail::kill_members(all.get_members(), std::move(reason));
}

}  // namespace coro

}  // namespace green
