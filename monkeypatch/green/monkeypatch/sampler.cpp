// SPDX-License-Identifier: BSL-1.0
#include <green/monkeypatch/sampler.h>

#include <green/hub/fd_table.h>
#include <green/hub/hub.h>
#include <green/hub/loop.h>
#include <green/monkeypatch/gate.h>
#include <green/sys/calls.h>
#include <green/sys/direct_call.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <span>

#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

namespace green::monkeypatch::detail {

namespace {

using green::detail::loop;
using green::detail::single_writer;
using sys::bare_call;

constexpr duration interval = std::chrono::milliseconds(1);

// What the thread has counted. It alone writes.
struct place_counter {
    single_writer<std::uintptr_t> instruction = 0;
    single_writer<long> system_call = 0;
    single_writer<std::uint64_t> count = 0;
    single_writer<std::int64_t> ns = 0;
};
constinit std::array<place_counter, 256> places{};
constinit std::atomic<std::size_t> place_count{0};
constinit single_writer<std::int64_t> computing_ns = 0;
constinit single_writer<std::int64_t> longest_hold_ns = 0;

constinit std::atomic<const char*> trouble_what{nullptr};
constinit std::atomic<int> trouble_error{0};

void note_trouble(const char* what, long negative_errno) noexcept {
    trouble_error.store(static_cast<int>(-negative_errno), std::memory_order_relaxed);
    trouble_what.store(what, std::memory_order_release);
}

// Null when there is no room for another one.
place_counter* counter_of(std::uintptr_t instruction, long system_call) noexcept {
    const std::size_t known = place_count.load(std::memory_order_relaxed);
    for (std::size_t i = 0; i < known; ++i)
        if (places[i].instruction == instruction && places[i].system_call == system_call) return &places[i];
    if (known == places.size()) return nullptr;
    places[known].instruction = instruction;
    places[known].system_call = system_call;
    place_count.store(known + 1, std::memory_order_release);
    return &places[known];
}

constinit std::atomic<int> must_stop{0}, is_prepared{0};  // futex(2)

void set_and_wake(std::atomic<int>& word) noexcept {
    word.store(1);
    bare_call(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}
// Until it is set. A null limit means for ever.
void wait_until_set(std::atomic<int>& word, const timespec* limit) noexcept {
    bare_call(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, limit, nullptr, 0);
}

// --- one thread as it is seen ---

// A line of /proc/PID/syscall: "running", or "232 0x3 … 0x7ffd… 0x7f32…", the number of the system call, its six
// arguments, the stack pointer and the program counter; outside of one "-1", the stack pointer and the program counter.
struct sight {
    bool asleep = false;
    long system_call = 0;
    std::array<std::uintptr_t, 8> words{};
    std::size_t word_count = 0;

    bool operator==(const sight&) const = default;
    std::uintptr_t instruction() const noexcept { return word_count ? words[word_count - 1] : 0; }
};

sight parse(const char* line) noexcept {
    sight seen;
    char* rest = nullptr;
    seen.system_call = std::strtol(line, &rest, 10);
    if (rest == line) return {};  // "running"
    seen.asleep = true;
    while (seen.word_count < seen.words.size()) {
        const char* const word = rest;
        const std::uintptr_t value = std::strtoul(word, &rest, 16);
        if (rest == word) break;
        seen.words[seen.word_count++] = value;
    }
    return seen;
}

// In the hub's own wait, on a descriptor of the runtime's: then all fibers wait.
bool waits_for_all(const sight& seen) noexcept {
    const bool is_epoll = seen.system_call == SYS_epoll_pwait || seen.system_call == SYS_epoll_pwait2;
    return seen.asleep && is_epoll && sys::is_own(static_cast<int>(seen.words[0]));
}

class watched_thread {
  public:
    bool is_free() const noexcept { return id_ == 0; }
    bool is_of(const loop* hub) const noexcept { return hub_ == hub && id_ != 0; }

    void assign(const loop* hub, int id) noexcept {
        if (id == id_ && hub == hub_) return;
        leave();
        hub_ = hub;
        id_ = id;
    }
    void leave() noexcept {
        if (fd_ >= 0) bare_call(SYS_close, fd_);
        *this = {};
    }

    // Does not matter if it was done before: once open it stays that thread's, also when its number is given to another
    // one, or the process has lost the right to open it (setuid(2)).
    bool open() noexcept {
        if (fd_ >= 0) return true;
        char path[64];
        std::snprintf(path, sizeof path, "/proc/self/task/%d/syscall", id_);
        const long fd = bare_call(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
        const bool has_just_ended = fd == -ENOENT && hub_;
        if (fd < 0 && !has_just_ended) note_trouble("/proc/self/task/TID/syscall cannot be opened", fd);
        fd_ = static_cast<int>(fd);
        return fd >= 0;
    }

    // `passed` is the time since the last look.
    void look(time_point now, duration passed) noexcept {
        char line[256];
        if (!read(line) || must_stop.load()) return;  // it may wait for this thread to end
        const sight seen = parse(line);
        // What goes on has done so all the time, what is new at most since it could have been seen before.
        const bool goes_on = has_looked_ && seen.asleep == before_.asleep && (!seen.asleep || seen == before_);
        const duration time = goes_on ? passed : std::min(passed, interval);
        const bool waits = waits_for_all(seen);
        if (!seen.asleep) {
            computing_ns += time.count();
        } else if (!waits) {
            if (place_counter* at = counter_of(seen.instruction(), seen.system_call)) {
                at->ns += time.count();
                at->count += !goes_on;
            }
        }
        note_hold(waits, now, time);
        before_ = seen;
        has_looked_ = true;
    }

  private:
    bool read(std::span<char> line) noexcept {
        if (!open()) return false;
        const long size = bare_call(SYS_pread64, fd_, line.data(), line.size() - 1, 0);
        if (size > 0) {
            line[static_cast<std::size_t>(size)] = '\0';
            return true;
        }
        if (size != -ESRCH) note_trouble("/proc/self/task/TID/syscall cannot be read", size);
        return false;
    }
    void note_hold(bool waits, time_point now, duration time) noexcept {
        const loop::progress progress = hub_ ? hub_->how_far() : loop::progress{};
        if (waits) {
            is_held_ = false;
            return;
        }
        if (!is_held_ || progress != progress_) held_since_ = now - time;
        is_held_ = true;
        progress_ = progress;
        longest_hold_ns = std::max<std::int64_t>(longest_hold_ns, (now - held_since_).count());
    }

    const loop* hub_ = nullptr;
    int id_ = 0;  // 0: of nobody
    int fd_ = -1;
    bool has_looked_ = false;
    sight before_;
    bool is_held_ = false;
    loop::progress progress_{};
    time_point held_since_{};
};

// --- the thread that looks ---

constinit int founder = 0;                // the thread that started it
constinit bool watches_founder = false;   // also while it has no hub

class watch_list {
  public:
    watch_list() noexcept {
        if (!watches_founder) return;
        founder_.assign(nullptr, founder);
        founder_.open();
    }

    void look(time_point at, duration passed) noexcept {
        bool watches = watches_founder;
        for (const loop* each = green::detail::newest_enlisted(); each; each = each->enlisted_before) {
            const int id = each->has_thread.load(std::memory_order_acquire) ? each->thread_id.load() : 0;
            watches &= id != founder;
            watched_thread* const watched = of(each);
            if (!watched) continue;
            watched->assign(each, id);
            if (id) watched->look(at, passed);
        }
        founder_.assign(nullptr, watches ? founder : 0);
        if (watches) founder_.look(at, passed);
    }

  private:
    // Null when there are too many.
    watched_thread* of(const loop* hub) noexcept {
        auto found = std::ranges::find_if(of_hubs_, [&](const watched_thread& each) { return each.is_of(hub); });
        if (found == of_hubs_.end()) found = std::ranges::find_if(of_hubs_, &watched_thread::is_free);
        return found == of_hubs_.end() ? nullptr : &*found;
    }

    watched_thread founder_;
    std::array<watched_thread, 64> of_hubs_;
};

void* sample(void*) {
    ::pthread_setname_np(::pthread_self(), "green-sampler");
    if (const long refusal = bare_call(SYS_close_range, 0, UINT_MAX, CLOSE_RANGE_UNSHARE); refusal < 0) {
        note_trouble("the patch's thread gets no descriptors of its own (close_range(2))", refusal);
        set_and_wake(is_prepared);
        return nullptr;
    }
    watch_list watched;
    set_and_wake(is_prepared);
    for (time_point before = clock::now(); !must_stop.load();) {
        const timespec pause{0, interval.count()};
        wait_until_set(must_stop, &pause);
        const time_point at = clock::now();
        watched.look(at, at - before);
        before = at;
    }
    return nullptr;
}

constinit pthread_t thread{};
constinit bool is_running = false;  // in this process

// At the end of the thread that started it, but for exit(3), where all threads end. libc runs these destructors also when
// main() ends by pthread_exit(3), and those of C++ not.
void stop(void*) noexcept {
    if (!is_running || founder != sys::gettid()) return;
    --loop::bystanders;  // first: one bystander more than there are threads, and somebody else takes itself for the last
    set_and_wake(must_stop);
    ::pthread_join(thread, nullptr);
    is_running = false;
}

void stop_with_this_thread() noexcept {
    static const pthread_key_t at_end = [] {
        pthread_key_t key{};
        ::pthread_key_create(&key, &stop);
        return key;
    }();
    ::pthread_setspecific(at_end, &founder);
}

}  // namespace

void start_sampling() noexcept {
    green::detail::follow_forks();  // so that what this does in a child comes behind what the hubs do there
    stop_with_this_thread();
    founder = sys::gettid();
    watches_founder = may_have_hub;
    must_stop.store(0);
    is_prepared.store(0);

    constexpr std::size_t stack_bytes = 256 * 1024;
    pthread_attr_t attributes;
    ::pthread_attr_init(&attributes);
    ::pthread_attr_setstacksize(&attributes, stack_bytes);
    sigset_t all, before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    const int refusal = ::pthread_create(&thread, &attributes, &sample, nullptr);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    ::pthread_attr_destroy(&attributes);
    is_running = refusal == 0;
    if (!is_running) return note_trouble("the patch gets no thread", -refusal);
    ++loop::bystanders;
    while (!is_prepared.load()) wait_until_set(is_prepared, nullptr);
}

void restart_sampling() noexcept {
    for (place_counter& each : places) each.ns = each.count = 0;
    place_count.store(0);
    computing_ns = longest_hold_ns = 0;
    trouble_what.store(nullptr);
    start_sampling();
}

bool sampled_place(std::size_t index, sleeping_place& into) noexcept {
    if (index >= place_count.load(std::memory_order_acquire)) return false;
    const place_counter& from = places[index];
    into = {from.instruction, from.system_call, from.count, duration(from.ns)};
    return true;
}

sampled_work sampled_so_far() noexcept {
    return {duration(computing_ns), duration(longest_hold_ns)};
}

trouble sampling_trouble() noexcept {
    const char* const what = trouble_what.load(std::memory_order_acquire);
    return {what, what ? trouble_error.load(std::memory_order_relaxed) : 0};
}

}  // namespace green::monkeypatch::detail
