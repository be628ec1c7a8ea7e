// SPDX-License-Identifier: BSL-1.0
// How a visit moves:
//
//     push --> ready --next--> under way --done--> gone
//                ^                |
//                |alarm           |retry
//              delayed <----------+
//
// A host stands in turns_ while it has something ready and a free place; next() takes one visit from the
// first host and sends the host to the end. A host in its pause leaves turns_ and comes back by an alarm.
#include "crawler/frontier.h"

#include <utility>

namespace crawler {

push_result frontier::add_seed(const url& seed) {
    scope_.add_seed(seed);
    return push(seed, 0, {});
}

push_result frontier::push(const url& target, unsigned depth, std::string from) {
    if (seen_.contains(target.text())) return push_result::seen;
    if (!scope_.contains(target)) return push_result::out_of_scope;
    if (limits_.max_depth && depth > *limits_.max_depth) return push_result::too_deep;
    if (abandoned_ || (limits_.max_pages && seen_.size() >= *limits_.max_pages)) return push_result::too_many;
    seen_.insert(target.text());
    host& h = host_of(target);
    h.ready.push_back({target, depth, std::move(from), 0});
    ++queued_;
    put_in_turn(h);
    return push_result::accepted;
}

frontier::next_result frontier::next(time_point now) {
    ring_alarms(now);
    while (!turns_.empty()) {
        host& h = *turns_.front();
        turns_.pop_front();
        h.in_turn = false;
        if (now < h.last_start + h.pause) {
            alarms_.push({h.last_start + h.pause, &h});
            continue;
        }
        return {take(h, now), {}, false};
    }
    if (queued_ == 0 && under_way_ == 0) return {{}, {}, true};
    if (alarms_.empty()) return {};
    return {{}, alarms_.top().at, false};
}

void frontier::done(const visit& finished) {
    release(host_of(finished.target));
}

void frontier::retry(visit failed, time_point not_before) {
    host& h = host_of(failed.target);
    if (!abandoned_) {
        ++failed.attempt;
        h.delayed.emplace(not_before, std::move(failed));
        alarms_.push({not_before, &h});
        ++queued_;
    }
    release(h);
}

void frontier::set_pause(std::string_view name, clock::duration pause) {
    hosts_[std::string(name)].pause = pause;
}

void frontier::abandon() {
    abandoned_ = true;
    queued_ = 0;
    turns_.clear();
    alarms_ = {};
    for (auto& [name, h] : hosts_) {
        h.ready.clear();
        h.delayed.clear();
        h.in_turn = false;
    }
}

frontier::host& frontier::host_of(const url& target) {
    return hosts_[std::string(target.host())];
}

void frontier::put_in_turn(host& h) {
    if (h.in_turn || h.ready.empty() || h.under_way >= limits_.per_host) return;
    h.in_turn = true;
    turns_.push_back(&h);
}

void frontier::release(host& h) {
    --h.under_way;
    --under_way_;
    put_in_turn(h);
}

void frontier::ring_alarms(time_point now) {
    while (!alarms_.empty() && alarms_.top().at <= now) {
        host& h = *alarms_.top().which;
        alarms_.pop();
        while (!h.delayed.empty() && h.delayed.begin()->first <= now) {
            h.ready.push_back(std::move(h.delayed.extract(h.delayed.begin()).mapped()));
        }
        put_in_turn(h);
    }
}

visit frontier::take(host& h, time_point now) {
    visit taken = std::move(h.ready.front());
    h.ready.pop_front();
    ++h.under_way;
    ++under_way_;
    --queued_;
    h.last_start = now;
    put_in_turn(h);
    return taken;
}

}  // namespace crawler
