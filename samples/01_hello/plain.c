// SPDX-License-Identifier: BSL-1.0
// Two greetings, one after the other and then at once: blocking, in C.
//
//     build/samples/01_hello-plain
//
// The twins beside this file keep the shape of greet(). Here a wait stops the whole process, so what is to happen at
// once needs a process or a thread for each. You will see the same as from the twins.
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void greet(const char* name, long after_ms) {
    nanosleep(&(struct timespec){.tv_nsec = after_ms * 1000000}, NULL);
    printf("hello, %s\n", name);
    fflush(stdout);
}

static void greet_in_a_process(const char* name, long after_ms) {
    if (fork() != 0) return;
    greet(name, after_ms);
    _exit(0);
}

int main(void) {
    greet("one", 20);
    greet("another", 10);

    greet_in_a_process("slow", 20);
    greet_in_a_process("fast", 10);
    while (wait(NULL) > 0) continue;
}
