// SPDX-License-Identifier: BSL-1.0
// The links of an HTML page. Knows HTML and URLs; fetches nothing and decides nothing about scope.
#pragma once

#include "crawler/url.h"

#include <string>
#include <string_view>
#include <vector>

namespace crawler {

/// What a link leads to, as far as the linking page tells.
enum class link_kind {
    page,      ///< a document a reader can go to: a, area, iframe, frame, link rel=next ...
    resource,  ///< a part of the page: script, style sheet, image, sound
};

struct link {
    url target;
    link_kind kind;
};

/// A link that was meant to be one but has no URL: a bad port, an impossible host.
struct bad_link {
    std::string text;
    std::string reason;
};

struct page_links {
    std::vector<link> links;    ///< each target once, in the order of the page
    std::vector<bad_link> bad;  ///< in the order of the page
    bool complete = true;       ///< false when a part of the page was too hostile to parse
};

/// Finds the links of `html`, which was fetched from `page`, and resolves them, against <base href> if there
/// is one.
///
///     for (const auto& link : crawler::find_links(body, page).links) queue.push(link.target);
///
/// Links of other schemes (mailto:, javascript:, data:, tel:) are left out, and so is the inert content of
/// <template>. Any bytes at all are accepted, in time linear in their number, on a stack of 64 KiB; never
/// parks. `html` may be in any encoding that contains ASCII: raw bytes in a link are escaped as they stand.
page_links find_links(std::string_view html, const url& page);

}  // namespace crawler
