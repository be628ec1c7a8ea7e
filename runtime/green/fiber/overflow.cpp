// SPDX-License-Identifier: BSL-1.0
#include <green/fiber/overflow.h>

#include <green/fiber/greenlet_block.h>
#include <green/fiber/scheduler.h>
#include <green/sys/calls.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <mutex>

#include <sys/mman.h>
#include <unistd.h>

namespace green::detail {

namespace {

constexpr std::size_t alternate_stack_bytes = 64 * 1024;
struct sigaction previous_segv, previous_bus;

// Only async-signal-safe calls from here on (signal-safety(7)). snprintf with these conversions neither allocates nor
// locks in glibc.

// Who it is: fiber "deep" (fiber-3), or fiber "fiber-3" when it was given no name.
struct label {
    label(const char* noun, const char* given_name, std::uint64_t id) noexcept {
        const auto number = static_cast<unsigned long long>(id);
        if (given_name)
            std::snprintf(text, sizeof text, "%s \"%.100s\" (%s-%llu)", noun, given_name, noun, number);
        else
            std::snprintf(text, sizeof text, "%s \"%s-%llu\"", noun, noun, number);
    }
    char text[160];
};

// Whose stack has overflowed: the fiber's own, or that of a greenlet that it has run.
struct culprit {
    const control* fiber = nullptr;
    const greenlet_block* greenlet = nullptr;  // null, or a root: the fiber's own
};

int describe(char* text, std::size_t capacity, const culprit& who) noexcept {
    const control& fiber = *who.fiber;
    const label owner("fiber", fiber.given_name_for_signal(), fiber.id);
    if (!who.greenlet || who.greenlet->root)
        return std::snprintf(
            text, capacity,
            "green: stack overflow in %s, stack of %zu bytes; spawn it with a larger stack_size_bytes\n", owner.text,
            fiber.where.size_bytes);
    const greenlet_block& greenlet = *who.greenlet;
    const label self("greenlet", greenlet.name.empty() ? nullptr : greenlet.name.c_str(), greenlet.id);
    return std::snprintf(text, capacity,
                         "green: stack overflow in %s, stack of %zu bytes, of %s; create it with a larger "
                         "stack_size_bytes\n",
                         self.text, greenlet.where.size_bytes, owner.text);
}

void report(const culprit& who) noexcept {
    char text[512];
    const int size = describe(text, sizeof text, who);
    if (size > 0) (void)!write(STDERR_FILENO, text, std::min(static_cast<std::size_t>(size), sizeof text - 1));
}

bool in_guard_of(const stack& where, const void* address) noexcept {
    const auto* at = static_cast<const std::byte*>(address);
    return where.bottom && at < where.bottom && at >= where.bottom - guard_bytes_below(where.size_bytes);
}

// The processor stands there, or has gone a little too far. True when that is not known.
bool stands_on(const stack& where, const void* stack_pointer) noexcept {
    return !stack_pointer || in_guard_of(where, stack_pointer) ||
           (stack_pointer >= where.bottom && stack_pointer <= where.top());
}

// A wait on a stack that is nearly used up overflows it in the middle of the switch, when who comes next counts as
// running already. So all are looked at; and where the stack pointer is, because a wild pointer may lead into anybody's
// guard.
culprit find_culprit(scheduler& s, const void* fault, const void* stack_pointer) noexcept {
    const control& running = s.running();
    if (in_guard_of(running.present_stack(), fault)) return {&running, running.greenlet};
    auto overflowed = [&](const stack& where) { return in_guard_of(where, fault) && stands_on(where, stack_pointer); };
    culprit found;
    s.greenlets().living.for_each([&](const greenlet_block& each) {
        if (overflowed(each.where)) found = {&running, &each};
    });
    s.for_each_spawned([&](const control& each) {
        if (overflowed(each.where)) found.fiber = &each;
        if (found.greenlet && each.greenlet == found.greenlet) found.fiber = &each;
    });
    return found;
}

void on_fault(int signal, siginfo_t* info, void* machine_context) noexcept {
    if (scheduler* s = scheduler::current_or_null()) {
        const culprit who = find_culprit(*s, info->si_addr, sys::interrupted_at(machine_context).stack_pointer);
        if (who.fiber) report(who);
    }
    const struct sigaction& previous = signal == SIGSEGV ? previous_segv : previous_bus;
    if (previous.sa_flags & SA_SIGINFO) {
        previous.sa_sigaction(signal, info, machine_context);
    } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
        previous.sa_handler(signal);
    } else {
        ::signal(signal, SIG_DFL);  // the faulting instruction runs again and ends the process
    }
}

// The alternate stack of one thread, until it ends. A thread that has one already keeps it.
struct alternate_stack {
    alternate_stack() noexcept {
        stack_t present{};
        sigaltstack(nullptr, &present);
        if (!(present.ss_flags & SS_DISABLE)) return;
        memory = mmap(nullptr, alternate_stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) return;
        stack_t ours{.ss_sp = memory, .ss_flags = 0, .ss_size = alternate_stack_bytes};
        sigaltstack(&ours, nullptr);
    }
    ~alternate_stack() {
        if (memory == MAP_FAILED) return;
        stack_t none{.ss_sp = nullptr, .ss_flags = SS_DISABLE, .ss_size = 0};
        sigaltstack(&none, nullptr);
        munmap(memory, alternate_stack_bytes);
    }
    void* memory = MAP_FAILED;
};

void take_signals() noexcept {
    struct sigaction ours {};
    ours.sa_sigaction = &on_fault;
    ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&ours.sa_mask);
    sigaction(SIGSEGV, &ours, &previous_segv);
    sigaction(SIGBUS, &ours, &previous_bus);
}

}  // namespace

void report_stack_overflows() noexcept {
    thread_local alternate_stack here;
    (void)here;
    static std::once_flag once;
    std::call_once(once, &take_signals);
}

}  // namespace green::detail
