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

constinit runnable mailbox::closed_{nullptr};

mailbox::mailbox() : wake_fd_(open_wake_fd()) {}

bool mailbox::post(runnable& item) noexcept {
    runnable* newest = newest_.load(std::memory_order_acquire);
    do {
        if (newest == &closed_) return false;
        item.next = newest;
    } while (!newest_.compare_exchange_weak(newest, &item, std::memory_order_seq_cst, std::memory_order_acquire));
    if (!asleep_.load(std::memory_order_seq_cst) || !asleep_.exchange(false)) return true;
    const std::uint64_t one = 1;
    sys::write(wake_fd_.get(), &one, sizeof one);  // cannot fail short of 2^64 writes
    return true;
}

void mailbox::take_all(runnable_queue& queue) noexcept {
    if (!empty()) append(newest_.exchange(nullptr, std::memory_order_acquire), queue);
}

bool mailbox::close_if_empty() noexcept {
    runnable* newest = nullptr;
    return newest_.compare_exchange_strong(newest, &closed_, std::memory_order_release, std::memory_order_relaxed) ||
           newest == &closed_;
}

void mailbox::close(runnable_queue& queue) noexcept {
    runnable* newest = newest_.exchange(&closed_, std::memory_order_acq_rel);
    if (newest != &closed_) append(newest, queue);
}

void mailbox::append(runnable* item, runnable_queue& queue) noexcept {
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
    const runnable* newest = newest_.load(std::memory_order_seq_cst);
    if (!newest || newest == &closed_) return true;
    woke();
    return false;
}

void mailbox::reset_after_fork() {
    newest_.store(nullptr);
    asleep_.store(false);
    wake_fd_.reset();  // first, or there may be no number left for its successor
    wake_fd_ = open_wake_fd();
}

}  // namespace green::detail
