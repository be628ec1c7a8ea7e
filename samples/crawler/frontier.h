// SPDX-License-Identifier: BSL-1.0
// What is to be fetched, and what may be fetched now. Pure data: it reads no clock, sleeps nowhere, knows no
// fiber.
#pragma once

#include "crawler/scope.h"
#include "crawler/url.h"

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <queue>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace crawler {

/// One fetch to make.
struct visit {
    url target;
    unsigned depth = 0;    ///< links away from a seed
    std::string from;      ///< the page that links here; empty for a seed
    unsigned attempt = 0;  ///< how often it has been tried before
    std::chrono::milliseconds spent{0};  ///< on those tries, and on the waits between them
};

/// What became of a URL that was pushed.
enum class push_result { accepted, seen, out_of_scope, too_deep, too_many };

/// The queue of a crawl: each URL once, a few fetches per host at a time, hosts in turn.
///
///     crawler::frontier todo({.per_host = 8, .scope = crawler::scope_kind::host});
///     todo.add_seed(start);
///     for (auto next = todo.next(now()); !next.finished; next = todo.next(now())) {
///         if (next.item) { fetch(*next.item); todo.done(*next.item); }   // fetch pushes the links it finds
///         else sleep_until(next.wake_at, or a fetch under way is done);
///     }
///
/// Hosts take turns, so a host with a million pages or slow answers delays no other. Each visit handed out by
/// next() must come back through done() or retry(), once. Not synchronised: one thread, or a lock around it.
/// No call parks.
class frontier {
  public:
    using clock = std::chrono::steady_clock;
    using time_point = clock::time_point;

    struct limits {
        unsigned per_host = 8;                 ///< fetches under way at a time
        std::optional<unsigned> max_depth;     ///< 0 fetches the seeds alone
        std::optional<std::size_t> max_pages;  ///< URLs accepted in all, resources included
        scope_kind scope = scope_kind::host;
    };

    /// Either a visit, or none now: then `wake_at` is the earliest time that can change it by itself, if any;
    /// done(), retry() and push() can change it before. `finished` when nothing is queued and nothing under
    /// way.
    struct next_result {
        std::optional<visit> item;
        std::optional<time_point> wake_at;
        bool finished = false;
    };

    explicit frontier(limits chosen) : limits_(chosen), scope_(chosen.scope) {}
    frontier(const frontier&) = delete;
    frontier& operator=(const frontier&) = delete;

    /// Widens the scope to the seed's host and queues the seed. A seed that redirects to another host is one
    /// more seed.
    push_result add_seed(const url& seed);

    /// Queues a URL unless it is known, out of scope, too deep, or one too many.
    push_result push(const url& target, unsigned depth, std::string from);

    /// Hands out a visit that may start at `now`.
    next_result next(time_point now);

    /// The visit is over.
    void done(const visit& finished);

    /// The visit failed for now; it is handed out again, its attempt counted, at `not_before` or later.
    void retry(visit failed, time_point not_before);

    /// Asks for at least `pause` between the starts of two fetches from a host (Crawl-delay).
    void set_pause(std::string_view host, clock::duration pause);

    /// Drops what is queued and takes nothing more: the crawl ends when the visits under way are over.
    void abandon();

    std::size_t accepted_count() const { return seen_.size(); }
    std::size_t queued_count() const { return queued_; }
    std::size_t under_way_count() const { return under_way_; }

  private:
    struct host {
        std::deque<visit> ready;
        std::multimap<time_point, visit> delayed;  // by the time they may start
        unsigned under_way = 0;
        clock::duration pause{};
        time_point last_start = time_point::min();
        bool in_turn = false;  // stands in turns_: something is ready and a place is free
    };

    // Stale alarms are harmless: an alarm only makes next() look at the host.
    struct alarm {
        time_point at;
        host* which;
        bool operator>(const alarm& other) const { return at > other.at; }
    };

    host& host_of(const url& target);
    void put_in_turn(host& h);
    void release(host& h);
    void ring_alarms(time_point now);
    visit take(host& h, time_point now);

    limits limits_;
    scope scope_;
    std::unordered_set<std::string> seen_;
    std::unordered_map<std::string, host> hosts_;  // its nodes never move, so pointers to hosts stay valid
    std::deque<host*> turns_;                      // hosts with something ready, first come first served
    std::priority_queue<alarm, std::vector<alarm>, std::greater<>> alarms_;
    std::size_t queued_ = 0;
    std::size_t under_way_ = 0;
    bool abandoned_ = false;
};

}  // namespace crawler
