// SPDX-License-Identifier: BSL-1.0
#include <green/http/pool.h>

#include <utility>

namespace green::http::detail {

lease connection_pool::reserve(const pool_key& key) {
    std::unique_ptr<connection> found;
    auto host = idle_.find(key);
    while (host != idle_.end() && !found) {
        idle_connection last = std::move(host->second.back());
        host->second.pop_back();
        if (host->second.empty()) {
            idle_.erase(host);
            host = idle_.end();
        }
        if (!last.kept->is_stale()) found = std::move(last.kept);
    }
    return lease(shared_from_this(), key, std::move(found));
}

std::size_t connection_pool::idle_count() const noexcept {
    std::size_t count = 0;
    for (const auto& [key, connections] : idle_) count += connections.size();
    return count;
}

void connection_pool::give_back(const pool_key& key, std::unique_ptr<connection> c) {
    if (limits_.max_idle_per_host == 0 || limits_.idle_timeout <= duration::zero()) return;
    c->release_memory();
    auto& kept = idle_[key];
    if (kept.size() == limits_.max_idle_per_host) kept.erase(kept.begin());
    kept.push_back({std::move(c), hub::current().now()});
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
    for (auto host = idle_.begin(); host != idle_.end();) {
        std::erase_if(host->second, [&](const idle_connection& c) { return now - c.since >= limits_.idle_timeout; });
        host = host->second.empty() ? idle_.erase(host) : std::next(host);
    }
    if (!idle_.empty()) arm_expiry();
}

void lease::give_back() {
    if (connection_) pool_->give_back(key_, std::exchange(connection_, nullptr));
}

}  // namespace green::http::detail
