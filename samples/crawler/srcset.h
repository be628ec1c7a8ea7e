// SPDX-License-Identifier: BSL-1.0
// The srcset attribute: several candidates for one image. Knows the attribute's grammar only; resolves
// nothing.
#pragma once

#include <string_view>
#include <vector>

namespace crawler {

/// Returns the URL of each candidate, as written (HTML standard section 4.8.4.3.10). The views point into
/// `srcset`.
std::vector<std::string_view> parse_srcset(std::string_view srcset);

}  // namespace crawler
