// SPDX-License-Identifier: BSL-1.0
// Readiness of file descriptors, by epoll. Knows waiters, not who they are.
//
// What the kernel really does, and how each fact is met:
// - EPOLLET reports an event when new data or space arrives, not while it is there. So a descriptor is added once,
//   for both directions, and never modified: no epoll_ctl per wait. EPOLL_CTL_ADD reports what is ready already.
// - A read that returned less than asked for has emptied a stream's buffer, and what arrives later makes a new
//   event: `drained` remembers it, and the next read waits without first asking for an EAGAIN. Not after a
//   hang-up: no further event would come (epoll(7), "Edge-triggered"). Nor after urgent data: a read ends short before
//   it, though more has come behind.
// - A closed descriptor leaves the set by itself only when no dup of it is left; its events may still be in the
//   batch just fetched. So each event carries the generation of the number it was made for, and one of an older
//   generation wakes nobody.
// - Regular files cannot be added (EPERM): they never block, so they count as always ready.
#pragma once

#include <green/base/unique_fd.h>
#include <green/hub/fd_table.h>
#include <green/hub/waiter.h>

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

struct epoll_event;
struct timespec;

namespace green::detail {

enum class direction : std::uint8_t { read = 0, write = 1 };

// One direction of one descriptor on one hub.
struct fd_side {
    waiter* who = nullptr;  // at most one may wait
    bool drained = false;   // a try is known to be useless until the next event
};

// One of any number who want to hear of every event of a descriptor, beside the one waiter that each side may have. For
// those who ask the kernel themselves how things stand, again after each event.
struct fd_listener {
    waiter* who = nullptr;         // null while it is not in a list
    std::uint32_t events = 0;      // those that wake it, of ends and errors too
    fd_listener* next = nullptr;
    fd_listener** link = nullptr;  // what points here
};

struct alignas(64) fd_state {  // one cache line
    std::array<fd_side, 2> sides{};
    const std::atomic<std::uint32_t>* newest = &unused;  // the generation of the number
    std::uint32_t generation = 0;                        // when this state was last used; others make it stale
    bool registered = false;
    bool asks_always = false;  // a hang-up or urgent data was seen: reads never count as drained again
    std::uint8_t kind = 0;                // what monkeypatch/ knows of it; 0 while it knows nothing
    std::uint32_t without_limits_at = 0;  // monkeypatch/: see time_limits.h
    fd_listener* listeners = nullptr;

    fd_side& side(direction d) noexcept { return sides[static_cast<std::size_t>(d)]; }
    // What was found out about the descriptor counts no more: the number may stand for another one.
    void forget() noexcept {
        registered = false;
        for (fd_side& each : sides) each.drained = false;
        kind = 0;
        without_limits_at = 0;
    }
    bool is_waited_for() const noexcept { return sides[0].who || sides[1].who || listeners; }
    bool stale() const noexcept { return newest->load(std::memory_order_acquire) != generation; }
    // Whether what the number stood for in generation `then` has been closed since. Of what has been remembered while the
    // number was being closed it is not known, and the kernel is to be asked again.
    bool closed_since(std::uint32_t then) const noexcept {
        return newest->load(std::memory_order_acquire) != then && !(then & being_closed);
    }

    static constexpr std::atomic<std::uint32_t> unused{1};
};

class poller {
  public:
    // Throws std::system_error when there is no descriptor for its epoll.
    explicit poller(int wake_fd);
    // By which the fd table knows the loop; before anything is registered.
    void set_loop_index(unsigned index) noexcept { loop_bit_ = bit_of(index); }

    // The present state of descriptor number `fd`, which must not be negative. The reference stays valid. Throws
    // std::bad_alloc.
    fd_state& state(int fd) {
        fd_state* known = known_state(fd);
        return known ? *known : new_state(fd);
    }
    // The same, but null when it was not used since the number was last closed, and for a negative number.
    fd_state* known_state(int fd) noexcept {
        const auto number = static_cast<unsigned>(fd);
        const std::size_t at = number / chunk_size;
        if (at >= chunks_.size() || !chunks_[at]) [[unlikely]] return nullptr;
        fd_state& found = slot(number);
        return found.stale() ? nullptr : &found;
    }

    // Makes sure that events of `fd` arrive. Returns 0 or an errno; EPERM means that it is always ready.
    int ensure_registered(int fd, fd_state& state) noexcept {
        return state.registered ? 0 : register_fd(fd, state);
    }

    // For a number that its owner may have closed, and opened anew, without a word: forgets what it was, when the kernel
    // says that it is not that any more. One system call, if it was registered.
    void forget_if_replaced(int fd) noexcept;

    // `who` waits for a registered fd, on a side where nobody does. The pair is undone by end_wait(), unless the
    // state has become stale meanwhile: then renew() has done it.
    void begin_wait(fd_side& side, waiter& who) noexcept {
        side.who = &who;
        ++waiting_count_;
    }
    void end_wait(fd_side& side) noexcept {
        side.who = nullptr;
        --waiting_count_;
    }

    // `listener` joins those of a registered fd until it is removed, or the state has become stale: then renew() has woken
    // its waiter and taken it out.
    void add_listener(fd_state& state, fd_listener& listener, waiter& who) noexcept;
    void remove_listener(fd_listener& listener) noexcept;

    // The number was closed, here or on another hub: wakes those who wait for what it was.
    void drop_stale(int fd) noexcept;
    // The same of every number.
    void drop_all_stale() noexcept;
    // The kernel must be told that `fd` is about to be closed, because a dup or another process may keep the open
    // file description alive.
    void deregister(int fd) noexcept;

    // The thread's signal mask while poll() waits (a sigset_t, which stays where it is); null: its own.
    void set_mask_while_waiting(const void* mask) noexcept { mask_while_waiting_ = mask; }
    // Waits up to `timeout` (null: for ever) and wakes whoever can go on.
    void poll(const timespec* timeout) noexcept;

    std::size_t waiting_count() const noexcept { return waiting_count_; }
    // How many descriptors are registered that have not been closed since; looks at all, for tests and dumps.
    std::size_t registered_count() const noexcept;
    // In the child of a fork: an epoll of its own, with nothing registered and nobody waiting.
    void reset_after_fork(int wake_fd);

  private:
    static constexpr std::size_t chunk_size = 256;
    using chunk = std::array<fd_state, chunk_size>;

    // Of a number whose chunk is there.
    fd_state& slot(unsigned number) noexcept { return (*chunks_[number / chunk_size])[number % chunk_size]; }
    fd_state& new_state(int fd);
    int register_fd(int fd, fd_state& state) noexcept;
    int add_or_change(int fd, epoll_event& event) noexcept;
    void renew(fd_state& state, int fd);
    void watch_wake_fd(int wake_fd);
    void deliver(fd_state& state, std::uint32_t events) noexcept;
    static void wake_listeners(fd_state& state, std::uint32_t events) noexcept;

    unique_fd epoll_;
    std::uint64_t loop_bit_ = 0;
    std::vector<std::unique_ptr<chunk>> chunks_;
    std::size_t waiting_count_ = 0;
    const void* mask_while_waiting_ = nullptr;
};

// Lives while `fd` is closed, by whatever thread. Whoever waits for it on any hub wakes and finds its number in another
// generation, and whatever the kernel still says of it wakes nobody; who begins to wait meanwhile wakes at the end, to
// try again. `may_be_shared`: see poller::deregister. Keeps errno.
class closing {
  public:
    closing(int fd, bool may_be_shared) noexcept;
    ~closing();
    closing(const closing&) = delete;
    closing& operator=(const closing&) = delete;

  private:
    int fd_;
};
// The first half of it, for what closes many at once, and for a number that was closed unseen: who begins to wait between
// this and a close by another thread is not woken.
void forget_fd(int fd, bool may_be_shared) noexcept;
// `fd` has just been opened: whatever the hubs know of the number was closed without a word.
void note_opened(int fd) noexcept;
// The same as forget_fd() from a signal handler, which may have interrupted anything: those who wait wake when their
// hubs get to it.
void forget_fd_in_handler(int fd) noexcept;

}  // namespace green::detail
