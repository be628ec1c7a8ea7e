/* SPDX-License-Identifier: BSL-1.0 */
/* Handlers of the program's own: of SIGCHLD, and of SIGSEGV on a stack of its own, from which it jumps back. */
#include "say.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t children, faults, on_own_stack;
static sigjmp_buf back;
static char own_stack[65536];
static char* page;

static void on_child(int number, siginfo_t* facts, void* context) {
    (void)number, (void)context;
    children += facts->si_code == CLD_EXITED;
}

static void on_fault(int number, siginfo_t* facts, void* context) {
    (void)number, (void)context;
    char here;
    on_own_stack = &here >= own_stack && &here < own_stack + sizeof own_stack;
    faults += facts->si_addr == page;
    siglongjmp(back, 1);
}

static void fault(void) {
    if (sigsetjmp(back, 1) == 0) *(volatile char*)page = 1;
    say("faults: %d, on its own stack: %d", (int)faults, (int)on_own_stack);
}

static void be_a_parent(void) {
    const int before = children;
    const pid_t child = fork();
    if (child == 0) {
        usleep(1000);
        _exit(6);
    }
    const time_t end = time(NULL) + 10;
    unsigned slept = 0;
    while (children == before && time(NULL) < end) slept += sleep(10) > 0;
    int status = 0;
    const pid_t ended = waitpid(-1, &status, WNOHANG);
    say("told of %d, sleep was cut short: %d, status %d", children - before, slept > 0, ended == child ? WEXITSTATUS(status) : -1);
}

static void install(void) {
    struct sigaction action = {.sa_sigaction = on_child, .sa_flags = SA_SIGINFO | SA_RESTART}, before;
    sigaction(SIGCHLD, &action, NULL);
    stack_t stack = {.ss_sp = own_stack, .ss_size = sizeof own_stack}, stack_before;
    sigaltstack(&stack, &stack_before);
    say("had no stack for signals: %d", stack_before.ss_flags == SS_DISABLE);
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigaction(SIGSEGV, &action, &before);
    say("had no handler: %d", before.sa_handler == SIG_DFL);
    sigaction(SIGBUS, NULL, &before);
    say("nor for SIGBUS: %d", before.sa_handler == SIG_DFL);
}

int main(int count, char** words) {
    (void)words;
    page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (count > 1) usleep(1000);
    install();
    fault();
    be_a_parent();
    fault();
    be_a_parent();
    struct sigaction now;
    sigaction(SIGSEGV, NULL, &now);
    say("the handler is its own: %d", now.sa_sigaction == on_fault);
    sigaction(SIGCHLD, NULL, &now);
    say("the other, too: %d", now.sa_sigaction == on_child);
    stack_t stack;
    sigaltstack(NULL, &stack);
    say("and so is the stack: %d", stack.ss_sp == (void*)own_stack);
    signal(SIGSEGV, SIG_DFL);
    *(volatile char*)page = 1;
}
