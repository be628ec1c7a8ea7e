// SPDX-License-Identifier: BSL-1.0
// Greenlets that end because nobody wants them any more: the last handle has gone, or the thread ends.
#include <green/fiber/greenlet.h>
#include <green/fiber/greenlet_delivery.h>
#include <green/fiber/spawn.h>

#include <cstdio>
#include <utility>

namespace green::detail {

namespace {

// How often one may answer greenlet_exit by switching away.
constexpr int most_refusals = 8;

void abandon(greenlet_block& one) noexcept {
    one.ended.store(true, std::memory_order_release);
    one.expects = nullptr;
    if (one.linked()) one.unlink();
    one.home->greenlets().abandoned.push_back(one);
}

// Throws greenlet_exit into a suspended greenlet until it has ended, with the running one as its parent. Whatever is
// given back meanwhile is dropped. False when it would not end.
bool unwind(greenlet_block& one) noexcept {
    greenlet_block& self = running_greenlet("a greenlet is unwound");
    link_parent(one, &self);
    one.unwinding_for_good = true;
    const bool in_tracer = std::exchange(self.in_tracer, false);
    for (int refusals = 0; !one.ended && refusals < most_refusals; ++refusals) {
        // It waits in a destructor that the last throw has called: another one would end the process.
        if (one.flow.unwinding() && refusals > 0) break;
        throw_at(one, std::make_exception_ptr(greenlet_exit()), nullptr);
        if (self.unusual) taken_arrival(self).report_error(one);
    }
    self.in_tracer = in_tracer;
    return one.ended;
}

void report_refusal(const greenlet_block& one) noexcept {
    std::fprintf(stderr, "green: greenlet \"%s\" was dropped and would not end; abandoned\n", one.label().c_str());
}

// Keeps the block alive meanwhile.
void unwind_here(greenlet_block& one) noexcept {
    one.add_reference();
    const greenlet_handle keep(one);
    if (unwind(one)) return;
    one.unwinding_for_good = false;
    constexpr unsigned own_and_ours = 2;
    if (one.references.count() > own_and_ours) return;  // somebody has taken a handle meanwhile
    report_refusal(one);
    abandon(one);
}

}  // namespace

void unwind_forsaken(greenlet_block& one) noexcept {
    scheduler& s = *one.home;
    if (!(s.running().attention & control::is_hub)) return unwind_here(one);
    // Destructors may park; a fiber of its own lets them.
    one.add_reference();
    try {
        spawn({.name = "unwinds greenlet " + one.label()}, [&one] { one.drop_reference(); });
    } catch (...) {
        report_refusal(one);
        abandon(one);
    }
}

bool unwind_greenlets(scheduler& s) noexcept {
    if (s.greenlets().living.empty()) return false;
    try {
        spawn({.name = "unwinds greenlets"}, [&living = s.greenlets().living] {
            scheduler::current().running().ending = true;  // its waits are all in destructors
            intrusive_list<greenlet_block> kept;
            while (!living.empty()) {
                greenlet_block& one = living.front();
                one.add_reference();
                const greenlet_handle keep(one);
                if (is_active(one)) {
                    one.unlink();
                    kept.push_back(one);
                } else if (!one.started) {
                    end_unstarted(one);
                } else if (!unwind(one)) {
                    report_refusal(one);
                    abandon(one);
                }
            }
            living.take_all(kept);
        });
        return true;
    } catch (...) {
        return false;
    }
}

void abandon_greenlets(scheduler& s) noexcept {
    auto& living = s.greenlets().living;
    while (!living.empty()) {
        greenlet_block& one = living.front();
        if (one.started)
            abandon(one);
        else
            end_unstarted(one);  // its stack and what it holds would else be left to whoever drops the last handle
    }
    s.greenlets().tracer.reset();
}

void forget_greenlets_of_others(scheduler& s, const agent& survivor) noexcept {
    s.greenlets().living.for_each([&](greenlet_block& one) {
        const greenlet_block* root = root_of(one);
        if (root && root->fiber != &survivor) one.unlink();
    });
}

}  // namespace green::detail
