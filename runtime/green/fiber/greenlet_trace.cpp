// SPDX-License-Identifier: BSL-1.0
#include <green/fiber/greenlet_trace.h>

#include <green/hub/describe.h>
#include <green/fiber/greenlet_delivery.h>
#include <green/fiber/scheduler.h>

#include <cstdio>
#include <memory>
#include <utility>

namespace green {

namespace detail {

namespace {

greenlet_handle handle_to(greenlet_block& one) noexcept {
    one.add_reference();
    return greenlet_handle(one);
}

}  // namespace

bool trace(greenlet_event event, greenlet_block& from, greenlet_block& to) noexcept {
    auto& registered = from.home->greenlets().tracer;
    const auto tracer = registered;  // it may replace itself
    if (!tracer || from.in_tracer) return false;
    from.in_tracer = true;
    try {
        (*tracer)({event, handle_to(from), handle_to(to)});
    } catch (...) {
        std::fprintf(stderr, "green: the greenlet tracer threw and is removed: %s\n",
                     describe_exception(std::current_exception()).c_str());
        if (registered == tracer) registered.reset();
    }
    from.in_tracer = false;
    return true;
}

}  // namespace detail

void set_greenlet_tracer(detail::kept_function<void(const greenlet_trace&)> f) {
    auto fresh = f ? std::make_shared<detail::kept_function<void(const greenlet_trace&)>>(std::move(f)) : nullptr;
    detail::scheduler::current().greenlets().tracer = std::move(fresh);
}

}  // namespace green
