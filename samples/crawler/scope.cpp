// SPDX-License-Identifier: BSL-1.0
// Names compare without the root's dot: "example.com." is example.com.
#include "crawler/scope.h"

namespace crawler {
namespace {

std::string_view without_root(std::string_view host) {
    if (host.ends_with('.')) host.remove_suffix(1);
    return host;
}

}  // namespace

void scope::add_seed(const url& seed) {
    auto name = without_root(seed.host());
    if (kind_ == scope_kind::domain && name.starts_with("www.")) name.remove_prefix(4);
    names_.emplace(name);
}

bool scope::contains(const url& page) const {
    if (kind_ == scope_kind::any) return true;
    auto name = without_root(page.host());
    if (names_.contains(name)) return true;
    if (kind_ == scope_kind::host) return false;
    // An address never matches here: a suffix of it is shorter than any canonical address.
    for (auto dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.')) {
        name.remove_prefix(dot + 1);
        if (names_.contains(name)) return true;
    }
    return false;
}

}  // namespace crawler
