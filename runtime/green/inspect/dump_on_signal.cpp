// SPDX-License-Identifier: BSL-1.0
#include <green/inspect/dump_on_signal.h>

#include <green/hub/ask_all.h>
#include <green/hub/hub.h>
#include <green/inspect/fibers.h>
#include <green/sys/calls.h>

#include <cerrno>
#include <cstdio>
#include <exception>
#include <sstream>
#include <string>
#include <system_error>

#include <unistd.h>

namespace green::inspect {

namespace {

constexpr duration time_to_answer = std::chrono::seconds(1);

void say(const std::string& text) {
    for (std::size_t at = 0; at < text.size();) {
        const ssize_t written = sys::write(STDERR_FILENO, text.data() + at, text.size() - at);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return;
        at += static_cast<std::size_t>(written);
    }
}

void mention_the_silent() {
    if (const unsigned silent = detail::unanswered_count())
        say("green: " + std::to_string(silent) + (silent == 1 ? " hub has" : " hubs have") +
            " not answered for a second: a fiber over there computes, or blocks its thread\n");
}

// On each hub's own context.
void dump(hub& here) noexcept {
    try {
        std::ostringstream text;
        text << "green: ";
        print_fibers(text);
        say(text.str());
        if (detail::unanswered_count() > 0) here.call_after(time_to_answer, &mention_the_silent);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "green: cannot list the fibers: %s\n", e.what());
    }
}

void on_signal(int) noexcept {
    const int error_number = errno;
    const unsigned count = detail::ask_all_hubs(&dump);
    char text[64];
    // snprintf with these conversions neither allocates nor locks in glibc.
    const int size =
        std::snprintf(text, sizeof text, "green: asked %u %s for fibers\n", count, count == 1 ? "hub" : "hubs");
    if (size > 0) sys::write(STDERR_FILENO, text, static_cast<std::size_t>(size));
    errno = error_number;
}

}  // namespace

void dump_on_signal(int signal_number) {
    struct sigaction ours {};
    ours.sa_handler = &on_signal;
    ours.sa_flags = SA_RESTART | SA_ONSTACK;  // a small fiber stack is no place for a handler
    sigemptyset(&ours.sa_mask);
    if (sigaction(signal_number, &ours, nullptr) != 0)
        throw std::system_error(errno, std::generic_category(), "green: dump_on_signal");
}

}  // namespace green::inspect
