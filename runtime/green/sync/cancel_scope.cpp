// SPDX-License-Identifier: BSL-1.0
#include <green/sync/cancel_scope.h>

#include <green/base/check.h>
#include <green/hub/agent.h>

namespace green {

cancel_scope::cancel_scope(const options& o)
    : owner_(detail::running_agent()), scope_(owner_.inside(), o.deadline, o.shielded) {
    owner_.move_into(&scope_);
}

cancel_scope::~cancel_scope() {
    // A greenlet may have gone to another fiber meanwhile, with its scopes.
    detail::agent& running = detail::running_agent();
    detail::agent& owner = running.inside() == &scope_ ? running : owner_;
    detail::check(owner.inside() == &scope_, "a cancel scope is left before one inside it, or by another fiber");
    owner.move_into(scope_.parent());
}

}  // namespace green
