// SPDX-License-Identifier: BSL-1.0
// "a.png 1x, b.png 2x": a URL ends at a blank, its descriptors at a comma outside parentheses. A URL may hold
// commas, but those at its end separate candidates.
#include "crawler/srcset.h"

#include <algorithm>

namespace crawler {
namespace {

constexpr std::string_view blanks = " \t\n\f\r";

/// Where the descriptors that start at `at` end: at the comma, or at the end of the attribute.
std::size_t skip_descriptors(std::string_view srcset, std::size_t at) {
    bool in_parentheses = false;
    for (; at < srcset.size(); ++at) {
        const char c = srcset[at];
        if (c == '(') in_parentheses = true;
        if (c == ')') in_parentheses = false;
        if (c == ',' && !in_parentheses) break;
    }
    return at;
}

}  // namespace

std::vector<std::string_view> parse_srcset(std::string_view srcset) {
    std::vector<std::string_view> urls;
    std::size_t at = 0;
    while ((at = srcset.find_first_not_of(" \t\n\f\r,", at)) != std::string_view::npos) {
        const auto end = std::min(srcset.find_first_of(blanks, at), srcset.size());
        auto candidate = srcset.substr(at, end - at);
        const bool bare = candidate.ends_with(',');
        while (candidate.ends_with(',')) candidate.remove_suffix(1);
        urls.push_back(candidate);
        at = bare ? end : skip_descriptors(srcset, end);
    }
    return urls;
}

}  // namespace crawler
