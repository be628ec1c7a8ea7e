// SPDX-License-Identifier: BSL-1.0
// A program that is patched in main(), after it has installed a handler and before it does in the child of a fork what
// libraries do there. Run by other_grounds_test.py; exit status 0 when all is well.
#include <green/green.h>
#include <green/monkeypatch/patch.h>

#include <cerrno>
#include <cstdio>

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

int failures = 0;
void check(bool good, const char* what) {
    if (good) return;
    std::printf("not so: %s\n", what);
    ++failures;
}

int pair[2];
volatile sig_atomic_t handled = 0;

}  // namespace

int main() {
    struct sigaction action {};
    action.sa_handler = [](int) { handled = 1; };
    ::sigaction(SIGALRM, &action, nullptr);
    green::monkeypatch::patch_all();
    ::pthread_atfork(nullptr, nullptr, [] {
        ::close(pair[0]);
        ::close(pair[1]);
    });

    ::alarm(1);
    check(::poll(nullptr, 0, 20'000) == -1 && errno == EINTR, "the handler ends a call that is parked");
    check(handled, "it has run");
    struct sigaction seen {};
    ::sigaction(SIGALRM, nullptr, &seen);
    check(seen.sa_handler == action.sa_handler && !(seen.sa_flags & (SA_SIGINFO | SA_RESTART)), "it is seen as it was installed");

    check(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "there are sockets");
    auto reader = green::spawn([] {
        char c;
        return ::recv(pair[0], &c, 1, 0);
    });
    green::yield();
    const pid_t child = ::fork();
    if (child == 0) ::_exit(::usleep(1000) == 0 ? 7 : 8);
    int status = 0;
    check(::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 7, "the child ends");
    check(::send(pair[1], "x", 1, 0) == 1 && reader.get() == 1, "the parent goes on");
    return failures;
}
