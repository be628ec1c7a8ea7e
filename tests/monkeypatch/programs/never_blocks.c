/* SPDX-License-Identifier: BSL-1.0 */
/* A program that never waits for anything: nothing is set up for it. */
#include "say.h"

#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>

int main(int count, char** words) {
    (void)words;
    say("%d words", count);
    DIR* open_ones = opendir("/proc/self/fd");
    for (struct dirent* each; (each = readdir(open_ones));)
        if (each->d_name[0] != '.') say("open: %s", each->d_name);
    closedir(open_ones);
    int threads = 0;
    DIR* tasks = opendir("/proc/self/task");
    for (struct dirent* each; (each = readdir(tasks));) threads += each->d_name[0] != '.';
    closedir(tasks);
    say("%d thread", threads);
    for (int number = 1; number < 32; ++number) {
        struct sigaction action;
        if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_DFL) say("signal %d has a handler", number);
    }
    stack_t stack;
    sigaltstack(NULL, &stack);
    say("no alternate stack: %d", stack.ss_flags == SS_DISABLE);
    return 3;
}
