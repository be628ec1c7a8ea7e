// SPDX-License-Identifier: BSL-1.0
#include <green/sync/exception_group.h>

#include <utility>

namespace green {

namespace {
std::string describe(const std::exception_ptr& e) {
    try {
        std::rethrow_exception(e);
    } catch (const std::exception& error) {
        return error.what();
    } catch (...) {
        return "an exception that is not a std::exception";
    }
}
}  // namespace

exception_group::exception_group(std::vector<std::exception_ptr> exceptions) : exceptions_(std::move(exceptions)) {
    what_ = "green: " + std::to_string(exceptions_.size()) + " errors";
    const char* separator = ": ";
    for (const auto& e : exceptions_) {
        what_ += separator + describe(e);
        separator = "; ";
    }
}

}  // namespace green
