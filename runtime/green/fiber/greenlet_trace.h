// SPDX-License-Identifier: BSL-1.0
// Watching what greenlets do.
#pragma once

#include <green/base/function.h>
#include <green/fiber/greenlet.h>

namespace green {

enum class greenlet_event {
    switched,  // a value goes over, also as the result of one that ends
    thrown,    // an error goes over, also that by which one ends
};

struct greenlet_trace {
    greenlet_event event;
    greenlet_handle from;
    greenlet_handle to;
};

// From now on f(trace) is called right before each switch and each throw between greenlets of this thread, on the stack
// of the one that is left. An empty function ends that. f must neither park nor switch. One that throws is reported on
// standard error and removed; the switch takes place. Does not park.
void set_greenlet_tracer(detail::kept_function<void(const greenlet_trace&)> f);

}  // namespace green
