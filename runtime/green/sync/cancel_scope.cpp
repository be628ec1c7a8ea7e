// SPDX-License-Identifier: BSL-1.0
#include <green/sync/cancel_scope.h>

#include <green/base/check.h>
#include <green/fiber/scheduler.h>

namespace green {

cancel_scope::cancel_scope(const options& o)
    : fiber_(detail::scheduler::current().running()), scope_(fiber_.inside, o.deadline, o.shielded) {
    fiber_.inside = &scope_;
}

cancel_scope::~cancel_scope() {
    detail::check(fiber_.inside == &scope_, "a cancel scope is left before one inside it, or by another fiber");
    fiber_.inside = scope_.parent();
}

}  // namespace green
