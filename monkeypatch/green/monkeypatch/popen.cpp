// SPDX-License-Identifier: BSL-1.0
// Family process: popen(3) and pclose(3).
//
// libc reads and writes its own streams by itself, where no patch reaches it. So the stream is one of fopencookie(3),
// for which libc calls back: it parks where read(2) and write(2) do (family stream). And pclose(3), fclose(3) and
// freopen(3) are the same to libc and close it alike, whoever calls them. A stream of libc's own popen(), from before
// the patch, stays what it is.
//
// One fiber at a time may use a stream: to libc two fibers of a thread are one owner of its lock.
#include <green/base/unique_fd.h>
#include <green/io/fd_wait.h>
#include <green/monkeypatch/child_watch.h>
#include <green/monkeypatch/gate.h>
#include <green/monkeypatch/patch.h>
#include <green/monkeypatch/shell.h>
#include <green/sys/calls.h>

#include <cerrno>
#include <memory>
#include <mutex>
#include <new>
#include <optional>

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace green::monkeypatch {

namespace {

// What libc calls a cookie: this process's end of the pipe, and the command at the other one.
struct command_stream {
    int fd = -1;
    pid_t child = 0;  // 0: not started
    std::unique_ptr<char[]> buffer{};
    command_stream* next = nullptr;  // under list_lock
};

constinit std::mutex list_lock;  // also held while a command starts: it closes those that are open, and no others
constinit command_stream* open_streams = nullptr;

void follow_forks() noexcept {
    [[maybe_unused]] static const int registered = ::pthread_atfork(
        [] { list_lock.lock(); }, [] { list_lock.unlock(); }, [] { list_lock.unlock(); });
}

ssize_t read_stream(void* cookie, char* to, std::size_t size_bytes) {
    return ::read(static_cast<command_stream*>(cookie)->fd, to, size_bytes);
}

// How many of them were written; errno tells why not all.
ssize_t write_stream(void* cookie, const char* from, std::size_t size_bytes) {
    std::size_t written = 0;
    while (written < size_bytes) {
        const ssize_t now = ::write(static_cast<command_stream*>(cookie)->fd, from + written, size_bytes - written);
        if (now < 0) break;
        written += static_cast<std::size_t>(now);
    }
    return static_cast<ssize_t>(written);
}

int seek_stream(void* cookie, off64_t* offset, int whence) {
    *offset = ::lseek64(static_cast<command_stream*>(cookie)->fd, *offset, whence);  // ESPIPE
    return *offset < 0 ? -1 : 0;
}

void enlist(command_stream& stream) noexcept {  // under list_lock
    stream.next = open_streams;
    open_streams = &stream;
}

void delist(command_stream& stream) noexcept {
    std::lock_guard guard(list_lock);
    for (command_stream** at = &open_streams; *at; at = &(*at)->next)
        if (*at == &stream) {
            *at = stream.next;
            return;
        }
}

// What pclose(3) returns: the command's status, or -1.
int close_stream(void* cookie) {
    const std::unique_ptr<command_stream> stream(static_cast<command_stream*>(cookie));
    delist(*stream);
    if (close_fd(stream->fd) != 0) return -1;
    if (stream->child == 0) return 0;
    int status = 0;
    pid_t ended;
    do ended = detail::wait_for_child(stream->child, &status, "pclose");
    while (ended == -1 && errno == EINTR);
    if (ended != -1) return status;
    if (errno == ECANCELED) {
        detail::leave_child(stream->child);
        errno = ECANCELED;
    }
    return -1;
}

struct stream_mode {
    bool reads;
    bool closes_on_exec;
};
std::optional<stream_mode> parse(const char* mode) noexcept {
    bool reads = false, writes = false, closes_on_exec = false;
    for (; *mode; ++mode) {
        if (*mode == 'r')
            reads = true;
        else if (*mode == 'w')
            writes = true;
        else if (*mode == 'e')
            closes_on_exec = true;
        else
            return std::nullopt;
    }
    if (reads == writes) return std::nullopt;
    return stream_mode{reads, closes_on_exec};
}

// The libc stream of `stream`, which owns it from then on; null when there is no memory.
FILE* open_file(std::unique_ptr<command_stream>& stream, bool reads) noexcept {
    FILE* file = ::fopencookie(stream.get(), reads ? "r" : "w",
                               {&read_stream, &write_stream, &seek_stream, &close_stream});
    if (!file) return nullptr;
    // libc gives the streams of cookies no number, and a buffer of another size. Both are seen by the program.
    file->_fileno = stream->fd;
    struct stat about {};
    if (::fstat(stream->fd, &about) == 0 && about.st_blksize > 0) {
        const auto size_bytes = static_cast<std::size_t>(about.st_blksize);
        stream->buffer.reset(new (std::nothrow) char[size_bytes]);
        if (stream->buffer) ::setvbuf(file, stream->buffer.get(), _IOFBF, size_bytes);
    }
    stream.release();
    return file;
}

// With `child_end` as its `number`. Returns 0 or an errno.
int start(command_stream& stream, const char* command, int child_end, int number) noexcept {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    sigset_t mask;
    ::pthread_sigmask(SIG_BLOCK, nullptr, &mask);
    ::posix_spawnattr_setsigmask(&attributes, &mask);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);

    std::lock_guard guard(list_lock);
    int error = ::posix_spawn_file_actions_adddup2(&actions, child_end, number);
    for (command_stream* each = open_streams; each && error == 0; each = each->next)
        if (each->fd != number) error = ::posix_spawn_file_actions_addclose(&actions, each->fd);
    if (error == 0) error = detail::spawn_shell(stream.child, command, &actions, &attributes);
    if (error == 0)
        enlist(stream);
    else
        stream.child = 0;
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
    return error;
}

FILE* open_command(const char* command, stream_mode mode) noexcept {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return nullptr;
    unique_fd ours(ends[mode.reads ? 0 : 1]), theirs(ends[mode.reads ? 1 : 0]);

    std::unique_ptr<command_stream> made(new (std::nothrow) command_stream{.fd = ours.get()});
    command_stream* stream = made.get();
    FILE* file = made ? open_file(made, mode.reads) : nullptr;
    if (!file) {
        errno = ENOMEM;
        return nullptr;
    }
    ours.release();
    if (const int error = start(*stream, command, theirs.get(), mode.reads ? STDOUT_FILENO : STDIN_FILENO)) {
        ::fclose(file);
        errno = error;
        return nullptr;
    }
    if (!mode.closes_on_exec) sys::fcntl(stream->fd, F_SETFD, 0);
    return file;
}

}  // namespace

}  // namespace green::monkeypatch

using namespace green::monkeypatch;

extern "C" {

FILE* popen(const char* command, const char* mode) {
    if (!detail::is_taken_over(family::process)) return original<&::popen>()(command, mode);
    follow_forks();
    const auto parsed = parse(mode);
    if (!parsed) {
        errno = EINVAL;
        return nullptr;
    }
    const int before = errno;
    FILE* file = open_command(command, *parsed);
    if (file) errno = before;
    return file;
}

// It is libc's, which closes by close_stream() what popen() has made.
int pclose(FILE* stream) {
    return original<&::pclose>()(stream);
}

}  // extern "C"
