// SPDX-License-Identifier: BSL-1.0
#include <green/fiber/overflow.h>

#include <green/fiber/scheduler.h>

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

int describe(char* text, std::size_t capacity, const control& fiber) noexcept {
    const label owner("fiber", fiber.given_name_for_signal(), fiber.id);
    const greenlet_block* greenlet = fiber.greenlet;
    if (!greenlet || greenlet->root)
        return std::snprintf(
            text, capacity,
            "green: stack overflow in %s, stack of %zu bytes; spawn it with a larger stack_size_bytes\n", owner.text,
            fiber.where.size_bytes);
    const label self("greenlet", greenlet->name.empty() ? nullptr : greenlet->name.c_str(), greenlet->id);
    return std::snprintf(text, capacity,
                         "green: stack overflow in %s, stack of %zu bytes, of %s; create it with a larger "
                         "stack_size_bytes\n",
                         self.text, greenlet->where.size_bytes, owner.text);
}

void report(const control& fiber) noexcept {
    char text[512];
    const int size = describe(text, sizeof text, fiber);
    if (size > 0) (void)!write(STDERR_FILENO, text, std::min(static_cast<std::size_t>(size), sizeof text - 1));
}

void on_fault(int signal, siginfo_t* info, void* machine_context) noexcept {
    if (scheduler* s = scheduler::current_or_null()) {
        const stack& where = s->running().present_stack();
        auto fault = reinterpret_cast<std::uintptr_t>(info->si_addr);
        auto bottom = reinterpret_cast<std::uintptr_t>(where.bottom);
        if (where.bottom && fault < bottom && fault >= bottom - guard_bytes_below(where.size_bytes))
            report(s->running());
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
