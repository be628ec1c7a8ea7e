// SPDX-License-Identifier: BSL-1.0
// Scenarios that end, or must not end, a process: they run in a fresh one.
#pragma once

#include <string>

namespace support {

// How a child process ended, and what it said.
struct child_end {
    int exit_status = -1;  // -1 when a signal ended it
    int signal = 0;
    std::string output;
    std::string errors;
};

// Runs the scenario of that name in a process of its own: this very program, started anew, so that it inherits
// neither hub nor threads nor doctest's signal handlers. It is killed after a minute.
child_end run_child(const std::string& scenario);

// Of main() in such a process.
int run_scenario(const char* name);

struct scenario {
    scenario(const char* name, void (*run)());
};

}  // namespace support

// Defines a scenario beside the test that runs it. It says what it has to say by printing; returning from it returns
// from main() with 0.
//
//     SCENARIO_IN_CHILD(aborts) { std::abort(); }
//     TEST_CASE("abort aborts") { CHECK(support::run_child("aborts").signal == SIGABRT); }
#define SCENARIO_IN_CHILD(name)                                                  \
    static void scenario_##name();                                               \
    static const ::support::scenario registered_##name(#name, &scenario_##name); \
    static void scenario_##name()
