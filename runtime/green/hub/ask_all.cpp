// SPDX-License-Identifier: BSL-1.0
#include <green/hub/ask_all.h>

#include <green/hub/hub.h>

#include <atomic>

namespace green::detail {

namespace {

constinit std::atomic<hub_function> asked{nullptr};

template <class Visit>
unsigned count_live(Visit&& visit) noexcept {
    unsigned count = 0;
    for (loop* at = newest_enlisted(); at; at = at->enlisted_before)
        if (at->has_thread.load(std::memory_order_acquire) && visit(*at)) ++count;
    return count;
}

}  // namespace

void loop::answer_request(runnable& request) noexcept {
    auto& mine = static_cast<hub_request&>(request);
    mine.queued.store(false);
    if (auto f = asked.load(std::memory_order_acquire)) f(mine.owner.face());
}

unsigned ask_all_hubs(hub_function f) noexcept {
    asked.store(f, std::memory_order_release);
    return count_live([](loop& l) {
        l.ask(l.request);
        return true;
    });
}

unsigned unanswered_count() noexcept {
    return count_live([](loop& l) { return l.request.queued.load(); });
}

void disown_other_hubs(loop& kept) noexcept {
    for (loop* at = newest_enlisted(); at; at = at->enlisted_before) {
        at->request.queued.store(false);
        at->drop_request.queued.store(false);
        if (at == &kept) continue;
        at->has_thread.store(false);
        at->close_mail_after_fork();
    }
}

}  // namespace green::detail
