// SPDX-License-Identifier: BSL-1.0
#include <green/sync/group.h>

#include <green/hub/join.h>
#include <green/sync/wait.h>
#include <green/sync/watch.h>

#include <cstddef>
#include <limits>
#include <mutex>
#include <string>
#include <system_error>
#include <utility>

namespace green {

namespace detail {

// Learns of the end of one fiber or task; deletes itself then. On the hub of that one: that of whoever has put it into
// the group may lose its thread before.
struct members::member final : watch, list_hook<> {
    member(std::shared_ptr<members> all, hub& home) : watch(home), all(std::move(all)) {}
    void on_ready() noexcept override {
        auto alive = all;
        alive->on_end(*this);
    }
    std::shared_ptr<members> all;
    agent_handle who;
};

void members::member_deleter::operator()(member* m) const noexcept {
    delete m;
}

members::place members::make_place(hub& home) {
    return place(new member(shared_from_this(), home));
}

void members::add(place p, const agent_handle& a) noexcept {
    member& m = *p.release();
    m.who = a;
    {
        std::lock_guard guard(lock_);
        all_.push_back(m);
        ++size_;
    }
    if (!m.try_start(join_operation{*a.get_agent()})) on_end(m);
}

void members::on_end(member& ended) noexcept {
    intrusive_list<wait_node> chosen;
    {
        std::lock_guard guard(lock_);
        static_cast<list_hook<>&>(ended).unlink();
        if (--size_ == 0) joiners_.choose_all(chosen);
    }
    delete &ended;
    if (slots) slots->release();
    wake_all(chosen);
}

std::size_t members::size() const noexcept {
    std::lock_guard guard(lock_);
    return size_;
}

std::vector<agent_handle> members::snapshot() const {
    std::vector<agent_handle> handles;
    handles.reserve(size());
    std::lock_guard guard(lock_);
    const_cast<intrusive_list<member>&>(all_).for_each([&](member& m) { handles.push_back(m.who); });
    return handles;
}

bool members::empty_operation::enqueue(wait_node& node) noexcept {
    std::lock_guard guard(target->lock_);
    if (target->size_ == 0) return node.owner->claim(node);
    target->joiners_.push_back(node);
    return false;
}

void members::empty_operation::withdraw(wait_node& node) noexcept {
    std::lock_guard guard(target->lock_);
    wait_queue::remove(node);
}

// A function of its own: GCC 12 destroys an aggregate that is made within a co_await expression once too often.
static auto until_empty(std::shared_ptr<members> all) {
    return plain_awaiter<members::empty_operation>({std::move(all)});
}

std::shared_ptr<semaphore> slots_of_pool(std::size_t capacity) {
    if (!std::in_range<std::ptrdiff_t>(capacity))
        throw std::system_error(std::make_error_code(std::errc::invalid_argument),
                                "green: pool: a capacity of " + std::to_string(capacity) + ", above " +
                                    std::to_string(std::numeric_limits<std::ptrdiff_t>::max()));
    return std::make_shared<semaphore>(static_cast<std::ptrdiff_t>(capacity));
}

coro::task<void> kill_members(std::shared_ptr<members> all, std::exception_ptr reason) {
    co_await coro::killall(all->snapshot(), std::move(reason));
    co_await until_empty(std::move(all));
}

}  // namespace detail

void group::join() {
    detail::wait_for(detail::members::empty_operation{members_});
}

bool group::join_for(duration d) {
    return detail::wait_for(detail::members::empty_operation{members_}, hub::current().deadline_after(d)) ==
           detail::outcome::ready;
}

void group::kill(std::exception_ptr reason) {
    killall(members_->snapshot(), reason);
    join();
}

void group::kill_soon(std::exception_ptr reason) {
    if (detail::kill_others_soon(members_->snapshot(), reason)) detail::running_agent().raise_soon(std::move(reason));
}

}  // namespace green
