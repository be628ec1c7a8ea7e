// SPDX-License-Identifier: BSL-1.0
#include <green/io/transfer.h>

#include <green/io/perform.h>
#include <green/io/transfer_attempts.h>

namespace green {

namespace {

using detail::direction;
using room = std::span<std::byte>;
using bytes = std::span<const std::byte>;

// One perform() in three pieces. The first is all that a transfer comes to that need not wait: whatever else there is
// to do is called last, so that it needs no frame, and nothing has to be kept over its system call. A wait in turn
// has no frame above it but that of its own piece.
template <direction Direction, class Attempt, class Buffer>
struct transfer {
    [[gnu::always_inline]] static std::size_t at_once(int fd, Buffer buffer, std::error_code& error,
                                                      time_point deadline) {
        detail::scheduler* s = detail::scheduler::current_or_null();
        if (!s || error || s->running().needs_attention()) [[unlikely]] return whole(fd, buffer, error, deadline);
        detail::fd_state* state = s->loop().poller().known_state(fd);
        if (!state) [[unlikely]] return whole(fd, buffer, error, deadline);
        Attempt attempt(fd, buffer);
        ssize_t result;
        switch (detail::try_once(*state, Direction, attempt, result)) {
            case detail::try_result::would_block:
                return after_a_wait(fd, buffer, error, deadline, *state);
            case detail::try_result::failed:
                return failed(result, error);
            case detail::try_result::done:
                break;
        }
        return s->loop().take_turn() ? static_cast<std::size_t>(result) : after_its_turn(result);
    }

  private:
    [[gnu::noinline]] static std::size_t whole(int fd, Buffer buffer, std::error_code& error, time_point deadline) {
        return count_of(detail::perform(fd, Direction, Attempt(fd, buffer), deadline, error));
    }

    [[gnu::noinline]] static std::size_t after_a_wait(int fd, Buffer buffer, std::error_code& error,
                                                      time_point deadline, detail::fd_state& state) {
        detail::scheduler& s = detail::scheduler::current();
        Attempt attempt(fd, buffer);
        return count_of(detail::perform_on(s, s.running(), state, true, fd, Direction, attempt, deadline, error));
    }

    [[gnu::noinline]] static std::size_t failed(ssize_t result, std::error_code& error) {
        error.assign(static_cast<int>(-result), std::generic_category());
        return 0;
    }

    [[gnu::noinline]] static std::size_t after_its_turn(ssize_t result) {
        detail::scheduler& s = detail::scheduler::current();
        detail::spend_turn(s, s.running());
        return static_cast<std::size_t>(result);
    }

    static std::size_t count_of(ssize_t result) noexcept { return result < 0 ? 0 : static_cast<std::size_t>(result); }
};

}  // namespace

std::size_t read_some(int fd, std::span<std::byte> buffer, std::error_code& error, time_point deadline) {
    return transfer<direction::read, detail::read_attempt, room>::at_once(fd, buffer, error, deadline);
}

std::size_t receive_some(int fd, std::span<std::byte> buffer, std::error_code& error, time_point deadline) {
    return transfer<direction::read, detail::receive_attempt, room>::at_once(fd, buffer, error, deadline);
}

std::size_t write_some(int fd, std::span<const std::byte> data, std::error_code& error, time_point deadline) {
    return transfer<direction::write, detail::write_attempt, bytes>::at_once(fd, data, error, deadline);
}

std::size_t send_some(int fd, std::span<const std::byte> data, std::error_code& error, time_point deadline) {
    return transfer<direction::write, detail::send_attempt, bytes>::at_once(fd, data, error, deadline);
}

}  // namespace green
