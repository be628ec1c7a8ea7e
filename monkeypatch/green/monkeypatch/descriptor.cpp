// SPDX-License-Identifier: BSL-1.0
// Family descriptor: whatever closes a number, so that those who wait for it wake with EBADF and the next descriptor of
// that number shows nothing of it. Also what the runtime has open is out of the program's reach: to whoever tries all
// numbers it is not there.
//
// These calls do not park, and are taken over on every thread.
#include <green/monkeypatch/descriptor.h>

#include <green/hub/fd_table.h>
#include <green/hub/poller.h>
#include <green/monkeypatch/gate.h>
#include <green/monkeypatch/patch.h>
#include <green/monkeypatch/special_file.h>
#include <green/sys/calls.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <new>
#include <optional>

#include <dirent.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace green::monkeypatch {

namespace detail {

namespace {

constinit std::atomic<bool> tcp_may_carry_records{false};

bool is_tcp(int fd) noexcept {
    int protocol = 0;
    unsigned size = sizeof protocol;
    return sys::getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 && protocol == IPPROTO_TCP;
}

fd_kind kind_by_mode(green::detail::poller& poller, int fd) {
    struct stat facts;
    if (::fstat(fd, &facts) != 0) return fd_kind::never_blocks;  // the call itself says what is wrong
    if (S_ISSOCK(facts.st_mode)) return is_tcp(fd) ? fd_kind::tcp : fd_kind::socket;
    if (S_ISREG(facts.st_mode) || S_ISDIR(facts.st_mode) || S_ISBLK(facts.st_mode)) return fd_kind::never_blocks;
    const int error = poller.ensure_registered(fd, poller.state(fd));
    if (error == EPERM) return fd_kind::never_blocks;
    return S_ISFIFO(facts.st_mode) ? fd_kind::nowait : special_kind(fd, facts.st_mode);
}

}  // namespace

fd_kind kind_of(green::detail::scheduler& s, int fd) noexcept {
    green::detail::poller& poller = s.loop().poller();
    if (const green::detail::fd_state* known = poller.known_state(fd); known && known->kind) [[likely]]
        return static_cast<fd_kind>(known->kind);
    const int before = errno;
    fd_kind found = fd_kind::never_blocks;
    try {
        found = kind_by_mode(poller, fd);
        // A file's kind is not kept: it costs little to ask again, and a number taken for a file by mistake would block.
        if (found != fd_kind::never_blocks) poller.state(fd).kind = static_cast<std::uint8_t>(found);
    } catch (const std::bad_alloc&) {
    }
    errno = before;
    return found;
}

void set_kind(green::detail::scheduler& s, int fd, fd_kind kind) noexcept {
    if (green::detail::fd_state* known = s.loop().poller().known_state(fd)) known->kind = static_cast<std::uint8_t>(kind);
}

void forget_number(green::detail::scheduler& s, int fd) noexcept {
    if (green::detail::fd_state* known = s.loop().poller().known_state(fd)) known->forget();
}

bool short_read_empties(green::detail::scheduler& s, int fd) noexcept {
    return !tcp_may_carry_records.load(std::memory_order_relaxed) && kind_of(s, fd) == fd_kind::tcp;
}

void note_tcp_option_set(int name) noexcept {
    if (name == TCP_ULP) tcp_may_carry_records.store(true, std::memory_order_relaxed);
}

void number_is_new(green::detail::scheduler& s, int fd) noexcept {
    forget_number(s, fd);
    green::detail::note_opened(fd);
}

}  // namespace detail

namespace {

bool taken_over() noexcept {
    return detail::is_patched(family::descriptor);
}

// Has the hubs told of a close by tell(). A signal handler leaves them a note instead, and the child of a vfork has none.
template <class Tell>
void tell_hubs(int fd, Tell tell) noexcept {
    if (!green::detail::may_be_known(fd) || detail::in_vfork_child()) return;
    if (detail::in_handler()) [[unlikely]]
        green::detail::forget_fd_in_handler(fd);
    else
        tell();
}

// Lives while `fd` is closed or replaced: all who wait for it wake.
class number_in_closing {
  public:
    explicit number_in_closing(int fd) noexcept {
        tell_hubs(fd, [&] { closing_.emplace(fd, true); });
    }

  private:
    std::optional<green::detail::closing> closing_{};
};

// The same of one among many.
void forget(int fd) noexcept {
    tell_hubs(fd, [&] { green::detail::forget_fd(fd, true); });
}

// The number that libc is about to close for a stream or a directory of its own; -1 where that is not our business.
int number_of(FILE* stream) noexcept {
    const int before = errno;
    const int fd = taken_over() && stream ? ::fileno(stream) : -1;
    errno = before;
    return fd;
}
int number_of(DIR* directory) noexcept {
    DIR* const volatile given = directory;  // may be null, of which <dirent.h> tells the compiler the contrary
    return taken_over() && given ? ::dirfd(given) : -1;
}

// Closes first…last but for the runtime's own, by close(first, last) for each run between those.
template <class Close>
int close_between_own(unsigned first, unsigned last, Close close) noexcept {
    for (unsigned fd = first; fd <= last && fd < sys::own_numbers_end; ++fd) {
        forget(static_cast<int>(fd));
        if (!sys::is_own(static_cast<int>(fd))) continue;
        if (fd > first)
            if (const int result = close(first, fd - 1)) return result;
        first = fd + 1;
    }
    for (unsigned fd = std::max(first, sys::own_numbers_end); fd <= last && green::detail::may_be_known(static_cast<int>(fd)); ++fd)
        forget(static_cast<int>(fd));
    return first > last ? 0 : close(first, last);
}

// A number that the runtime has is refused: as one that is not open, or as one beyond the limit.
bool is_ours(int fd) noexcept {
    if (!sys::is_own(fd)) return false;
    errno = EBADF;
    return true;
}
bool is_hidden(int fd) noexcept {
    return taken_over() && is_ours(fd);
}

// close(), unless `fd` is the runtime's own.
template <class Close>
int close_number(int fd, Close close) {
    if (!taken_over()) return close();
    if (is_ours(fd)) return -1;
    const number_in_closing under_way(fd);
    return close();
}

// The same of `to`, whose place a duplicate of `from` will take.
template <class Replace>
int replace_number(int from, int to, Replace replace) {
    if (!taken_over() || from == to) return replace();
    if (is_ours(from) || is_ours(to)) return -1;
    const number_in_closing under_way(sys::fcntl(from, F_GETFD, 0) >= 0 ? to : -1);
    return replace();
}

}  // namespace

}  // namespace green::monkeypatch

using namespace green::monkeypatch;

extern "C" {

int close(int fd) {
    return close_number(fd, [&] { return original<&::close>()(fd); });
}

int dup2(int from, int to) {
    return replace_number(from, to, [&] { return original<&::dup2>()(from, to); });
}

int dup3(int from, int to, int flags) {
    const auto dup3 = original<&::dup3>();
    const bool is_refused = flags & ~O_CLOEXEC;  // by the kernel, which then closes nothing
    return is_refused ? dup3(from, to, flags) : replace_number(from, to, [&] { return dup3(from, to, flags); });
}

int close_range(unsigned first, unsigned last, int flags) noexcept {
    const auto close = original<&::close_range>();
    constexpr int only_marks = 4;  // CLOSE_RANGE_CLOEXEC: ours are marked so already
    if (!taken_over() || first > last || (flags & only_marks)) return close(first, last, flags);
    return close_between_own(first, last, [&](unsigned from, unsigned to) { return close(from, to, flags); });
}

void closefrom(int first) noexcept {
    if (!taken_over()) return original<&::closefrom>()(first);
    const auto close = original<&::close_range>();
    close_between_own(static_cast<unsigned>(std::max(first, 0)), UINT_MAX,
                      [&](unsigned from, unsigned to) { return close(from, to, 0); });
}

int fclose(FILE* stream) {
    const number_in_closing under_way(number_of(stream));
    return original<&::fclose>()(stream);
}

// Another file comes under the number of the old one; if it cannot be opened, the old one is closed all the same.
FILE* freopen(const char* path, const char* mode, FILE* stream) {
    const number_in_closing under_way(number_of(stream));
    return original<&::freopen>()(path, mode, stream);
}

FILE* freopen64(const char* path, const char* mode, FILE* stream) {
    const number_in_closing under_way(number_of(stream));
    return original<&::freopen64>()(path, mode, stream);
}

int mq_close(mqd_t queue) noexcept {
    return close_number(queue, [&] { return original<&::mq_close>()(queue); });
}

int closedir(DIR* directory) {
    const number_in_closing under_way(number_of(directory));
    return original<&::closedir>()(directory);
}

// libuv closes so, for want of a close(2) that is no cancellation point.
long syscall(long number, ...) noexcept {
    va_list rest;
    va_start(rest, number);
    long values[6];
    for (long& each : values) each = va_arg(rest, long);
    va_end(rest);
    const int first = static_cast<int>(values[0]), second = static_cast<int>(values[1]), third = static_cast<int>(values[2]);
    switch (number) {
        case SYS_close:
            return close_number(first, [&] { return static_cast<int>(original<&::syscall>()(number, first)); });
        case SYS_close_range:
            return close_range(static_cast<unsigned>(first), static_cast<unsigned>(second), third);
#ifdef SYS_dup2
        case SYS_dup2:
            return dup2(first, second);
#endif
        case SYS_dup3:
            return dup3(first, second, third);
        default:
            break;
    }
    return original<&::syscall>()(number, values[0], values[1], values[2], values[3], values[4], values[5]);
}

int dup(int fd) noexcept {
    return is_hidden(fd) ? -1 : original<&::dup>()(fd);
}

int fstat(int fd, struct stat* facts) noexcept {
    return is_hidden(fd) ? -1 : original<&::fstat>()(fd, facts);
}

int fstat64(int fd, struct stat64* facts) noexcept {
    return is_hidden(fd) ? -1 : original<&::fstat64>()(fd, facts);
}

// A third argument is a word of whatever type, or none, as for the kernel itself.
int fcntl(int fd, int command, ...) {
    va_list rest;
    va_start(rest, command);
    void* const argument = va_arg(rest, void*);
    va_end(rest);
    return is_hidden(fd) ? -1 : original<&::fcntl>()(fd, command, argument);
}

int fcntl64(int fd, int command, ...) {
    va_list rest;
    va_start(rest, command);
    void* const argument = va_arg(rest, void*);
    va_end(rest);
    return is_hidden(fd) ? -1 : original<&::fcntl64>()(fd, command, argument);
}

int ioctl(int fd, unsigned long request, ...) noexcept {
    va_list rest;
    va_start(rest, request);
    void* const argument = va_arg(rest, void*);
    va_end(rest);
    return is_hidden(fd) ? -1 : original<&::ioctl>()(fd, request, argument);
}

}  // extern "C"
