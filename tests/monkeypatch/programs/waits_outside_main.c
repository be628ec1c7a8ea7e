/* SPDX-License-Identifier: BSL-1.0 */
/* Waits before main, after it, and in what a library does when it comes and goes: waits_outside_main LIBRARY. */
#include "say.h"

#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

static void wait_in(const char* where) {
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    struct pollfd entry = {pair[0], POLLIN, 0};
    char c;
    const long long began = now_ms();
    const int results[] = {usleep(2000), poll(&entry, 1, 2), (int)write(pair[1], "x", 1), (int)read(pair[0], &c, 1), (int)sleep(0)};
    say("%s: %d %d %d %d %d, in time %d", where, results[0], results[1], results[2], results[3], results[4], now_ms() - began >= 4);
    close(pair[0]), close(pair[1]);
}

__attribute__((constructor)) static void before_main(void) {
    wait_in("constructor");
}
__attribute__((destructor)) static void after_main(void) {
    wait_in("destructor");
}
static void at_exit(void) {
    wait_in("at exit");
}
static void on_leaving(int status, void* unused) {
    (void)unused;
    say("on exit with %d", status);
    usleep(1000);
}
static void of_thread(void* unused) {
    (void)unused;
    wait_in("destructor of a thread's value");
}

static pthread_key_t key;
static void* in_a_thread(void* unused) {
    pthread_setspecific(key, &key);
    wait_in("thread");
    return unused;
}

static void use_library(const char* path, int flags, const char* how) {
    say("dlopen %s", how);
    void* library = dlopen(path, flags);
    if (!library) say("%s", dlerror());
    long (*wait_there)(void);
    *(void**)&wait_there = dlsym(library, "wait_there");  // as dlopen(3) has it
    said("in the library", wait_there());
    said("dlclose", dlclose(library));
}

int main(int count, char** words) {
    atexit(at_exit);
    on_exit(on_leaving, NULL);
    pthread_key_create(&key, of_thread);
    pthread_t thread;
    pthread_create(&thread, NULL, in_a_thread, NULL);
    pthread_join(thread, NULL);
    if (count < 2) return 2;
    for (int i = 0; i < 2; ++i) {
        use_library(words[1], RTLD_NOW | RTLD_LOCAL, "local");
        use_library(words[1], RTLD_LAZY | RTLD_GLOBAL, "global");
        use_library(words[1], RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND, "deep");
    }
    dlopen(words[1], RTLD_NOW);  // which stays to the end
    return 5;
}
