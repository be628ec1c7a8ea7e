// SPDX-License-Identifier: BSL-1.0
// A program that seems to hang can be asked what its fibers do.
#pragma once

#include <csignal>

namespace green::inspect {

// From now on `kill -USR1 PID` makes every hub of the process print its fibers (inspect/fibers.h) on standard error,
// each on its own thread as soon as it gets the processor. The handler itself says how many hubs it has asked; when
// one has not answered a second after another has, that one says so: a fiber over there computes, or blocks its
// thread in a call that green does not know.
//
// Replaces the handler of that signal. Throws std::system_error for a number that is no signal, or one that cannot
// be caught. Does not park.
void dump_on_signal(int signal_number = SIGUSR1);

}  // namespace green::inspect
