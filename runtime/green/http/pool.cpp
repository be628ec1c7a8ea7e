// SPDX-License-Identifier: BSL-1.0
#include <green/http/pool.h>

#include <limits>

namespace green::http::detail {

connection_pool::host::host(std::size_t permits)
    : free(permits == 0 ? std::numeric_limits<std::ptrdiff_t>::max() : static_cast<std::ptrdiff_t>(permits)) {}

coro::task<lease> connection_pool::reserve(pool_key key, time_point deadline) {
    const auto h = hosts_.try_emplace(std::move(key), limits_.max_connections_per_host).first;
    ++h->second.user_count;
    try {
        const bool in_time = co_await coro::try_acquire_until(h->second.free, deadline);
        if (!in_time)
            throw std::system_error(make_error_code(errc::timed_out_in_queue),
                                    std::to_string(limits_.max_connections_per_host) + " connections in use");
    } catch (...) {
        leave(h);
        throw;
    }
    lease taken(shared_from_this(), h);
    taken.put(take_idle(h->second));
    co_return taken;
}

std::unique_ptr<connection> connection_pool::take_idle(host& h) noexcept {
    while (!h.idle.empty()) {
        std::unique_ptr<connection> last = std::move(h.idle.back().kept);
        h.idle.pop_back();
        if (!last->is_stale()) return last;
    }
    return nullptr;
}

void connection_pool::leave(host_map::iterator h) noexcept {
    if (--h->second.user_count == 0 && h->second.idle.empty()) hosts_.erase(h);
}

void connection_pool::close_idle() noexcept {
    for (auto& [key, h] : hosts_) h.idle.clear();
    std::erase_if(hosts_, [](const auto& each) { return each.second.user_count == 0; });
}

void connection_pool::shut() noexcept {
    limits_.max_idle_per_host = 0;
    close_idle();
    expiry_.cancel();
}

std::size_t connection_pool::idle_count() const noexcept {
    std::size_t count = 0;
    for (const auto& [key, h] : hosts_) count += h.idle.size();
    return count;
}

void connection_pool::keep(host& h, std::unique_ptr<connection> c) {
    if (limits_.max_idle_per_host == 0 || limits_.idle_timeout <= duration::zero()) return;
    c->release_memory();
    if (h.idle.size() == limits_.max_idle_per_host) h.idle.erase(h.idle.begin());
    h.idle.push_back({std::move(c), hub::current().now()});
    arm_expiry();
}

// One timer for all: it fires when the oldest could have expired, and looks again later while any are left.
void connection_pool::arm_expiry() {
    if (expiry_is_armed_) return;
    expiry_ = hub::current().call_after(limits_.idle_timeout, [weak = weak_from_this()] {
        if (auto self = weak.lock()) self->close_expired();
    });
    expiry_is_armed_ = true;
}

void connection_pool::close_expired() {
    expiry_is_armed_ = false;
    const time_point now = hub::current().now();
    bool any_left = false;
    for (auto& [key, h] : hosts_) {
        std::erase_if(h.idle, [&](const idle_connection& c) { return now - c.since >= limits_.idle_timeout; });
        any_left |= !h.idle.empty();
    }
    std::erase_if(hosts_, [](const auto& each) { return each.second.user_count == 0 && each.second.idle.empty(); });
    if (any_left) arm_expiry();
}

void lease::end() noexcept {
    connection_.reset();
    if (!pool_) return;
    host_->second.free.release();
    std::exchange(pool_, nullptr)->leave(host_);
}

void lease::give_back() {
    // Kept before the permit is free: who is waiting for the permit takes this connection.
    if (connection_) pool_->keep(host_->second, std::move(connection_));
    end();
}

}  // namespace green::http::detail
