// SPDX-License-Identifier: BSL-1.0
// One Gumbo parse whose memory, time and stack are bounded whatever the input. Hides Gumbo's allocator and
// its recursive clean-up; knows nothing of links.
#pragma once

#include <cstddef>
#include <memory_resource>
#include <string_view>

struct GumboInternalNode;

namespace crawler {

/// Parses pieces of HTML one after the other and lends out the tree of the latest.
///
/// gumbo_destroy_output() calls itself once per level, which overflows a 256 KiB stack at some 3,000 nested
/// elements, so it is never called: the nodes live in an arena that is emptied as a whole. Walk the tree
/// without recursion, too. One object serves one thread or fiber at a time; no call parks.
class html_tree {
  public:
    html_tree();
    html_tree(const html_tree&) = delete;
    html_tree& operator=(const html_tree&) = delete;

    /// Returns the document node, valid until the next call or the end of this object and of `html`; null
    /// when the piece needs more than `allocation_limit` allocations, which only hostile input does.
    const GumboInternalNode* parse(std::string_view html);

    /// Some 40 times what an ordinary slice of 256 tags takes. One tag with 8,000 attributes, each compared
    /// with all others, stays around 0.1 s.
    static constexpr std::size_t allocation_limit = 32 * 1024;

  private:
    std::pmr::monotonic_buffer_resource arena_;
};

}  // namespace crawler
