// SPDX-License-Identifier: BSL-1.0
// Family select: poll(2), select(2), epoll_wait(2) and their variants.
//
// Whether anything is ready only the kernel says: each call is made with no time to wait, and when it finds nothing, the
// fiber parks until one of its descriptors has an event. So all that the kernel knows of levels, edges, one-shot and
// nested sets stays as it is, and nothing is looked at in vain.
#include <green/monkeypatch/blocking.h>
#include <green/monkeypatch/descriptor.h>
#include <green/monkeypatch/patch.h>
#include <green/monkeypatch/timespec.h>
#include <green/sys/calls.h>
#include <green/sys/direct_call.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdlib>
#include <memory>
#include <new>
#include <span>

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>

namespace green::monkeypatch {

namespace {

using detail::deadline_after;
using detail::is_valid;
using green::detail::scheduler;
using green::detail::watched_fd;
using sys::bare_call;

constexpr std::size_t kernel_mask_bytes = _NSIG / 8;

// The descriptors of one call, watched for as long as it takes.
class watched_set {
  public:
    // False with errno when there is no memory for them.
    bool reserve(std::size_t count) noexcept {
        if (count <= few_.size()) {
            space_ = few_;
            return true;
        }
        many_.reset(new (std::nothrow) watched_fd[count]);
        space_ = {many_.get(), many_ ? count : 0};
        if (!many_) errno = ENOMEM;
        return many_ != nullptr;
    }

    // `events` are those at which the kernel would call the descriptor ready: without the family that sees closes each wait
    // begins with all that there are already, and one that is none for this call would end it again and again.
    // Returns 0 or an errno. What cannot be watched because it is always ready, or never will be, has been reported by
    // the kernel already.
    int add(scheduler& s, int fd, std::uint32_t events) noexcept {
        watched_fd& next = space_[count_];
        detail::forget_unless_closes_are_seen(s, fd);
        const int error = next.begin(s.loop().poller(), fd, events);
        if (error == 0)
            ++count_;
        else
            next.state = nullptr;
        return error == EPERM || error == EBADF ? 0 : error;
    }

    std::span<watched_fd> all() noexcept { return space_.first(count_); }

  private:
    std::array<watched_fd, 8> few_{};
    std::unique_ptr<watched_fd[]> many_;
    std::span<watched_fd> space_;
    std::size_t count_ = 0;
};

// ask() makes the call with no time to wait, and with the caller's mask, so that the kernel lets a signal in or leaves it
// pending as ever; watch(set) adds what it is about. Parks between two tries until `deadline`.
template <class Ask, class Watch, class OnClosed>
int wait_until_ready(scheduler& s, time_point deadline, const char* name, const sigset_t* mask, Ask ask, Watch watch,
                     OnClosed on_closed) {
    const int before = errno;
    detail::waiting_call call(name);
    for (;;) {
        const long found = ask();
        if (found != 0 || deadline == time_point::min()) {
            spend_turn(s, s.running());
            if (found < 0) errno = static_cast<int>(-found);
            return found < 0 ? -1 : static_cast<int>(found);
        }
        watched_set watched;
        if (!watch(watched)) return -1;
        const int error = detail::wait_event(s, watched.all(), deadline, call, detail::restarts::no, mask);
        errno = before;
        if (error == ETIMEDOUT) {
            deadline = time_point::min();  // one more look: what came at the last moment counts
        } else if (error == EBADF) {
            return on_closed(watched);
        } else if (error) {
            errno = error;
            return -1;
        }
    }
}

// Of a limit as poll(2) has it: negative for none.
time_point deadline_after_ms(time_point now, int limit_ms) noexcept {
    if (limit_ms < 0) return never;
    const timespec limit{limit_ms / 1000, limit_ms % 1000 * 1'000'000L};
    return deadline_after(now, &limit);
}

std::uint32_t events_of(short wanted) noexcept {
    std::uint32_t events = EPOLLHUP | EPOLLERR;
    if (wanted & (POLLIN | POLLRDNORM | POLLRDBAND)) events |= EPOLLIN;
    if (wanted & POLLRDHUP) events |= EPOLLRDHUP;
    if (wanted & (POLLOUT | POLLWRNORM | POLLWRBAND)) events |= EPOLLOUT;
    if (wanted & POLLPRI) events |= EPOLLPRI;
    return events;
}

int poll_on(scheduler& s, pollfd* entries, nfds_t count, time_point deadline, const char* call,
            const sigset_t* mask) {
    return wait_until_ready(
        s, deadline, call, mask,
        [&] {
            timespec none{};
            return bare_call(SYS_ppoll, entries, count, &none, mask, kernel_mask_bytes);
        },
        [&](watched_set& watched) {
            if (!watched.reserve(count)) return false;
            for (nfds_t i = 0; i < count; ++i) {
                if (entries[i].fd < 0) continue;
                if (const int error = watched.add(s, entries[i].fd, events_of(entries[i].events))) {
                    errno = error;
                    return false;
                }
            }
            return true;
        },
        [&](watched_set& watched) {
            int ready = 0;
            for (pollfd& each : std::span(entries, count)) {
                const bool closed = std::ranges::any_of(watched.all(), [&](const watched_fd& of) {
                    return of.fd == each.fd && of.closed_meanwhile();
                });
                each.revents = closed ? POLLNVAL : 0;
                ready += closed;
            }
            return ready;
        });
}

// --- select ---

constexpr int bits_per_word = sizeof(unsigned long) * CHAR_BIT;

std::size_t words_of(int count) noexcept {
    return static_cast<std::size_t>((count + bits_per_word - 1) / bits_per_word);
}

// How many bits of the sets are looked at. The kernel looks at no more than there are descriptors in its table, and that is
// larger here by the runtime's own: to programs that pass the limit for `count`, with sets that end before it.
int looked_at(int count) noexcept {
    if (count <= FD_SETSIZE) return count;
    const int directory = bare_call(SYS_openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    int end = directory < 0 ? count : FD_SETSIZE;
    alignas(dirent64) char entries[4096];
    for (long size; directory >= 0 && (size = bare_call(SYS_getdents64, directory, entries, sizeof entries)) > 0;) {
        for (long at = 0; at < size; at += reinterpret_cast<dirent64*>(entries + at)->d_reclen) {
            const int fd = std::atoi(reinterpret_cast<dirent64*>(entries + at)->d_name);
            if (fd < count && !sys::is_own(fd)) end = std::max(end, fd + 1);
        }
    }
    if (directory >= 0) sys::close(directory);
    return end;
}

// The three sets. The caller's are read at the beginning and written at the end, as by the kernel. They may be larger than
// fd_set, which many programs rely on.
class asked_sets {
  public:
    asked_sets(int count, fd_set* reading, fd_set* writing, fd_set* special) noexcept
        : count_(looked_at(count)), callers_{words(reading), words(writing), words(special)} {}

    // False with errno when there is no memory.
    bool read() noexcept {
        const std::size_t size = words_of(count_);
        memory_.reset(new (std::nothrow) unsigned long[6 * size + 1]);
        if (!memory_) {
            errno = ENOMEM;
            return false;
        }
        for (std::size_t i = 0; i < 3; ++i)
            if (callers_[i]) std::copy_n(callers_[i], size, saved(i));
        return true;
    }
    // What the kernel has answered.
    void write() noexcept {
        for (std::size_t i = 0; i < 3; ++i)
            if (callers_[i]) std::copy_n(answer(i), words_of(count_), callers_[i]);
    }
    long ask(const sigset_t* mask) noexcept {
        std::copy_n(saved(0), 3 * words_of(count_), answer(0));
        timespec none{};
        const struct {
            const sigset_t* mask;
            std::size_t bytes;
        } with_mask{mask, kernel_mask_bytes};
        return bare_call(SYS_pselect6, count_, callers_[0] ? answer(0) : nullptr, callers_[1] ? answer(1) : nullptr,
                         callers_[2] ? answer(2) : nullptr, &none, &with_mask);
    }
    bool watch(scheduler& s, watched_set& watched) noexcept {
        const std::size_t size = words_of(count_);
        std::size_t wanted = 0;
        for (std::size_t i = 0; i < size; ++i) wanted += static_cast<std::size_t>(std::popcount(any(i)));
        if (!watched.reserve(wanted)) return false;
        for (std::size_t i = 0; i < size; ++i) {
            for (unsigned long left = any(i); left; left &= left - 1) {
                const int bit = std::countr_zero(left);
                const unsigned long mask = 1ul << bit;
                std::uint32_t events = 0;
                if (saved(0, i) & mask) events |= EPOLLIN | EPOLLHUP | EPOLLERR;
                if (saved(1, i) & mask) events |= EPOLLOUT | EPOLLERR;
                if (saved(2, i) & mask) events |= EPOLLPRI;
                if (const int error = watched.add(s, static_cast<int>(i) * bits_per_word + bit, events)) {
                    errno = error;
                    return false;
                }
            }
        }
        return true;
    }

  private:
    static unsigned long* words(fd_set* set) noexcept { return reinterpret_cast<unsigned long*>(set); }
    unsigned long* saved(std::size_t set) const noexcept { return memory_.get() + set * words_of(count_); }
    unsigned long* answer(std::size_t set) const noexcept { return saved(3 + set); }
    unsigned long saved(std::size_t set, std::size_t word) const noexcept {
        if (!callers_[set]) return 0;
        const unsigned long value = saved(set)[word];
        const int past = static_cast<int>(word + 1) * bits_per_word - count_;
        return past > 0 ? value & (~0ul >> past) : value;
    }
    unsigned long any(std::size_t word) const noexcept { return saved(0, word) | saved(1, word) | saved(2, word); }

    int count_;
    std::array<unsigned long*, 3> callers_;
    std::unique_ptr<unsigned long[]> memory_;  // what the caller has asked, and what was answered last
};

int select_on(scheduler& s, int count, fd_set* reading, fd_set* writing, fd_set* special, time_point deadline,
              const char* call, const sigset_t* mask) {
    asked_sets sets(count, reading, writing, special);
    if (!sets.read()) return -1;
    const int found = wait_until_ready(
        s, deadline, call, mask, [&] { return sets.ask(mask); },
        [&](watched_set& watched) { return sets.watch(s, watched); },
        [](watched_set&) {
            errno = EBADF;
            return -1;
        });
    if (found >= 0) sets.write();  // "unmodified" after an error (select(2))
    return found;
}

int epoll_on(scheduler& s, int epoll, epoll_event* events, int most, time_point deadline, const char* call,
             const sigset_t* mask) {
    return wait_until_ready(
        s, deadline, call, mask,
        [&] { return bare_call(SYS_epoll_pwait, epoll, events, most, 0, mask, kernel_mask_bytes); },
        [&](watched_set& watched) {
            watched.reserve(1);
            const int error = watched.add(s, epoll, EPOLLIN | EPOLLHUP | EPOLLERR);
            errno = error;
            return error == 0;
        },
        [](watched_set&) {
            errno = EBADF;
            return -1;
        });
}

scheduler* taken_over() noexcept {
    return detail::taken_over(family::select);
}

}  // namespace

}  // namespace green::monkeypatch

using namespace green::monkeypatch;

extern "C" {

int poll(pollfd* entries, nfds_t count, int limit_ms) {
    scheduler* s = taken_over();
    if (!s) return original<&::poll>()(entries, count, limit_ms);
    return poll_on(*s, entries, count, deadline_after_ms(s->loop().now(), limit_ms), "poll", nullptr);
}

int ppoll(pollfd* entries, nfds_t count, const timespec* limit, const sigset_t* mask) {
    scheduler* s = !limit || is_valid(*limit) ? taken_over() : nullptr;
    if (!s) return original<&::ppoll>()(entries, count, limit, mask);
    return poll_on(*s, entries, count, deadline_after(s->loop().now(), limit), "ppoll", mask);
}

int select(int count, fd_set* reading, fd_set* writing, fd_set* special, timeval* limit) {
    constexpr long microseconds_per_second = 1'000'000;
    const bool valid = count >= 0 && (!limit || (limit->tv_sec >= 0 && limit->tv_usec >= 0));
    scheduler* s = valid ? taken_over() : nullptr;
    if (!s) return original<&::select>()(count, reading, writing, special, limit);
    timespec as_timespec{};
    if (limit) {
        as_timespec.tv_sec = limit->tv_sec + limit->tv_usec / microseconds_per_second;
        as_timespec.tv_nsec = limit->tv_usec % microseconds_per_second * 1000;
    }
    const green::time_point deadline = deadline_after(s->loop().now(), limit ? &as_timespec : nullptr);
    const int found = select_on(*s, count, reading, writing, special, deadline, "select", nullptr);
    if (limit && deadline != green::time_point::min()) {
        const green::duration left = std::max(deadline - s->loop().now(), green::duration::zero());
        limit->tv_sec = std::chrono::floor<std::chrono::seconds>(left).count();
        limit->tv_usec = static_cast<long>(left.count() % 1'000'000'000 / 1000);
    }
    return found;
}

int pselect(int count, fd_set* reading, fd_set* writing, fd_set* special, const timespec* limit, const sigset_t* mask) {
    scheduler* s = count >= 0 && (!limit || is_valid(*limit)) ? taken_over() : nullptr;
    if (!s) return original<&::pselect>()(count, reading, writing, special, limit, mask);
    return select_on(*s, count, reading, writing, special, deadline_after(s->loop().now(), limit), "pselect", mask);
}

int epoll_wait(int epoll, epoll_event* events, int most, int limit_ms) {
    scheduler* s = most > 0 ? taken_over() : nullptr;
    if (!s) return original<&::epoll_wait>()(epoll, events, most, limit_ms);
    return epoll_on(*s, epoll, events, most, deadline_after_ms(s->loop().now(), limit_ms), "epoll_wait", nullptr);
}

int epoll_pwait(int epoll, epoll_event* events, int most, int limit_ms, const sigset_t* mask) {
    scheduler* s = most > 0 ? taken_over() : nullptr;
    if (!s) return original<&::epoll_pwait>()(epoll, events, most, limit_ms, mask);
    return epoll_on(*s, epoll, events, most, deadline_after_ms(s->loop().now(), limit_ms), "epoll_pwait", mask);
}

int epoll_pwait2(int epoll, epoll_event* events, int most, const timespec* limit, const sigset_t* mask) {
    scheduler* s = most > 0 && (!limit || is_valid(*limit)) ? taken_over() : nullptr;
    if (!s) return original<&::epoll_pwait2>()(epoll, events, most, limit, mask);
    return epoll_on(*s, epoll, events, most, deadline_after(s->loop().now(), limit), "epoll_pwait2", mask);
}

}  // extern "C"
