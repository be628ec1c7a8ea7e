// SPDX-License-Identifier: BSL-1.0
// pthread_cancel of threads that wait in calls of every family: their destructors and clean-up handlers run.
#include "say.h"

#include <atomic>

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int empty_pair[2], full_pair[2], listener, epoll_set;
static pid_t child;

struct on_the_way_out {
    ~on_the_way_out() { *there = true; }
    bool* there;
};
struct job {
    void (*wait)();
    std::atomic<bool> has_begun{false};
    bool destroyed = false, cleaned = false;
};

static void* run(void* argument) {
    job& mine = *static_cast<job*>(argument);
    on_the_way_out guard{&mine.destroyed};
    pthread_cleanup_push([](void* cleaned) { *static_cast<bool*>(cleaned) = true; }, &mine.cleaned);
    mine.has_begun = true;
    mine.wait();
    pthread_cleanup_pop(0);
    return nullptr;
}

static void cancelled(const char* what, void (*wait)(), bool at_once = false) {
    job mine{wait};
    pthread_t thread;
    pthread_create(&thread, nullptr, run, &mine);
    while (!mine.has_begun) sched_yield();
    if (!at_once) sleep_ms(5);
    pthread_cancel(thread);
    void* result;
    pthread_join(thread, &result);
    say("%s: cancelled %d, destroyed %d, cleaned up %d", what, result == PTHREAD_CANCELED, mine.destroyed, mine.cleaned);
}

int main(int count, char**) {
    if (count > 1) usleep(1000);
    socketpair(AF_UNIX, SOCK_STREAM, 0, empty_pair);
    socketpair(AF_UNIX, SOCK_STREAM, 0, full_pair);
    static char block[4096];
    while (send(full_pair[0], block, sizeof block, MSG_DONTWAIT) > 0) {
    }
    listener = socket(AF_INET, SOCK_STREAM, 0);
    listen(listener, 1);
    epoll_set = epoll_create1(0);
    child = fork();
    if (child == 0) pause(), _exit(0);

    static char c;
    for (int i = 0; i < 2; ++i) {
        const bool at_once = i == 1;
        cancelled("read", [] { (void)!read(empty_pair[0], &c, 1); }, at_once);
        cancelled("recv", [] { recv(empty_pair[0], &c, 1, 0); }, at_once);
        cancelled("recvfrom", [] { recvfrom(empty_pair[0], &c, 1, 0, nullptr, nullptr); }, at_once);
        cancelled("write", [] { (void)!write(full_pair[0], block, sizeof block); }, at_once);
        cancelled("send", [] { send(full_pair[0], block, sizeof block, 0); }, at_once);
        cancelled("accept", [] { accept(listener, nullptr, nullptr); }, at_once);
        cancelled("poll", [] { poll(nullptr, 0, -1); }, at_once);
        cancelled("select", [] { select(0, nullptr, nullptr, nullptr, nullptr); }, at_once);
        cancelled("epoll_wait", [] {
            epoll_event event;
            epoll_wait(epoll_set, &event, 1, -1);
        }, at_once);
        cancelled("sleep", [] { sleep(1000); }, at_once);
        cancelled("usleep", [] { usleep(1000000000); }, at_once);
        cancelled("nanosleep", [] {
            const timespec long_time{1000, 0};
            nanosleep(&long_time, nullptr);
        }, at_once);
        cancelled("clock_nanosleep", [] {
            const timespec long_time{1000, 0};
            clock_nanosleep(CLOCK_MONOTONIC, 0, &long_time, nullptr);
        }, at_once);
        cancelled("waitpid", [] { waitpid(child, nullptr, 0); }, at_once);
        cancelled("wait", [] { wait(nullptr); }, at_once);
        cancelled("waitid", [] {
            siginfo_t facts;
            waitid(P_PID, static_cast<id_t>(child), &facts, WEXITED);
        }, at_once);
        cancelled("system", [] { (void)!system("exec sleep 1000"); }, at_once);
        cancelled("pause", [] { pause(); }, at_once);
        cancelled("sigwait", [] {
            sigset_t set;
            sigemptyset(&set);
            int number;
            sigwait(&set, &number);
        }, at_once);
        cancelled("sigsuspend", [] {
            sigset_t set;
            sigfillset(&set);
            sigsuspend(&set);
        }, at_once);
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    said("main still sleeps", usleep(1000));
}
