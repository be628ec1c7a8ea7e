// SPDX-License-Identifier: BSL-1.0
// Signal handlers and fibers: what a handler calls is libc's, because it may have interrupted anything.
#include <green/monkeypatch/patch.h>

#include <green/green.h>

#include <support/fixture.h>

#include <doctest/doctest.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace std::chrono_literals;

namespace {

volatile int turns_of_others = 0;
volatile int turns_before = 0, turns_after = 0;
int pair[2];
__jmp_buf_tag* back;  // where jump_out() goes

// While it lives, `handler` is SIGUSR1's.
class handled_by {
  public:
    explicit handled_by(void (*handler)(int)) {
        struct sigaction action {};
        action.sa_handler = handler;
        ::sigaction(SIGUSR1, &action, &before_);
    }
    ~handled_by() { ::sigaction(SIGUSR1, &before_, nullptr); }

  private:
    struct sigaction before_;
};

void sleep_in_handler(int) {
    turns_before = turns_of_others;
    ::usleep(10'000);
    turns_after = turns_of_others;
}

void jump_out(int) {
    ::siglongjmp(back, 1);
}

void close_first(int) {
    ::close(pair[0]);
}

struct others_take_turns {
    others_take_turns() {
        turns_of_others = 0;
        one = green::spawn([] {
            for (;;) {
                turns_of_others = turns_of_others + 1;
                green::sleep(1ms);
            }
        });
        green::yield();
    }
    ~others_take_turns() { one.kill(); }
    green::fiber<void> one;
};

}  // namespace

TEST_CASE_FIXTURE(support::leak_check, "monkeypatch: a handler that sleeps holds up its thread, as without the patch") {
    green::monkeypatch::patch_all();
    handled_by it(sleep_in_handler);
    others_take_turns others;
    ::raise(SIGUSR1);
    CHECK(turns_before == turns_after);
    const int before = turns_of_others;
    ::usleep(20'000);
    CHECK(turns_of_others > before);
}

TEST_CASE_FIXTURE(support::leak_check, "monkeypatch: calls park again when a handler was left by a jump") {
    green::monkeypatch::patch_all();
    handled_by it(jump_out);
    others_take_turns others;
    sigjmp_buf here;
    back = here;
    if (sigsetjmp(here, 1) == 0) ::raise(SIGUSR1);
    const int before = turns_of_others;
    ::usleep(20'000);
    CHECK(turns_of_others > before);
}

TEST_CASE_FIXTURE(support::leak_check, "monkeypatch: a handler that has interrupted the hub jumps into the fiber that is meant") {
    green::monkeypatch::patch_all();
    handled_by it(jump_out);
    others_take_turns others;
    auto jumper = green::spawn([] {
        sigjmp_buf here;
        back = here;
        if (sigsetjmp(here, 1) != 0) return 1;
        ::sleep(5);
        return 0;
    });
    auto sleeper = green::spawn([] { return ::usleep(50'000); });
    std::thread sender([thread = ::pthread_self()] {
        ::usleep(20'000);
        ::pthread_kill(thread, SIGUSR1);
    });
    const bool in_time = jumper.join_for(2s);
    sender.join();
    REQUIRE(in_time);
    CHECK(jumper.get() == 1);
    CHECK(sleeper.get() == 0);
    const int before = turns_of_others;
    ::usleep(20'000);
    CHECK(turns_of_others > before);
}

TEST_CASE_FIXTURE(support::leak_check, "monkeypatch: a close in a handler wakes the fiber that waits") {
    green::monkeypatch::patch_all();
    handled_by it(close_first);
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    auto reader = green::spawn([] {
        char c;
        return ::recv(pair[0], &c, 1, 0) == -1 ? errno : 0;
    });
    green::sleep(5ms);
    {
        sigset_t it_alone, held;
        sigemptyset(&it_alone);
        sigaddset(&it_alone, SIGUSR1);
        ::pthread_sigmask(SIG_BLOCK, &it_alone, &held);
        ::raise(SIGUSR1);
        ::pthread_sigmask(SIG_SETMASK, &held, nullptr);
    }
    REQUIRE(reader.join_for(2s));
    const int how = reader.get();
    CHECK((how == EBADF || how == EINTR));
    ::close(pair[1]);
}

namespace {

bool is_blocked(int signal_number) {
    sigset_t mask;
    ::pthread_sigmask(SIG_BLOCK, nullptr, &mask);
    return ::sigismember(&mask, signal_number);
}

int poll_with(int blocked, long milliseconds) {
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, blocked);
    const timespec limit{0, milliseconds * 1'000'000};
    return ::ppoll(nullptr, 0, &limit, &mask);
}

volatile int handled = 0;

}  // namespace

TEST_CASE_FIXTURE(support::leak_check, "monkeypatch: masks of calls that overlap leave the program's as it was") {
    green::monkeypatch::patch_all();
    bool seen_by_others = false;
    auto first = green::spawn([] { return poll_with(SIGUSR1, 20); });
    auto second = green::spawn([] { return poll_with(SIGUSR2, 40); });
    auto other = green::spawn([&] {
        ::usleep(5'000);
        seen_by_others = is_blocked(SIGUSR1) || is_blocked(SIGUSR2);
    });
    CHECK(first.get() == 0);
    CHECK(second.get() == 0);
    other.join();
    CHECK_FALSE(seen_by_others);
    CHECK_FALSE(is_blocked(SIGUSR1));
    CHECK_FALSE(is_blocked(SIGUSR2));
}

TEST_CASE_FIXTURE(support::leak_check, "monkeypatch: a signal that only one call lets in ends that call") {
    green::monkeypatch::patch_all();
    handled_by it([](int) { handled = handled + 1; });
    handled = 0;
    sigset_t blocked, before, none;
    sigemptyset(&none);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
    auto waiter = green::spawn([&none] { return ::ppoll(nullptr, 0, nullptr, &none) == -1 ? errno : 0; });
    auto sleeper = green::spawn([] { return ::usleep(60'000); });
    std::thread sender([thread = ::pthread_self()] {
        ::usleep(20'000);
        ::pthread_kill(thread, SIGUSR1);
    });
    CHECK(::usleep(40'000) == 0);
    CHECK(waiter.join_for(2s));
    CHECK(waiter.get() == EINTR);
    CHECK(sleeper.get() == 0);
    CHECK(handled == 1);
    sender.join();
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST_CASE_FIXTURE(support::leak_check, "monkeypatch: what system() blocks is not seen, and not put back by others") {
    green::monkeypatch::patch_all();
    struct sigaction action {}, before;
    action.sa_handler = [](int) {};
    ::sigaction(SIGCHLD, &action, &before);
    auto runner = green::spawn([] { return ::system("sleep 0.05"); });
    auto other = green::spawn([] {
        ::usleep(10'000);
        sigset_t added, old;
        sigemptyset(&added);
        sigaddset(&added, SIGUSR1);
        ::sigprocmask(SIG_BLOCK, &added, &old);
        const bool seen = ::sigismember(&old, SIGCHLD);
        ::usleep(100'000);
        ::sigprocmask(SIG_SETMASK, &old, nullptr);
        return seen;
    });
    auto one_who_blocks_it = green::spawn([] {
        ::usleep(10'000);
        sigset_t child;
        sigemptyset(&child);
        sigaddset(&child, SIGCHLD);
        ::sigprocmask(SIG_BLOCK, &child, nullptr);
        const bool seen = is_blocked(SIGCHLD);
        ::sigprocmask(SIG_UNBLOCK, &child, nullptr);
        return seen && !is_blocked(SIGCHLD);
    });
    CHECK(runner.get() == 0);
    CHECK_FALSE(other.get());
    CHECK(one_who_blocks_it.get());
    CHECK_FALSE(is_blocked(SIGCHLD));
    CHECK_FALSE(is_blocked(SIGUSR1));
    ::sigaction(SIGCHLD, &before, nullptr);
}
