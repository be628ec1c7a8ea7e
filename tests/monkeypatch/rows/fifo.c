/* SPDX-License-Identifier: BSL-1.0 */
/* open, openat, creat, fopen and their forms: of a FIFO they wait for the other end. */
#include "partner.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int __open_2(const char* path, int flags);
int __open64_2(const char* path, int flags);
int __openat_2(int directory, const char* path, int flags);
int __openat64_2(int directory, const char* path, int flags);

static char name[] = "/tmp/green-row-XXXXXX";
static int directory;

static int by_open(int flags) { return open(name, flags); }
static int by_open64(int flags) { return open64(name, flags); }
static int by_openat(int flags) { return openat(directory, name + 5, flags); }
static int by_openat64(int flags) { return openat64(directory, name + 5, flags); }
static int by_open_2(int flags) { return __open_2(name, flags); }
static int by_open64_2(int flags) { return __open64_2(name, flags); }
static int by_openat_2(int flags) { return __openat_2(AT_FDCWD, name, flags); }
static int by_openat64_2(int flags) { return __openat64_2(directory, name + 5, flags); }
static int by_creat(int flags) { return flags == O_WRONLY ? creat(name, 0600) : open(name, flags); }
static int by_creat64(int flags) { return flags == O_WRONLY ? creat64(name, 0600) : open(name, flags); }
static int number_of(FILE* stream) {
    if (!stream) return -1;
    const int fd = dup(fileno(stream));
    fclose(stream);
    return fd;
}
static int by_fopen(int flags) { return number_of(fopen(name, flags == O_WRONLY ? "we" : "r")); }
static int by_fopen64(int flags) { return number_of(fopen64(name, flags == O_WRONLY ? "a" : "rb")); }

static void* open_later(void* flags) {
    pause_ms(20);
    const int fd = by_open(*(int*)flags);
    if (*(int*)flags == O_WRONLY && write(fd, "written", 7) != 7) fprintf(out, "write: %s\n", strerror(errno));
    return (void*)(long)fd;
}

static void opens(const char* how, int (*open_it)(int)) {
    static const int ways[] = {O_RDONLY, O_WRONLY};
    for (int i = 0; i < 2; ++i) {
        int other = ways[!i];
        start_partner(open_later, &other);
        start_clock();
        const int fd = open_it(ways[i]);
        if (fd >= 0) errno = 4711; /* fopen(3) touches it */
        say(how, fd >= 0 ? 0 : -1);
        say_took(15);
        void* partners;
        pthread_join(partner, &partners);
        char buffer[8] = "";
        const int from = ways[i] == O_RDONLY ? fd : (int)(long)partners;
        if (ways[i] == O_WRONLY && write(fd, "and back", 8) != 8) fprintf(out, "write: %s\n", strerror(errno));
        say("  read", read(from, buffer, sizeof buffer));
        fprintf(out, "  %.8s, flags %d\n", buffer, fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK));
        close(fd);
        close((int)(long)partners);
    }
}

static void* come_and_go(void* flags) {
    pause_ms(20);
    close(by_open(*(int*)flags));
    return NULL;
}

static void at_once(void) {
    errno = 4711;
    const int both = open(name, O_RDWR);
    say("open for both", both >= 0 ? 0 : -1);
    const int reader = open(name, O_RDONLY), writer = open(name, O_WRONLY);
    say("open for reading what has a writer", reader >= 0 ? 0 : -1);
    say("open for writing what has a reader", writer >= 0 ? 0 : -1);
    close(both), close(reader), close(writer);
    say("open without blocking for writing", open(name, O_WRONLY | O_NONBLOCK));
    const int first = open(name, O_RDONLY | O_NONBLOCK);
    say("open without blocking for reading", first >= 0 ? 0 : -1);
    close(first);
    say("open to make it", open(name, O_WRONLY | O_CREAT | O_EXCL, 0600));
    say("open a directory", open(name, O_RDONLY | O_DIRECTORY));
    say("open what is not there", open("/no/such/file", O_RDONLY));
    const char* volatile nothing = NULL;
    say("open nothing", open(nothing, O_RDONLY));
    say("fopen what is not there", fopen("/no/such/file", "r") ? 0 : -1);
    say("fopen in a wrong mode", fopen(name, "q") ? 0 : -1);
}

static void writer_who_is_gone(void) {
    int flags = O_WRONLY;
    start_partner(come_and_go, &flags);
    errno = 4711;
    const int fd = open(name, O_RDONLY);
    say("open for reading, of a writer who comes and goes", fd >= 0 ? 0 : -1);
    end_partner();
    char c;
    say("  read", read(fd, &c, 1));
    close(fd);
}

static void files(void) {
    char file[] = "/tmp/green-row-file-XXXXXX";
    close(mkstemp(file));
    unlink(file);
    errno = 4711;
    const mode_t mask = umask(0);
    const int fd = open(file, O_RDWR | O_CREAT, 0640);
    umask(mask);
    struct stat facts;
    say("open of a new file", fstat(fd, &facts));
    fprintf(out, "  mode %o\n", facts.st_mode & 07777);
    close(fd);
    FILE* stream = fopen(file, "w+");
    say("fopen", stream ? 0 : -1);
    fclose(stream);
    unlink(file);
}

void row(FILE* to) {
    out = to;
    close(mkstemp(name));
    unlink(name);
    mkfifo(name, 0600);
    directory = open("/tmp", O_RDONLY | O_DIRECTORY);
    opens("open", by_open);
    opens("open64", by_open64);
    opens("openat", by_openat);
    opens("openat64", by_openat64);
    opens("__open_2", by_open_2);
    opens("__open64_2", by_open64_2);
    opens("__openat_2", by_openat_2);
    opens("__openat64_2", by_openat64_2);
    opens("creat", by_creat);
    opens("creat64", by_creat64);
    opens("fopen", by_fopen);
    opens("fopen64", by_fopen64);
    at_once();
    writer_who_is_gone();
    files();
    close(directory);
    unlink(name);
}
