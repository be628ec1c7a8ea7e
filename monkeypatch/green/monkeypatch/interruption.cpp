// SPDX-License-Identifier: BSL-1.0
#include <green/monkeypatch/interruption.h>

#include <green/hub/hub.h>

#include <atomic>

namespace green::monkeypatch::detail {

thread_local constinit interruptible* interruptible::newest = nullptr;

void interrupt_one(green::detail::runnable&) noexcept;

namespace {

// What a handler leaves for its thread's hub.
struct handler_note : green::detail::runnable {
    constexpr handler_note() noexcept : runnable(&interrupt_one) {}
    std::atomic<bool> queued{false};
    std::atomic<bool> without_restart{false};
};
[[gnu::tls_model("initial-exec")]] thread_local constinit handler_note note;
[[gnu::tls_model("initial-exec")]] thread_local constinit std::atomic<unsigned> run_so_far{0};

}  // namespace

void interrupt_one(green::detail::runnable&) noexcept {
    note.queued.store(false);
    const bool also_restarting = note.without_restart.exchange(false);
    green::detail::scheduler* s = green::detail::scheduler::current_or_null();
    interruptible* chosen = nullptr;
    for (interruptible* each = interruptible::newest; each; each = each->next_) {
        if (each->handlers_before_ == run_so_far.load()) continue;
        const bool is_main = &each->who_ == &s->main();
        if (!chosen || is_main) chosen = each;
        if (is_main) break;
    }
    if (!chosen || (chosen->how_ == restarts::yes && !also_restarting) || !chosen->who_.choose_at_home()) return;
    chosen->interrupted_ = true;
    chosen->who_.wake_at_home();
}

unsigned handlers_run() noexcept {
    return run_so_far.load();
}

void note_handler(bool with_restart) noexcept {
    run_so_far.fetch_add(1);
    green::detail::scheduler* s = green::detail::scheduler::current_or_null();
    if (!s || !interruptible::newest) return;  // the thread is in no call that could be interrupted
    if (!with_restart) note.without_restart.store(true);
    s->loop().ask(note.queued, note);
}

}  // namespace green::monkeypatch::detail
