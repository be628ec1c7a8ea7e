// SPDX-License-Identifier: BSL-1.0
#include <green/sync/group.h>

#include <green/hub/join.h>
#include <green/sync/wait.h>
#include <green/sync/watch.h>

#include <mutex>

namespace green {

namespace detail {

// Learns of the end of one fiber; deletes itself then. On the fiber's own hub: that of whoever has put it into the
// group may lose its thread before.
struct members::member final : watch, list_hook<> {
    member(std::shared_ptr<members> all, hub& home) : watch(home), all(std::move(all)) {}
    void on_ready() noexcept override {
        auto alive = all;
        alive->on_end(*this);
    }
    std::shared_ptr<members> all;
    fiber_handle fiber;
};

void members::member_deleter::operator()(member* m) const noexcept {
    delete m;
}

members::place members::make_place(hub& home) {
    return place(new member(shared_from_this(), home));
}

void members::add(place p, const fiber_handle& f) noexcept {
    member& m = *p.release();
    m.fiber = f;
    {
        std::lock_guard guard(lock_);
        all_.push_back(m);
        ++size_;
    }
    if (!m.try_start(join_operation{*f.get_agent()})) on_end(m);
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

std::vector<fiber_handle> members::snapshot() const {
    std::vector<fiber_handle> handles;
    handles.reserve(size());
    std::lock_guard guard(lock_);
    const_cast<intrusive_list<member>&>(all_).for_each([&](member& m) { handles.push_back(m.fiber); });
    return handles;
}

bool members::empty_operation::enqueue(wait_node& node) noexcept {
    std::lock_guard guard(target.lock_);
    if (target.size_ == 0) return node.owner->claim(node);
    target.joiners_.push_back(node);
    return false;
}

void members::empty_operation::withdraw(wait_node& node) noexcept {
    std::lock_guard guard(target.lock_);
    wait_queue::remove(node);
}

}  // namespace detail

void group::join() {
    auto alive = members_;
    detail::wait_for(detail::members::empty_operation{*alive});
}

bool group::join_for(duration d) {
    auto alive = members_;
    return detail::wait_for(detail::members::empty_operation{*alive}, hub::current().deadline_after(d)) ==
           detail::outcome::ready;
}

void group::kill(std::exception_ptr reason) {
    killall(members_->snapshot(), reason);
    join();
}

void group::kill_soon(std::exception_ptr reason) {
    const fiber_handle self = fiber_handle::current();
    bool suicidal = false;
    for (const fiber_handle& each : members_->snapshot()) {
        if (each == self)
            suicidal = true;
        else
            each.kill_soon(reason);
    }
    if (suicidal) self.kill_soon(reason);
}

}  // namespace green
