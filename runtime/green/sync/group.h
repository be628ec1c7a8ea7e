// SPDX-License-Identifier: BSL-1.0
// A set of fibers that is joined and killed as one.
#pragma once

#include <green/base/spin_lock.h>
#include <green/base/time.h>
#include <green/fiber/fiber.h>
#include <green/fiber/spawn.h>
#include <green/sync/semaphore.h>

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
    explicit members(std::shared_ptr<semaphore> slots = nullptr) noexcept : slots(std::move(slots)) {}

    // A place for a fiber of `home`, made before the fiber is: nothing that fails can come between.
    struct member;
    struct member_deleter {
        void operator()(member* m) const noexcept;
    };
    using place = std::unique_ptr<member, member_deleter>;
    place make_place(hub& home);
    void add(place p, const fiber_handle& f) noexcept;

    std::size_t size() const noexcept;
    std::vector<fiber_handle> snapshot() const;
    void on_end(member& ended) noexcept;

    struct empty_operation {
        bool enqueue(wait_node& node) noexcept;
        void withdraw(wait_node& node) noexcept;
        wait_reason reason() const noexcept { return {.call = "group::join"}; }
        members& target;
    };

    const std::shared_ptr<semaphore> slots;

  private:
    mutable spin_lock lock_;
    intrusive_list<member> all_;
    std::size_t size_ = 0;
    wait_queue joiners_;
};

}  // namespace detail

// Fibers that belong together. A member leaves when it has ended; its error is its handle's, or is reported when
// nobody holds one.
//
//     green::group connections;
//     connections.spawn(serve, client);
//     connections.kill();                      // when the server stops
//
// Used from any thread; a fiber belongs to the thread that spawned it. A group that goes leaves its members running.
// Where children must not outlive their parent, use with_task_group().
class group {
  public:
    group() : members_(std::make_shared<detail::members>()) {}
    group(const group&) = delete;
    group& operator=(const group&) = delete;

    // Starts a fiber in the group (see green::spawn). Does not park.
    template <class F, class... Args>
        requires detail::makes_fiber<F, Args...>
    auto spawn(F&& f, Args&&... args) {
        return spawn_bound(fiber_options{}, detail::bind(std::forward<F>(f), std::forward<Args>(args)...));
    }
    template <class F, class... Args>
    auto spawn(const fiber_options& options, F&& f, Args&&... args) {
        return spawn_bound(options, detail::bind(std::forward<F>(f), std::forward<Args>(args)...));
    }
    // Takes in a fiber that runs already. Does not park.
    void add(const fiber_handle& f) { members_->add(members_->make_place(f.checked_agent().home()), f); }

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

  protected:
    explicit group(std::shared_ptr<semaphore> slots) : members_(std::make_shared<detail::members>(std::move(slots))) {}

    template <class Callable>
    auto spawn_bound(const fiber_options& options, Callable callable) {
        auto place = members_->make_place(hub::current());
        auto handle = detail::spawn_here(options, {}, std::move(callable));
        members_->add(std::move(place), handle);
        return handle;
    }

    std::shared_ptr<detail::members> members_;
};

}  // namespace green
