// SPDX-License-Identifier: BSL-1.0
#include <green/monkeypatch/interruption.h>

#include <green/hub/hub.h>

#include <atomic>
#include <cstddef>
#include <utility>

namespace green::monkeypatch::detail {

thread_local constinit interruptible* interruptible::newest = nullptr;

void interrupt_one(green::detail::runnable&) noexcept;

namespace {

// What a handler leaves for its thread's hub.
struct handler_note : green::detail::runnable {
    constexpr handler_note() noexcept : runnable(&interrupt_one) {}
    std::atomic<bool> queued{false};
    std::atomic<bool> without_restart{false};
    std::atomic<int> signal_number{0};  // the last one
    interruptible* jumps = nullptr;  // the call that makes a jump in its place
};
[[gnu::tls_model("initial-exec")]] thread_local constinit handler_note note;
[[gnu::tls_model("initial-exec")]] thread_local constinit std::atomic<unsigned> run_so_far{0};
// Of the parked calls that have masks. The hub's poller refers to it while there are any.
[[gnu::tls_model("initial-exec")]] thread_local constinit sigset_t combined{};

}  // namespace

void interrupt_one(green::detail::runnable&) noexcept {
    note.queued.store(false);
    const bool also_restarting = note.without_restart.exchange(false);
    if (interruptible* jumper = std::exchange(note.jumps, nullptr)) {
        jumper->end_.happened = true;
        if (jumper->who_.choose_at_home()) jumper->who_.wake_at_home();  // else it is on its way
        return;
    }
    green::detail::scheduler* s = green::detail::scheduler::current_or_null();
    interruptible* chosen = nullptr;
    for (interruptible* each = interruptible::newest; each; each = each->next_) {
        if (each->handlers_before_ == run_so_far.load()) continue;
        const bool is_for_it = each->mask_ && !::sigismember(each->mask_, note.signal_number.load());
        if (!chosen || is_for_it || &each->who_ == &s->main()) chosen = each;
        if (is_for_it) break;
    }
    if (!chosen || (chosen->how_ == restarts::yes && !also_restarting) || !chosen->who_.choose_at_home()) return;
    chosen->end_.happened = true;
    chosen->who_.wake_at_home();
}

void interruptible::combine_masks(green::detail::scheduler& s) noexcept {
    bool is_first = true;
    for (const interruptible* each = newest; each; each = each->next_) {
        if (!each->mask_) continue;
        const sigset_t so_far = is_first ? *each->mask_ : combined;
        ::sigandset(&combined, &so_far, each->mask_);
        is_first = false;
    }
    s.loop().poller().set_mask_while_waiting(is_first ? nullptr : &combined);
}

bool postpone(const jump& there) noexcept {
    green::detail::scheduler* s = green::detail::scheduler::current_or_null();
    if (!s || !(s->running().attention & green::detail::agent::is_hub) || !interruptible::newest) return false;
    auto lies_on = [&there](const green::detail::stack& where) {
        const auto* place = reinterpret_cast<const std::byte*>(there.to);
        return where.bottom && place >= where.bottom && place < where.top();
    };
    interruptible* chosen = nullptr;
    for (interruptible* each = interruptible::newest; each; each = each->next_) {
        if (!chosen || &each->who_ == &s->main()) chosen = each;
        if (lies_on(each->who_.present_stack())) {
            chosen = each;
            break;
        }
    }
    chosen->end_.goes_to = there;
    note.jumps = chosen;
    return true;
}

unsigned handlers_run() noexcept {
    return run_so_far.load();
}

void note_handler(int signal_number, bool with_restart) noexcept {
    run_so_far.fetch_add(1);
    green::detail::scheduler* s = green::detail::scheduler::current_or_null();
    if (!s || !interruptible::newest) return;  // the thread is in no call that could be interrupted
    note.signal_number.store(signal_number);
    if (!with_restart) note.without_restart.store(true);
    s->loop().ask(note.queued, note);
}

}  // namespace green::monkeypatch::detail
