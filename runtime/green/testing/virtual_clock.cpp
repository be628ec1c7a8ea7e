// SPDX-License-Identifier: BSL-1.0
#include <green/testing/virtual_clock.h>

#include <green/base/check.h>

#include <algorithm>
#include <stdexcept>

namespace green::testing {

// It starts at the present: deadlines that are armed already keep their meaning.
virtual_clock::virtual_clock() : home_(hub::current()), start_(home_.now()), now_(start_) {
    if (detail::loop_of(home_).has_time_source())
        throw std::logic_error("green: this hub has a virtual_clock already; one at a time");
    detail::loop_of(home_).set_time_source(this);
}

virtual_clock::~virtual_clock() {
    detail::check(&home_ == hub::current_or_null(), "a virtual_clock must go on the thread where it was made");
    detail::loop_of(home_).set_time_source(nullptr);
}

void virtual_clock::advance_to(time_point deadline) noexcept {
    if (deadline != never) now_ = std::max(now_, deadline);
}

}  // namespace green::testing
