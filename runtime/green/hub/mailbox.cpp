// SPDX-License-Identifier: BSL-1.0
#include <green/hub/mailbox.h>

#include <green/sys/calls.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace green::detail {

namespace {
unique_fd open_wake_fd() {
    unique_fd fd(sys::eventfd());
    if (!fd) throw std::system_error(errno, std::generic_category(), "green: cannot open the hub's eventfd");
    return fd;
}
}  // namespace

mailbox::mailbox() : wake_fd_(open_wake_fd()) {}

void mailbox::post(runnable& item) noexcept {
    item.next = newest_.load(std::memory_order_relaxed);
    while (!newest_.compare_exchange_weak(item.next, &item, std::memory_order_seq_cst, std::memory_order_relaxed)) {
    }
    if (!asleep_.load(std::memory_order_seq_cst) || !asleep_.exchange(false)) return;
    const std::uint64_t one = 1;
    sys::write(wake_fd_.get(), &one, sizeof one);  // cannot fail short of 2^64 writes
}

void mailbox::take_all(runnable_queue& queue) noexcept {
    runnable* item = newest_.exchange(nullptr, std::memory_order_acquire);
    runnable* oldest_first = nullptr;
    while (item) {
        runnable* older = item->next;
        item->next = oldest_first;
        oldest_first = item;
        item = older;
    }
    while (oldest_first) {
        runnable* following = oldest_first->next;
        queue.push_back(*oldest_first);
        oldest_first = following;
    }
}

bool mailbox::prepare_to_sleep() noexcept {
    asleep_.store(true, std::memory_order_seq_cst);
    if (!newest_.load(std::memory_order_seq_cst)) return true;
    woke();
    return false;
}

void mailbox::reset_after_fork() {
    newest_.store(nullptr);
    asleep_.store(false);
    wake_fd_ = open_wake_fd();
}

}  // namespace green::detail
