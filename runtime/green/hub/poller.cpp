// SPDX-License-Identifier: BSL-1.0
#include <green/hub/poller.h>

#include <green/hub/hub.h>
#include <green/sys/calls.h>

#include <cerrno>
#include <system_error>

#include <sys/epoll.h>

namespace green::detail {

namespace {

constexpr int batch_size = 128;  // more would have left the caches again by the time their fibers run
constexpr std::uint64_t wake_mark = UINT64_MAX;  // no descriptor has this number and generation

unique_fd open_epoll() {
    unique_fd fd(sys::epoll_create());
    if (!fd) throw std::system_error(errno, std::generic_category(), "green: cannot open the hub's epoll");
    return fd;
}

}  // namespace

poller::poller(int wake_fd) : epoll_(open_epoll()) {
    watch_wake_fd(wake_fd);
}

void poller::watch_wake_fd(int wake_fd) {
    epoll_event event{EPOLLIN | EPOLLET, {.u64 = wake_mark}};
    if (sys::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_fd, &event) != 0)
        throw std::system_error(errno, std::generic_category(), "green: cannot watch the hub's eventfd");
}

fd_state& poller::new_state(int fd) {
    const auto at = static_cast<std::size_t>(fd) / chunk_size;
    if (at >= chunks_.size()) chunks_.resize(at + 1);
    if (!chunks_[at]) chunks_[at] = std::make_unique<chunk>();
    fd_state& found = slot(static_cast<unsigned>(fd));
    renew(found, fd);
    return found;
}

static epoll_event event_of(int fd, const fd_state& state) noexcept {
    epoll_event event{EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET, {}};
    event.data.u64 = static_cast<std::uint64_t>(state.generation) << 32 | static_cast<std::uint32_t>(fd);
    return event;
}

// EEXIST: the number was closed behind our back and a dup kept the old description registered. ENOENT: then a thread that
// closes the number took it out (deregister()), between the two calls.
int poller::add_or_change(int fd, epoll_event& event) noexcept {
    if (sys::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0) return 0;
    if (errno != EEXIST) return errno;
    return sys::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) == 0 ? 0 : errno;
}

int poller::register_fd(int fd, fd_state& state) noexcept {
    for (;;) {
        epoll_event event = event_of(fd, state);
        const int error = add_or_change(fd, event);
        if (error == ENOENT) continue;
        if (error) return error;
        state.registered = true;
        shared_state_of(fd).hubs.fetch_or(loop_bit_);
        // A thread that closes the number first changes the generation and then looks for hubs.
        if (state.newest->load() == state.generation) return 0;
        renew(state, fd);
    }
}

// The kernel's registrations are of a number and an open file together (epoll(7), Q0).
void poller::forget_if_replaced(int fd) noexcept {
    const fd_state* known = known_state(fd);
    if (!known || !known->registered) return;
    epoll_event event = event_of(fd, *known);
    if (sys::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) != 0) forget_fd(fd, false);
}

// First use of a number, or of a new descriptor under an old number.
void poller::renew(fd_state& state, int fd) {
    if (state.newest == &fd_state::unused) state.newest = &shared_state_of(fd).generation;
    state.generation = state.newest->load(std::memory_order_acquire);
    state.forget();
    state.asks_always = false;
    for (fd_side& side : state.sides) {
        if (!side.who) continue;
        if (side.who->choose()) side.who->wake();
        end_wait(side);
    }
    while (fd_listener* each = state.listeners) {
        if (each->who->choose()) each->who->wake();
        remove_listener(*each);
    }
}

void poller::add_listener(fd_state& state, fd_listener& listener, waiter& who) noexcept {
    listener.who = &who;
    listener.next = state.listeners;
    listener.link = &state.listeners;
    if (listener.next) listener.next->link = &listener.next;
    state.listeners = &listener;
    ++waiting_count_;
}

void poller::remove_listener(fd_listener& listener) noexcept {
    if (!listener.who) return;
    *listener.link = listener.next;
    if (listener.next) listener.next->link = listener.link;
    listener.who = nullptr;
    --waiting_count_;
}

[[gnu::noinline]] void poller::wake_listeners(fd_state& state, std::uint32_t events) noexcept {
    for (fd_listener* each = state.listeners; each; each = each->next)
        if ((events & each->events) && each->who->choose_at_home()) each->who->wake_at_home();
}

void poller::drop_stale(int fd) noexcept {
    auto at = static_cast<std::size_t>(fd) / chunk_size;
    if (at < chunks_.size() && chunks_[at]) state(fd);
}

void poller::drop_all_stale() noexcept {
    for (std::size_t at = 0; at < chunks_.size(); ++at) {
        for (std::size_t i = 0; chunks_[at] && i < chunk_size; ++i) {
            fd_state& known = (*chunks_[at])[i];
            if (known.stale() && known.is_waited_for()) renew(known, static_cast<int>(at * chunk_size + i));
        }
    }
}

void poller::deregister(int fd) noexcept {
    sys::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

namespace {

// No order but the total one: a hub notes itself and then looks at the generation, who closes does it the other way round.
void change_generation(shared_fd shared, bool is_being_closed) noexcept {
    std::uint32_t now = shared.generation.load();
    while (!shared.generation.compare_exchange_weak(now, ((now + 2) & ~being_closed) | (is_being_closed ? being_closed : 0)))
        ;
}

// Makes what every hub remembers of the number stale, and returns those that had registered it. Async-signal-safe.
std::uint64_t outdate(int fd, bool is_being_closed) noexcept {
    if (!may_be_known(fd)) return 0;
    shared_fd shared = shared_state_of(fd);
    const std::uint64_t hubs = shared.hubs.exchange(0);
    change_generation(shared, is_being_closed);
    return hubs;
}

void wake_waiters(std::uint64_t hubs, bool may_be_shared, int fd) noexcept {
    if (hubs != 0) for_each_loop(hubs, may_be_shared ? &loop::deregister_and_drop : &loop::drop_stale, fd);
}

}  // namespace

closing::closing(int fd, bool may_be_shared) noexcept : fd_(fd) {
    const int before = errno;
    wake_waiters(outdate(fd, true), may_be_shared, fd);
    errno = before;
}

// The hubs stay noted: the number may be another descriptor's already, which one of them has registered.
closing::~closing() {
    if (!may_be_known(fd_)) return;
    const int before = errno;
    shared_fd shared = shared_state_of(fd_);
    change_generation(shared, false);
    wake_waiters(shared.hubs.load(), false, fd_);
    errno = before;
}

void forget_fd(int fd, bool may_be_shared) noexcept {
    wake_waiters(outdate(fd, false), may_be_shared, fd);
}

void note_opened(int fd) noexcept {
    if (may_be_known(fd) && shared_state_of(fd).hubs.load(std::memory_order_relaxed) != 0) [[unlikely]] forget_fd(fd, false);
}

void forget_fd_in_handler(int fd) noexcept {
    if (outdate(fd, false) == 0) return;
    for (loop* at = newest_enlisted(); at; at = at->enlisted_before) {
        at->deregister(fd);
        at->ask(at->drop_request);
    }
}

[[gnu::always_inline]] inline void poller::deliver(fd_state& state, std::uint32_t events) noexcept {
    constexpr std::uint32_t ended = EPOLLHUP | EPOLLERR;
    auto can_go_on = [](fd_side& side) {
        side.drained = false;
        if (side.who && side.who->choose_at_home()) side.who->wake_at_home();
    };
    if (events & (ended | EPOLLRDHUP | EPOLLPRI)) [[unlikely]] state.asks_always = true;
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLPRI | ended)) can_go_on(state.side(direction::read));
    if (events & (EPOLLOUT | ended)) can_go_on(state.side(direction::write));
    if (state.listeners) [[unlikely]] wake_listeners(state, events);
}

void poller::poll(const timespec* timeout) noexcept {
    epoll_event events[batch_size];
    int count = sys::epoll_wait(epoll_.get(), events, batch_size, timeout, mask_while_waiting_);
    // In two steps ahead of the delivery the lines it will touch come in: the state, then the waiter it names.
    constexpr int states_ahead = 8, waiters_ahead = 4;
    fd_state nobody;
    fd_state* states[batch_size];
    for (int i = -states_ahead; i < count; ++i) {
        if (const int far = i + states_ahead; far < count) {
            const std::uint64_t mark = events[far].data.u64;
            states[far] = mark == wake_mark ? &nobody : &slot(static_cast<unsigned>(mark));
            __builtin_prefetch(states[far]);
        }
        if (const int near = i + waiters_ahead; near >= 0 && near < count) {
            auto who = reinterpret_cast<const char*>(states[near]->side(direction::read).who);
            __builtin_prefetch(who);
            __builtin_prefetch(who + 64);
            __builtin_prefetch(who + 128);
        }
        if (i >= 0 && states[i]->generation == static_cast<std::uint32_t>(events[i].data.u64 >> 32))
            deliver(*states[i], events[i].events);
    }
}

std::size_t poller::registered_count() const noexcept {
    std::size_t count = 0;
    for (const auto& each : chunks_) {
        if (!each) continue;
        for (const fd_state& state : *each) count += state.registered && !state.stale();
    }
    return count;
}

void poller::reset_after_fork(int wake_fd) {
    epoll_.reset();  // first, or there may be no number left for its successor
    epoll_ = open_epoll();
    for (auto& each : chunks_) {
        if (!each) continue;
        each->fill({});
    }
    waiting_count_ = 0;
    watch_wake_fd(wake_fd);
}

}  // namespace green::detail
