// SPDX-License-Identifier: BSL-1.0
#include <green/io/memory_stream.h>

#include <green/fiber/park.h>

#include <algorithm>
#include <deque>

namespace green {

namespace detail {

// One direction. Each side has at most one who waits.
struct memory_pipe {
    struct side {
        wait_node* waiting = nullptr;
        bool closed = false;

        void wake() noexcept {
            wait_node* node = std::exchange(waiting, nullptr);
            if (node && node->owner->choose()) node->owner->wake();
        }
    };

    explicit memory_pipe(std::size_t capacity_bytes) noexcept
        : capacity_bytes(std::max<std::size_t>(capacity_bytes, 1)) {}

    std::size_t capacity_bytes;
    std::deque<std::byte> data;
    side reader, writer;
    bool ended = false;        // no more will be written
    bool reset = false;

    void wake_both() noexcept {
        reader.wake();
        writer.wake();
    }
};

namespace {

// Waits until something happens to one side of a pipe, unless that need not be waited for.
template <class Possible>
struct side_wait {
    bool enqueue(wait_node& node) {
        if (side.closed || possible()) return true;
        refused = side.waiting != nullptr;
        if (!refused) side.waiting = &node;
        return refused;
    }
    void withdraw(wait_node& node) noexcept {
        if (side.waiting == &node) side.waiting = nullptr;
    }
    wait_reason reason() const noexcept { return {.call = call}; }

    memory_pipe::side& side;
    const char* call;
    Possible& possible;
    bool refused = false;  // another one waits already
};

// Parks until `possible()`; false with `error` set when it will not be. The pipe is kept alive by the caller.
template <class Possible>
bool wait_until_possible(memory_pipe::side& side, const char* call, time_point deadline, std::error_code& error,
                         Possible possible) {
    for (;;) {
        side_wait<Possible> wait{side, call, possible};
        if (wait_for(wait, deadline) == outcome::timed_out)
            return error = std::make_error_code(std::errc::timed_out), false;
        if (side.closed) return error = std::make_error_code(std::errc::bad_file_descriptor), false;
        if (wait.refused) return error = std::make_error_code(std::errc::device_or_resource_busy), false;
        if (possible()) return true;
    }
}

}  // namespace

}  // namespace detail

std::pair<memory_stream, memory_stream> memory_stream::pair(std::size_t capacity_bytes) {
    auto there = std::make_shared<detail::memory_pipe>(capacity_bytes);
    auto back = std::make_shared<detail::memory_pipe>(capacity_bytes);
    return {memory_stream(back, there), memory_stream(there, back)};
}

std::size_t memory_stream::do_read_some(std::span<std::byte> buffer, time_point deadline, std::error_code& error) {
    error.clear();
    auto pipe = incoming_;  // close() by another fiber must not take it away from here
    if (!pipe) return error = std::make_error_code(std::errc::bad_file_descriptor), 0;
    const auto possible = [&] { return !pipe->data.empty() || pipe->ended || pipe->reset; };
    if (!detail::wait_until_possible(pipe->reader, "read_some", deadline, error, possible)) return 0;
    if (pipe->reset) return error = std::make_error_code(std::errc::connection_reset), 0;
    const std::size_t count = std::min({buffer.size(), pipe->data.size(), largest_read_bytes_});
    const auto last = pipe->data.begin() + static_cast<std::ptrdiff_t>(count);
    std::copy(pipe->data.begin(), last, buffer.begin());
    pipe->data.erase(pipe->data.begin(), last);
    pipe->writer.wake();
    return count;
}

std::size_t memory_stream::do_write_some(std::span<const std::byte> data, time_point deadline, std::error_code& error) {
    error.clear();
    auto pipe = outgoing_;
    if (!pipe) return error = std::make_error_code(std::errc::bad_file_descriptor), 0;
    const auto possible = [&] {
        return pipe->data.size() < pipe->capacity_bytes || pipe->ended || pipe->reader.closed || pipe->reset;
    };
    if (!detail::wait_until_possible(pipe->writer, "write_some", deadline, error, possible)) return 0;
    if (pipe->reset) return error = std::make_error_code(std::errc::connection_reset), 0;
    if (pipe->ended || pipe->reader.closed) return error = std::make_error_code(std::errc::broken_pipe), 0;
    const std::size_t count = std::min(data.size(), pipe->capacity_bytes - pipe->data.size());
    pipe->data.insert(pipe->data.end(), data.begin(), data.begin() + static_cast<std::ptrdiff_t>(count));
    pipe->reader.wake();
    return count;
}

void memory_stream::do_shutdown_write(std::error_code& error) {
    if (!outgoing_) {
        error = std::make_error_code(std::errc::bad_file_descriptor);
        return;
    }
    outgoing_->ended = true;
    outgoing_->wake_both();
}

void memory_stream::close() noexcept {
    if (!incoming_) return;
    incoming_->reader.closed = true;
    outgoing_->writer.closed = true;
    outgoing_->ended = true;
    incoming_->wake_both();
    outgoing_->wake_both();
    incoming_.reset();
    outgoing_.reset();
}

void memory_stream::reset() noexcept {
    if (!incoming_) return;
    incoming_->reset = outgoing_->reset = true;
    close();
}

}  // namespace green
