// SPDX-License-Identifier: BSL-1.0
#include <green/sys/descriptor_limit.h>

#include <green/sys/calls.h>

#include <algorithm>

#include <sys/resource.h>

namespace green::sys {

raised_descriptor_limit::raised_descriptor_limit() noexcept {
    constexpr rlim_t enough = own_numbers_below;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    const rlim_t wanted = std::min(enough, limit.rlim_max);
    if (limit.rlim_cur >= wanted) return;
    before_ = limit.rlim_cur;
    limit.rlim_cur = wanted;
    is_raised_ = ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

raised_descriptor_limit::~raised_descriptor_limit() {
    rlimit limit{};
    if (!is_raised_ || ::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = before_;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace green::sys
