// SPDX-License-Identifier: BSL-1.0
// Family stream: open(2) and fopen(3) of a FIFO wait for its other end (fifo(7)), which may be opened by a fiber of the same
// thread. All else goes straight through.
//
// The open is made with O_NONBLOCK. For writing it fails while nobody reads (ENXIO), for reading it succeeds at once, and
// writers no longer wait, as when the kernel waits itself. Neither makes an event when the other end is opened, so that
// the kernel is asked after an eighth of the time waited so far, from 0.2 ms up to 20 ms. Not by a thread that opens it
// and blocks: there is no way to end its wait that whoever else waits for this FIFO would not see.
#include <green/monkeypatch/blocking.h>
#include <green/monkeypatch/descriptor.h>
#include <green/monkeypatch/gate.h>
#include <green/monkeypatch/patch.h>
#include <green/sys/calls.h>
#include <green/sys/direct_call.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdarg>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace green::monkeypatch {

namespace {

using detail::waiting_call;
using green::detail::scheduler;
using sys::bare_call;

// Looks at the file, unless the flags say that there is nothing to wait for.
bool waits_for_other_end(int directory, const char* path, int flags) noexcept {
    if ((flags & O_ACCMODE) != O_RDONLY && (flags & O_ACCMODE) != O_WRONLY) return false;
    if (flags & (O_NONBLOCK | O_PATH | O_DIRECTORY | O_EXCL)) return false;
    struct stat facts;
    const int before = errno;
    const bool is_there = ::fstatat(directory, path, &facts, flags & O_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0) == 0;
    errno = before;
    return is_there && S_ISFIFO(facts.st_mode);
}

// The scheduler of a fiber that opens a FIFO and may have to wait. A thread gets no hub because it opens a file.
scheduler* parks_for(int directory, const char* path, int flags) noexcept {
    if (!detail::is_patched(family::stream)) return nullptr;
    if (!detail::may_have_hub && !scheduler::current_or_null()) return nullptr;
    if (!waits_for_other_end(directory, path, flags) || detail::in_vfork_child()) return nullptr;
    return detail::taken_over(family::stream);
}

// Until it is time to look again. Returns 0, ECANCELED or EINTR.
int pause(scheduler& s, time_point began, waiting_call& call) noexcept {
    using namespace std::chrono_literals;
    const time_point now = s.loop().now();
    const time_point until = add(now, std::clamp<duration>((now - began) / 8, 200us, 20ms));
    const int error = detail::wait_event(s, {}, until, call, detail::restarts::yes);
    return error == ETIMEDOUT ? 0 : error;
}

// Whether anybody has opened a FIFO for writing since we have for reading: he has written something, or has left, or a
// read would have to wait for him. Asked by tee(2), since a read would take what comes meanwhile.
bool has_had_writer(int fd) noexcept {
    short seen = 0;
    if (sys::poll_now(fd, POLLIN, seen) != 0) return true;
    int copies[2];
    if (bare_call(SYS_pipe2, copies, O_CLOEXEC) != 0) return false;
    const long copied = bare_call(SYS_tee, fd, copies[1], 1, SPLICE_F_NONBLOCK);
    for (int each : copies) sys::close(each);
    return copied != 0;
}

int open_fifo(scheduler& s, int directory, const char* path, int flags, waiting_call&& call) noexcept {
    const int before = errno;
    const time_point began = s.loop().now();
    long fd;
    int error = 0;
    while ((fd = bare_call(SYS_openat, directory, path, flags | O_NONBLOCK, 0)) == -ENXIO && error == 0)
        error = pause(s, began, call);
    if (fd < 0) {
        errno = error ? error : static_cast<int>(-fd);
        return -1;
    }
    const auto number = static_cast<int>(fd);
    detail::number_is_new(s, number);
    while ((flags & O_ACCMODE) == O_RDONLY && error == 0 && !has_had_writer(number)) error = pause(s, began, call);
    if (error) {
        ::close(number);
        errno = error;
        return -1;
    }
    sys::fcntl(number, F_SETFL, sys::fcntl(number, F_GETFL, 0) & ~O_NONBLOCK);
    errno = before;
    return number;
}

// The flags with which fopen(3) opens; -1 for modes that wait for nothing, and for what only libc understands.
int flags_of(const char* mode) noexcept {
    if (!mode || std::strpbrk(mode, "+x,")) return -1;
    const int on_exec = std::strchr(mode, 'e') ? O_CLOEXEC : 0;
    switch (*mode) {
        case 'r':
            return O_RDONLY | on_exec;
        case 'w':
            return O_WRONLY | O_CREAT | O_TRUNC | on_exec;
        case 'a':
            return O_WRONLY | O_CREAT | O_APPEND | on_exec;
        default:
            return -1;
    }
}

template <class Original>
FILE* open_stream(const char* path, const char* mode, const char* name, Original original) noexcept {
    const int flags = path ? flags_of(mode) : -1;
    scheduler* s = flags >= 0 ? parks_for(AT_FDCWD, path, flags) : nullptr;
    if (!s) return original(path, mode);
    const int fd = open_fifo(*s, AT_FDCWD, path, flags, name);
    if (fd < 0) return nullptr;
    FILE* stream = ::fdopen(fd, mode);
    if (!stream) ::close(fd);
    return stream;
}

}  // namespace

}  // namespace green::monkeypatch

using namespace green::monkeypatch;

// The mode of a file that may be made by it; there is none else, and then it is not looked at.
#define GREEN_MODE_OF(flags)              \
    va_list rest;                         \
    va_start(rest, flags);                \
    const mode_t mode = va_arg(rest, mode_t); \
    va_end(rest)

extern "C" {

int open(const char* path, int flags, ...) {
    GREEN_MODE_OF(flags);
    scheduler* s = parks_for(AT_FDCWD, path, flags);
    return s ? open_fifo(*s, AT_FDCWD, path, flags, "open") : original<&::open>()(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
    GREEN_MODE_OF(flags);
    scheduler* s = parks_for(AT_FDCWD, path, flags);
    return s ? open_fifo(*s, AT_FDCWD, path, flags, "open64") : original<&::open64>()(path, flags, mode);
}

int openat(int directory, const char* path, int flags, ...) {
    GREEN_MODE_OF(flags);
    scheduler* s = parks_for(directory, path, flags);
    return s ? open_fifo(*s, directory, path, flags, "openat") : original<&::openat>()(directory, path, flags, mode);
}

int openat64(int directory, const char* path, int flags, ...) {
    GREEN_MODE_OF(flags);
    scheduler* s = parks_for(directory, path, flags);
    return s ? open_fifo(*s, directory, path, flags, "openat64") : original<&::openat64>()(directory, path, flags, mode);
}

int creat(const char* path, mode_t mode) {
    constexpr int flags = O_WRONLY | O_CREAT | O_TRUNC;
    scheduler* s = parks_for(AT_FDCWD, path, flags);
    return s ? open_fifo(*s, AT_FDCWD, path, flags, "creat") : original<&::creat>()(path, mode);
}

int creat64(const char* path, mode_t mode) {
    constexpr int flags = O_WRONLY | O_CREAT | O_TRUNC;
    scheduler* s = parks_for(AT_FDCWD, path, flags);
    return s ? open_fifo(*s, AT_FDCWD, path, flags, "creat64") : original<&::creat64>()(path, mode);
}

FILE* fopen(const char* path, const char* mode) {
    return open_stream(path, mode, "fopen", original<&::fopen>());
}

FILE* fopen64(const char* path, const char* mode) {
    return open_stream(path, mode, "fopen64", original<&::fopen64>());
}

}  // extern "C"

#undef GREEN_MODE_OF
