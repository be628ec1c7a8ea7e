/* SPDX-License-Identifier: BSL-1.0 */
/* So few descriptors that the program's own just fit: few_descriptors SPARE sets the limit before its first wait to as many
   as there are and SPARE more; with one word more after a wait, so that it can be raised again; without a word the limit is
   as it came. */
#include "say.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char** words) {
    if (count > 1) {
        struct rlimit limit;
        getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = 3 + (rlim_t)atoi(words[1]);
        if (count > 2)
            usleep(1000);
        else
            limit.rlim_max = limit.rlim_cur;
        said("setrlimit", setrlimit(RLIMIT_NOFILE, &limit));
    }
    usleep(1000);
    int pair[2] = {-1, -1};
    if (said("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) == 0) {
        struct pollfd entry = {pair[0], POLLIN, 0};
        said("poll", poll(&entry, 1, 1));
        const pid_t child = fork();
        if (child == 0) {
            usleep(5000);
            _exit(write(pair[1], "word", 5) == 5 ? 3 : 4);
        }
        char text[8] = "";
        said("read", read(pair[0], text, sizeof text));
        int status = 0;
        said("wait", waitpid(child, &status, 0) == child);
        say("%s %d", text, WEXITSTATUS(status));
        close(pair[0]), close(pair[1]);
    }
    int copies = 0;
    while (dup(0) >= 0) ++copies;
    said("copies, as far as they count here", copies < 64 ? copies : 64);
    said("dup", dup(0));
    const pid_t last = fork();
    if (last == 0) _exit(usleep(1000) == 0 ? 5 : 6);
    int status = 0;
    said("child", waitpid(last, &status, 0) == last ? WEXITSTATUS(status) : -1);
    for (int i = 0; i < copies; ++i) close(3 + i);
    said("sleep", (long)sleep(0));
    said("usleep", usleep(1000));
    struct pollfd input = {0, 0, 0};
    said("poll", poll(&input, 1, 1));
}
