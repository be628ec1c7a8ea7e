/* SPDX-License-Identifier: BSL-1.0 */
/* Which numbers are open, asked in each way that there is for one number, after a wait. */
#include "say.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void) {
    usleep(1000);
    for (int fd = 0; fd < 4096; ++fd) {
        struct stat facts;
        struct stat64 large_facts;
        const int copy = dup(fd), other = fcntl(fd, F_DUPFD, 0), third = dup2(fd, 70);
        const int known[] = {fcntl(fd, F_GETFD) >= 0, fcntl64(fd, F_GETFL) >= 0, fstat(fd, &facts) == 0,
                             fstat64(fd, &large_facts) == 0, copy >= 0, other >= 0, third >= 0, ioctl(fd, FIOCLEX) == 0};
        int count = 0;
        for (size_t i = 0; i < sizeof known / sizeof *known; ++i) count += known[i];
        if (copy >= 0) close(copy);
        if (other >= 0) close(other);
        if (third >= 0 && third != fd) close(third);
        if (count) say("%d is open: %d", fd, count);
    }
    usleep(1000);
    said("the next number", dup(0));
}
