// SPDX-License-Identifier: BSL-1.0
#include <green/sync/exception_group.h>

#include <green/hub/describe.h>

#include <utility>

namespace green {

exception_group::exception_group(std::vector<std::exception_ptr> exceptions) : exceptions_(std::move(exceptions)) {
    what_ = "green: " + std::to_string(exceptions_.size()) + " errors";
    const char* separator = ": ";
    for (const auto& e : exceptions_) {
        what_ += separator + detail::describe_exception(e);
        separator = "; ";
    }
}

}  // namespace green
