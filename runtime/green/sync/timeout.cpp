// SPDX-License-Identifier: BSL-1.0
#include <green/sync/timeout.h>

#include <green/hub/hub.h>

namespace green {

timeout::timeout(std::optional<duration> d)
    : cancel_scope({.deadline = d ? hub::current().deadline_after(*d) : never}) {}

}  // namespace green
