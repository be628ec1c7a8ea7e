// SPDX-License-Identifier: BSL-1.0
// Cuts a page into pieces that an HTML parser gets through in bounded time. Knows where tags, comments and
// scripts begin and end (HTML standard section 13.2.5), nothing of trees or links.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace crawler {

/// Returns consecutive slices of `html`, together all of it, each with at most `tags_per_slice` tags, cut in
/// front of a tag and never within a tag, a comment or a script.
///
/// Why: an HTML tree builder looks through the stack of open elements at every tag, so its time grows with
/// the square of the depth, and 200,000 nested <div> (a 1 MB page) keep Gumbo busy for a quarter of an hour.
/// A link is one tag: whoever only wants links loses nothing by parsing a slice at a time.
///
/// The views point into `html`. Linear in its size; never parks.
std::vector<std::string_view> slice_html(std::string_view html, std::size_t tags_per_slice);

}  // namespace crawler
