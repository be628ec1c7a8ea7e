// SPDX-License-Identifier: BSL-1.0
#include <green/inspect/watchdog.h>

#include <green/fiber/scheduler.h>
#include <green/hub/describe.h>
#include <green/hub/loop.h>
#include <green/inspect/backtrace.h>
#include <green/sys/calls.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <map>
#include <mutex>
#include <stop_token>
#include <system_error>
#include <thread>
#include <utility>

#include <semaphore.h>
#include <unistd.h>

namespace green::inspect {

namespace {

using detail::loop;

// At least: one that is stuck only because the machine is busy needs some time to say that it has gone on.
constexpr duration time_to_answer = std::chrono::seconds(1);

// What a hub's thread says of itself, in a signal handler.
struct statement {
    explicit statement(loop& of) : of(of) { sem_init(&given, 0, 0); }
    ~statement() { sem_destroy(&given); }
    statement(const statement&) = delete;
    statement& operator=(const statement&) = delete;

    loop& of;
    loop::progress progress{};
    std::uint64_t id = 0;
    char name[100] = "";
    detail::stack_frames frames;
    sem_t given;
    std::atomic<bool> complete{false};  // says the same to ThreadSanitizer, which does not know sem_clockwait(3)
};

// The one that is asked for; whoever takes it out answers it, or withdraws the question.
constinit std::atomic<statement*> wanted{nullptr};

void give(statement& s) noexcept {
    const detail::agent& running = *detail::current_agent;
    s.progress = s.of.how_far();
    s.id = running.id;
    const bool is_hub = running.attention & detail::agent::is_hub;
    const char* const given = is_hub ? "a hub callback" : running.given_name_for_signal();
    if (given)
        std::snprintf(s.name, sizeof s.name, "%s", given);
    else
        std::snprintf(s.name, sizeof s.name, "%s-%llu", running.model.noun, static_cast<unsigned long long>(s.id));
}

void on_signal(int, siginfo_t*, void* machine_context) noexcept {
    const int error_number = errno;
    detail::scheduler* here = detail::scheduler::current_or_null();
    if (statement* asked = wanted.exchange(nullptr)) {
        // A thread that was not meant, for the signal may come from elsewhere, has nothing to say.
        if (here && detail::current_agent && &asked->of == &here->loop()) {
            give(*asked);
            detail::walk_interrupted(asked->frames, machine_context);
        }
        asked->complete.store(true, std::memory_order_release);
        sem_post(&asked->given);
    }
    errno = error_number;
}

// Asks the thread of a hub. False when it has not answered in time.
bool ask(statement& s, int signal_number, duration patience) {
    wanted.store(&s, std::memory_order_release);
    if (sys::signal_thread(s.of.thread_id, signal_number) == 0) {
        timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        const auto ns = until.tv_nsec + patience.count();
        until.tv_sec += ns / 1'000'000'000;
        until.tv_nsec = ns % 1'000'000'000;
        int waited;
        do waited = sem_clockwait(&s.given, CLOCK_MONOTONIC, &until);
        while (waited != 0 && errno == EINTR);
        if (waited == 0) return s.complete.load(std::memory_order_acquire);
    }
    if (wanted.exchange(nullptr)) return false;
    while (sem_wait(&s.given) != 0) {}  // it is being answered just now
    return true;
}

void print(const stuck_fiber& who) {
    std::string text = "green: \"" + who.name + "\" (" + std::to_string(who.id) + ") has kept its hub for " +
        detail::in_words(who.held_for) + " while others wait" + (who.backtrace.empty() ? "\n" : ":\n");
    for (const std::string& frame : who.backtrace) text += "    " + frame + '\n';
    std::fputs(text.c_str(), stderr);
}

}  // namespace

class watchdog::patrol {
  public:
    patrol(duration limit, reporter report, int signal_number)
        : limit_(limit), report_(report ? std::move(report) : &print), signal_number_(signal_number) {
        detail::prepare_to_walk();
        struct sigaction ours {};
        ours.sa_sigaction = &on_signal;
        ours.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
        sigemptyset(&ours.sa_mask);
        if (sigaction(signal_number_, &ours, &previous_) != 0)
            throw std::system_error(errno, std::generic_category(), "green: watchdog's signal");
        try {
            start();
        } catch (...) {
            sigaction(signal_number_, &previous_, nullptr);
            throw;
        }
    }

    ~patrol() {
        if (process_ != getpid()) {  // the thread stayed with the parent
            thread_.detach();
            return;
        }
        --loop::bystanders;  // first: one bystander more than there are threads, and somebody else takes itself for the last
        thread_.request_stop();
        thread_.join();
        sigaction(signal_number_, &previous_, nullptr);
    }

  private:
    // When a hub was first seen as it still is.
    struct sight {
        loop::progress progress;
        time_point since;
        bool asked = false;
    };

    // The program's signals are not for this thread.
    void start() {
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        struct restorer {
            ~restorer() { pthread_sigmask(SIG_SETMASK, &before, nullptr); }
            const sigset_t& before;
        } restores{before};
        thread_ = std::jthread([this](std::stop_token stop) { walk_about(stop); });
        ++loop::bystanders;
    }

    void walk_about(const std::stop_token& stop) {
        std::mutex lock;
        std::condition_variable_any stopped;
        std::unique_lock held(lock);
        while (!stopped.wait_for(held, stop, limit_ / 4, [&] { return stop.stop_requested(); }))
            for (loop* at = detail::newest_enlisted(); at; at = at->enlisted_before) look_at(*at);
    }

    // From afar as long as nobody seems stuck. A signal would cut the waits of an innocent short.
    void look_at(loop& one) {
        const bool is_alone = one.agent_count() == 0;  // main, without a fiber that it could keep waiting
        if (!one.has_thread.load(std::memory_order_acquire) || one.asleep() || is_alone) {
            seen_.erase(&one);
            return;
        }
        const loop::progress progress = one.how_far();
        const time_point now = std::chrono::steady_clock::now();
        const auto [at, is_new] = seen_.try_emplace(&one, sight{progress, now});
        sight& seen = at->second;
        if (!is_new && seen.progress == progress) {
            if (now - seen.since >= limit_ && !seen.asked) inquire(one, seen);
        } else {
            seen = {progress, now};
        }
    }

    void inquire(loop& one, sight& seen) {
        seen.asked = true;
        statement said(one);
        const bool answered = ask(said, signal_number_, std::max(limit_, time_to_answer));
        if (answered && said.progress != seen.progress) return;  // it has gone on just before
        stuck_fiber who;
        who.held_for = std::chrono::steady_clock::now() - seen.since;
        who.name = answered ? said.name : "a thread that does not answer signals";
        who.id = said.id;
        who.backtrace = detail::frame_names(said.frames);
        report_(who);
    }

    const duration limit_;
    const reporter report_;
    const int signal_number_;
    const pid_t process_ = getpid();
    struct sigaction previous_ {};
    std::map<loop*, sight> seen_;
    std::jthread thread_;
};

namespace {
constinit std::atomic<pid_t> watched_process{0};  // which has one; the child of a fork may make its own
}

watchdog::watchdog(duration limit, reporter report, int signal_number) {
    if (limit <= duration::zero()) throw std::invalid_argument("green: a watchdog's limit must be positive");
    pid_t before = watched_process.load();
    if (before == getpid() || !watched_process.compare_exchange_strong(before, getpid()))
        throw std::system_error(EBUSY, std::generic_category(), "green: this process has a watchdog already");
    try {
        patrol_ = std::make_unique<patrol>(limit, std::move(report), signal_number);
    } catch (...) {
        watched_process = 0;
        throw;
    }
}

watchdog::~watchdog() {
    patrol_.reset();
    pid_t own = getpid();
    watched_process.compare_exchange_strong(own, 0);
}

}  // namespace green::inspect
