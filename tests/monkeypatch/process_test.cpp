// SPDX-License-Identifier: BSL-1.0
#include <green/monkeypatch/patch.h>

#include <green/green.h>

#include <support/fixture.h>
#include <support/limits.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <set>
#include <string>
#include <vector>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace std::chrono_literals;
namespace monkeypatch = green::monkeypatch;

namespace {

using real_clock = std::chrono::steady_clock;

template <class F>
real_clock::duration time_of(F f) {
    const auto begin = real_clock::now();
    f();
    return real_clock::now() - begin;
}

// A child that waits to be killed.
pid_t child() {
    const pid_t made = ::fork();
    if (made) return made;
    ::sleep(60);
    ::_exit(1);
}

bool is_killed(int status) {
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

// Where a command waits until it may go on.
class gate {
  public:
    gate() { REQUIRE(::pipe(ends_) == 0); }
    ~gate() {
        for (int end : ends_) green::close_fd(end);
    }
    gate(const gate&) = delete;
    gate& operator=(const gate&) = delete;

    // The command, behind the gate.
    std::string before(const std::string& command) const {
        return "read line < /dev/fd/" + std::to_string(ends_[0]) + "; " + command;
    }
    void open() const { CHECK(::write(ends_[1], "\n", 1) == 1); }

  private:
    int ends_[2];
};

bool has_children() {
    siginfo_t unwanted{};
    return ::waitid(P_ALL, 0, &unwanted, WEXITED | WNOHANG | WNOWAIT) == 0;
}

// Until nothing is left of those that were given up.
bool all_children_go(green::duration most) {
    for (const auto end = green::hub::current().deadline_after(most); has_children(); green::sleep(1ms))
        if (green::hub::current().now() > end) return false;
    return true;
}

// How a signal is handled, for as long as it lives.
class handling {
  public:
    handling(int signal_number, void (*handler)(int), int flags = SA_RESTART) : signal_number_(signal_number) {
        struct sigaction wanted {};
        wanted.sa_handler = handler;
        wanted.sa_flags = flags;
        ::sigaction(signal_number_, &wanted, &before_);
    }
    ~handling() { ::sigaction(signal_number_, &before_, nullptr); }
    handling(const handling&) = delete;
    handling& operator=(const handling&) = delete;

  private:
    int signal_number_;
    struct sigaction before_ {};
};

bool is_handled_by(int signal_number, void (*handler)(int)) {
    struct sigaction now {};
    ::sigaction(signal_number, nullptr, &now);
    return now.sa_handler == handler;
}

bool is_blocked(int signal_number) {
    sigset_t mask;
    ::pthread_sigmask(SIG_BLOCK, nullptr, &mask);
    return ::sigismember(&mask, signal_number);
}

}  // namespace

TEST_CASE_FIXTURE(support::leak_check, "commands of many fibers run side by side") {
    monkeypatch::patch_all();
    constexpr int count = 50;
    const auto one = time_of([] { CHECK(::system("sleep 0.2") == 0); });
    const auto spawning = time_of([] {
        for (int i = 0; i < count; ++i) CHECK(::system("exec sleep 0") == 0);
    });
    auto best = real_clock::duration::max();  // of three, on a busy machine
    for (int i = 0; i < 3; ++i)
        best = std::min(best, time_of([] {
                            green::group callers;
                            for (int n = 0; n < count; ++n)
                                callers.spawn([n] {
                                    CHECK(::system(("sleep 0.2; exit " + std::to_string(n)).c_str()) == n << 8);
                                });
                            callers.join();
                        }));
    CHECK(best < one * 3 / 2 + spawning);
    CHECK_FALSE(has_children());
}

TEST_CASE_FIXTURE(support::leak_check, "streams of commands are read and written side by side") {
    monkeypatch::patch_all();
    constexpr int count = 20;
    const auto took = time_of([] {
        green::group callers;
        for (int i = 0; i < count; ++i)
            callers.spawn([i] {
                FILE* stream = ::popen(("sleep 0.2; echo " + std::to_string(i) + "; exit 3").c_str(), "r");
                REQUIRE(stream);
                int said = -1;
                CHECK(std::fscanf(stream, "%d", &said) == 1);
                CHECK(said == i);
                CHECK(::pclose(stream) == 3 << 8);
            });
        for (int i = 0; i < count; ++i)
            callers.spawn([] {  // more than the pipe holds
                FILE* stream = ::popen("sleep 0.2; test $(wc -c) = 100000", "w");
                REQUIRE(stream);
                const std::string much(100'000, 'x');
                CHECK(std::fwrite(much.data(), 1, much.size(), stream) == much.size());
                CHECK(::pclose(stream) == 0);
            });
        callers.join();
    });
    CHECK(took < count * 200ms);
    CHECK_FALSE(has_children());
}

TEST_CASE_FIXTURE(support::leak_check, "several fibers wait for their own child, or for any") {
    monkeypatch::patch_all();
    constexpr int count = 5;
    std::vector<pid_t> children;
    std::vector<int> order;
    green::group waiters;
    for (int i = 0; i < count; ++i) {
        children.push_back(child());
        waiters.spawn([&order, i, who = children.back()] {
            int status = -1;
            CHECK(::waitpid(who, &status, 0) == who);
            CHECK(is_killed(status));
            order.push_back(i);
        });
    }
    for (int i : {4, 1, 3, 0, 2}) {
        green::yield();
        ::kill(children[static_cast<std::size_t>(i)], SIGKILL);
        while (order.empty() || order.back() != i) green::sleep(1ms);
    }
    waiters.join();

    std::set<pid_t> wanted, seen;
    for (int i = 0; i < count; ++i) wanted.insert(child());
    for (int i = 0; i < count; ++i) waiters.spawn([&seen] { seen.insert(::wait(nullptr)); });
    waiters.spawn([&wanted] {
        for (pid_t who : wanted) ::kill(who, SIGKILL);
    });
    waiters.join();
    CHECK(seen == wanted);
    CHECK(::wait(nullptr) == -1);
    CHECK(errno == ECHILD);
}

TEST_CASE_FIXTURE(support::leak_check, "who waits for stops and group members is told soon") {
    monkeypatch::patch_all();
    const pid_t who = child();
    ::setpgid(who, who);
    const auto later = [who](int signal_number) {
        return green::spawn([who, signal_number] {
            ::usleep(20'000);
            ::kill(who, signal_number);
        });
    };
    const auto took = time_of([&] {
        int status = 0;
        auto stopper = later(SIGSTOP);
        CHECK(::waitpid(who, &status, WUNTRACED) == who);
        CHECK(WIFSTOPPED(status));
        auto killer = later(SIGKILL);
        CHECK(::waitpid(-who, &status, 0) == who);
        CHECK(is_killed(status));
        stopper.join();
        killer.join();
    });
    CHECK(took < 5s);
}

TEST_CASE_FIXTURE(support::leak_check, "a wait that times out leaves the child to the next one") {
    monkeypatch::patch_all();
    const pid_t who = child();
    for (pid_t wanted : {who, pid_t{-1}, pid_t{0}}) {
        int error = 0;
        siginfo_t info{};
        CHECK_FALSE(green::with_timeout(10ms, [&] {
            error = ::waitpid(wanted, nullptr, 0) == -1 ? errno : 0;
            green::yield();
        }));
        CHECK(error == ECANCELED);
        CHECK_FALSE(green::with_timeout(10ms, [&] {
            error = ::waitid(P_ALL, 0, &info, WEXITED) == -1 ? errno : 0;
            green::yield();
        }));
        CHECK(error == ECANCELED);
    }
    ::kill(who, SIGKILL);
    int status = 0;
    CHECK(::waitpid(who, &status, 0) == who);
    CHECK(is_killed(status));
}

TEST_CASE_FIXTURE(support::leak_check, "a signal handler interrupts a wait, unless calls are to be restarted") {
    monkeypatch::patch_all();
    for (int flags : {0, SA_RESTART})
        for (const bool any : {false, true}) {
            const handling handled(SIGUSR1, [](int) {}, flags);
            const pid_t who = child();
            auto other = green::spawn([&] {
                ::pthread_kill(::pthread_self(), SIGUSR1);
                green::sleep(30ms);
                ::kill(who, SIGKILL);
            });
            const pid_t found = ::waitpid(any ? -1 : who, nullptr, 0);
            if (flags == 0) {
                CHECK(found == -1);
                CHECK(errno == EINTR);
                CHECK(::waitpid(who, nullptr, 0) == who);
            } else {
                CHECK(found == who);
            }
            other.join();
        }
}

TEST_CASE_FIXTURE(support::leak_check, "a cancelled fiber may still clear up what has ended") {
    monkeypatch::patch_all();
    static volatile sig_atomic_t ended_count;
    ended_count = 0;
    const handling handled(SIGCHLD, [](int) { ended_count = ended_count + 1; });
    std::string seen;
    auto fiber = green::spawn([&] {
        const pid_t who = child();
        if (::waitpid(who, nullptr, 0) == -1 && errno == ECANCELED) seen += "cancelled ";
        ::kill(who, SIGKILL);
        siginfo_t info{};
        const auto wait_natively = monkeypatch::original<&::waitid>();
        while (wait_natively(P_PID, static_cast<id_t>(who), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {}
        if (::waitpid(who, nullptr, 0) == who) seen += "cleared ";
        if (::system("exit 1") == -1 && errno == ECANCELED && ended_count == 1) seen += "refused ";
        if (::system(nullptr) == 1) seen += "shell ";
        green::sleep(1s);
        seen += "not thrown";
    });
    green::sleep(5ms);
    fiber.kill();
    CHECK(seen == "cancelled cleared refused shell ");
}

TEST_CASE_FIXTURE(support::leak_check, "a cancelled command is killed, that of a stream goes on, and none is left") {
    monkeypatch::patch_all();
    const handling handled(SIGINT, SIG_DFL);
    int error = 0;
    const auto took = time_of([&] {
        CHECK_FALSE(green::with_timeout(20ms, [&] {
            error = ::system("exec sleep 60") == -1 ? errno : 0;
            CHECK_FALSE(has_children());
            green::yield();
        }));
    });
    CHECK(error == ECANCELED);
    CHECK(took < 10s);
    CHECK(is_handled_by(SIGINT, SIG_DFL));

    const gate closing, saying;
    const std::string command = closing.before("exec <&-; exit 0");
    CHECK_FALSE(green::with_timeout(20ms, [&] {
        FILE* stream = ::popen(command.c_str(), "w");
        error = ::pclose(stream) == -1 ? errno : 0;
        green::yield();
    }));
    CHECK(error == ECANCELED);
    green::sleep(1ms);
    CHECK(has_children());
    closing.open();
    CHECK(all_children_go(10s));

    FILE* stream = ::popen(saying.before("echo late").c_str(), "r");
    CHECK_FALSE(green::with_timeout(20ms, [&] {
        error = ::fgetc(stream) == EOF ? errno : 0;
        green::yield();
    }));
    CHECK(error == ECANCELED);
    saying.open();
    ::clearerr(stream);
    CHECK(::fgetc(stream) == 'l');
    CHECK(::pclose(stream) == 0);
}

TEST_CASE_FIXTURE(support::leak_check, "the terminal's signals are ignored from the first command to the last") {
    monkeypatch::patch_all();
    void (*const handler)(int) = [](int) {};
    const handling handled(SIGINT, handler), usual(SIGQUIT, SIG_DFL);  // a job in the background ignores both
    const gate first, last;
    auto longer = green::spawn([&] { ::system(last.before("true").c_str()); });
    auto shorter = green::spawn([&] { ::system(first.before("true").c_str()); });
    green::yield();
    CHECK(is_handled_by(SIGINT, SIG_IGN));
    CHECK(is_handled_by(SIGQUIT, SIG_IGN));
    const pid_t other = ::fork();
    if (other == 0) ::_exit(is_handled_by(SIGINT, handler) && is_handled_by(SIGQUIT, SIG_DFL) ? 0 : 1);
    int status = -1;
    CHECK(::waitpid(other, &status, 0) == other);
    CHECK(status == 0);
    first.open();
    shorter.join();
    CHECK(is_handled_by(SIGINT, SIG_IGN));
    last.open();
    longer.join();
    CHECK(is_handled_by(SIGINT, handler));
    CHECK(is_handled_by(SIGQUIT, SIG_DFL));
}

TEST_CASE_FIXTURE(support::leak_check, "a handler that takes all children cannot take a command's status") {
    monkeypatch::patch_all();
    static volatile sig_atomic_t run_count;
    run_count = 0;
    const handling handled(SIGCHLD, [](int) {
        while (::waitpid(-1, nullptr, WNOHANG) > 0) {}
        run_count = run_count + 1;
        errno = ENOTTY;
    });
    const gate first, last;
    auto longer = green::spawn([&] {
        errno = EDOM;
        CHECK(::system(last.before("exit 3").c_str()) == 3 << 8);
        CHECK(errno == EDOM);
    });
    auto shorter = green::spawn([&] { CHECK(::system(first.before("exit 2").c_str()) == 2 << 8); });
    green::yield();
    CHECK_FALSE(is_blocked(SIGCHLD));  // as the program has it, but:
    const pid_t other = ::fork();
    if (other == 0) {
        ::kill(::getpid(), SIGCHLD);
        ::_exit(run_count == 1 ? 0 : 1);
    }
    int status = -1;
    CHECK(::waitpid(other, &status, 0) == other);
    CHECK(status == 0);
    first.open();
    shorter.join();
    CHECK(run_count == 0);
    last.open();
    longer.join();
    CHECK(run_count == 1);
    CHECK_FALSE(is_blocked(SIGCHLD));
}

TEST_CASE_FIXTURE(support::leak_check, "children are waited for where no descriptor is left") {
    monkeypatch::patch_all();
    ::usleep(1);  // the hub has its own
    const pid_t first = child(), second = child();
    const support::no_descriptors_left none;
    auto any = green::spawn([second] { CHECK(::wait(nullptr) == second); });
    green::yield();
    ::kill(second, SIGKILL);
    any.join();
    auto one = green::spawn([first] { CHECK(::waitpid(first, nullptr, 0) == first); });
    green::yield();
    ::kill(first, SIGKILL);
    one.join();
    CHECK(::popen("exit 4", "r") == nullptr);
    CHECK(errno == EMFILE);
}

TEST_CASE_FIXTURE(support::leak_check, "on a hub's own context commands are waited for by the thread") {
    monkeypatch::patch_all();
    green::event called;
    int status = -1, closed = -1;
    bool others_ran = false;
    green::hub::current().call_soon([&] {
        status = ::system("exit 5");
        closed = ::pclose(::popen("exit 6", "r"));
        called.set();
    });
    auto other = green::spawn([&] { others_ran = called.is_set(); });
    called.wait();
    other.join();
    CHECK(status == 5 << 8);
    CHECK(closed == 6 << 8);
    CHECK(others_ran);
}

TEST_CASE_FIXTURE(support::leak_check, "a native thread can be cancelled in a command, which ends with it") {
    monkeypatch::patch_all();
    const handling handled(SIGINT, SIG_DFL);
    pthread_t thread;
    REQUIRE(::pthread_create(&thread, nullptr, [](void*) -> void* {
                ::system("exec sleep 60");
                return nullptr;
            }, nullptr) == 0);
    while (!is_handled_by(SIGINT, SIG_IGN) || !has_children()) green::sleep(1ms);
    void* result = nullptr;
    CHECK(::pthread_cancel(thread) == 0);
    CHECK(::pthread_join(thread, &result) == 0);
    CHECK(result == PTHREAD_CANCELED);
    CHECK(is_handled_by(SIGINT, SIG_DFL));
    CHECK_FALSE(has_children());
}
