/* SPDX-License-Identifier: BSL-1.0 */
/* popen, pclose: both directions, the stream itself, what commands inherit, and streams closed in other ways. */
#include "row.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wchar.h>

static FILE* out;

static void finish(const char* what, FILE* stream) {
    errno = 4711;
    const int status = pclose(stream);
    const int error = errno;
    fprintf(out, "%s: %x, errno %d\n", what, status, error);
    fflush(out);
}

static void copy(FILE* stream) {
    char line[200];
    while (fgets(line, sizeof line, stream)) fprintf(out, "  %s", line);
}

static void read_one(const char* command) {
    fflush(out);
    errno = 4711;
    FILE* stream = popen(command, "r");
    fprintf(out, "begun, errno %d\n", errno);
    copy(stream);
    finish(command, stream);
}

static void try_mode(const char* mode) {
    fflush(out);
    errno = 4711;
    FILE* stream = popen("true", mode);
    fprintf(out, "mode \"%s\": %s, errno %d\n", mode, stream ? "yes" : "no", errno);
    if (!stream) return;
    const int flags = fcntl(fileno(stream), F_GETFD), status_flags = fcntl(fileno(stream), F_GETFL);
    fprintf(out, "  close on exec %d, access %d, non-blocking %d\n", flags & FD_CLOEXEC,
            status_flags & O_ACCMODE, status_flags & O_NONBLOCK);
    pclose(stream);
}

static void directions(void) {
    read_one("echo one; sleep 0.02; echo two; exit 3");
    read_one("printf no-newline");
    read_one("no-such-command-at-all 2>/dev/null");
    read_one("kill -KILL $$");
    read_one("exec >&-; sleep 0.05; exit 4");

    fflush(out);
    FILE* stream = popen("sleep 0.02; sed 's/^/  got /'; exit 6", "w");
    fprintf(stream, "first\n");
    fflush(stream);
    fprintf(stream, "second\n");
    finish("written to", stream);

    stream = popen("wc -c", "w");
    for (int i = 0; i < 100000; ++i) fputs("0123456789", stream);
    finish("a million bytes written", stream);
    stream = popen("cat >/dev/null; exit 2", "w");
    static char much[300000];
    const size_t went = fwrite(much, 1, sizeof much, stream);
    fprintf(out, "in one piece: %zu\n", went);
    finish("one piece", stream);
    stream = popen("head -c 1000000 /dev/zero", "r");
    size_t total = 0, now;
    while ((now = fread(much, 1, sizeof much, stream)) > 0) total += now;
    fprintf(out, "read: %zu, eof %d, error %d\n", total, feof(stream) != 0, ferror(stream) != 0);
    finish("a million bytes read", stream);
}

static void the_stream(void) {
    try_mode("r");
    try_mode("w");
    try_mode("re");
    try_mode("ew");
    try_mode("rr");
    try_mode("");
    try_mode("rw");
    try_mode("e");
    try_mode("rb");
    try_mode("r+");

    FILE* stream = popen("echo abc; sleep 0.02; echo def", "r");
    errno = 0;
    const int sought = fseek(stream, 0, SEEK_SET), seek_error = errno;
    errno = 0;
    const long told = ftell(stream);
    const int tell_error = errno;
    fprintf(out, "seek %d %d, tell %ld %d\n", sought, seek_error, told, tell_error);
    int c = fgetc(stream);
    fprintf(out, "%c, buffer of %zu, wide %d, ", c, __fbufsize(stream), fwide(stream, 1));
    ungetc('X', stream);
    copy(stream);
    fprintf(out, "eof %d, again %d\n", feof(stream) != 0, fgetc(stream));
    finish("read character by character", stream);

    stream = popen("sleep 0.05; echo late", "r");
    fcntl(fileno(stream), F_SETFL, O_NONBLOCK);
    errno = 0;
    c = fgetc(stream);
    fprintf(out, "non-blocking: %d, errno %d, error %d\n", c, errno, ferror(stream) != 0);
    fcntl(fileno(stream), F_SETFL, 0);
    clearerr(stream);
    copy(stream);
    finish("blocking again", stream);

    void (*before)(int) = signal(SIGPIPE, SIG_IGN);
    stream = popen("exec <&-; exit 7", "w");
    usleep(50000);
    const int put = fputs("nobody reads this", stream);
    fprintf(out, "put %d, ", put >= 0);
    finish("to nobody", stream);
    stream = popen("exec <&-; exit 7", "w");
    usleep(50000);
    setvbuf(stream, NULL, _IONBF, 0);
    errno = 0;
    const int character = fputc('x', stream);
    fprintf(out, "unbuffered to nobody: %d, errno %d, error %d\n", character, errno, ferror(stream) != 0);
    finish("unbuffered to nobody", stream);
    signal(SIGPIPE, before);

    fflush(out);
    stream = popen("read line; echo \"  line: $line\"; read line; echo \"  then: $line\"", "w");
    setvbuf(stream, NULL, _IOLBF, 0);
    fputs("buffered by lines\nsecond\n", stream);
    finish("line buffered", stream);
}

static void what_commands_inherit(void) {
    fflush(out);
    FILE* first = popen("cat", "w");
    FILE* second = popen("exit 1", "re");
    read_one("ls /proc/self/fd");
    fprintf(first, "  through\n");
    finish("first", first);
    finish("second", second);
    read_one("grep -E '^Sig(Blk|Ign)' /proc/self/status");

    fflush(out);
    const int input = dup(0), output = dup(1);
    close(0);
    FILE* stream = popen("echo with stdin closed", "r");
    copy(stream);
    finish("stdin closed", stream);
    dup2(input, 0);
    close(input);
    close(1);
    stream = popen("cat >&2", "w");
    fputs("with stdout closed\n", stream);
    const int status = pclose(stream);
    dup2(output, 1);
    close(output);
    fprintf(out, "stdout closed: %x\n", status);
}

/* To libc it is one function. */
#pragma GCC diagnostic ignored "-Wmismatched-dealloc"
static void closed_otherwise(void) {
    FILE* stream = popen("exit 8", "r");
    fprintf(out, "fclose: %x\n", fclose(stream));
    errno = 0;
    fprintf(out, "none is left: %d\n", (int)waitpid(-1, NULL, 0));

    stream = fopen("/dev/null", "r");
    fprintf(out, "pclose of a file: %d\n", pclose(stream));

    stream = popen("exit 5", "r");
    int status = 0;
    const pid_t taken = waitpid(-1, &status, 0);
    fprintf(out, "taken by another wait: %d, %x\n", taken > 0, status);
    finish("then", stream);

    stream = popen("sleep 0.1; exit 6", "r");
    fflush(out);
    const pid_t child = fork();
    if (child == 0) _exit(pclose(stream) == -1 && errno == ECHILD ? 1 : 2);
    waitpid(child, &status, 0);
    fprintf(out, "in the child of a fork: %x\n", status);
    finish("in the parent", stream);

    void (*before)(int) = signal(SIGCHLD, SIG_IGN);
    stream = popen("sleep 0.02", "r");
    finish("ignored", stream);
    signal(SIGCHLD, before);
}

void row(FILE* to) {
    out = to;
    directions();
    the_stream();
    what_commands_inherit();
    closed_otherwise();
}
