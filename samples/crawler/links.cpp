// SPDX-License-Identifier: BSL-1.0
// Which attributes are links (HTML standard section 4.2.4, 4.6, 4.8), and a walk over the tree to collect
// them. The walk keeps its own stack: pages nest deeper than a fiber's stack goes.
#include "crawler/links.h"

#include "crawler/html_slices.h"
#include "crawler/html_tree.h"
#include "crawler/srcset.h"

#include <gumbo.h>

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>

namespace crawler {
namespace {

constexpr std::size_t tags_per_slice = 256;

struct link_attribute {
    GumboTag tag;
    const char* name;
    link_kind kind;
};

constexpr std::array link_attributes{
    link_attribute{GUMBO_TAG_A, "href", link_kind::page},
    link_attribute{GUMBO_TAG_AREA, "href", link_kind::page},
    link_attribute{GUMBO_TAG_IFRAME, "src", link_kind::page},
    link_attribute{GUMBO_TAG_FRAME, "src", link_kind::page},
    link_attribute{GUMBO_TAG_IMG, "src", link_kind::resource},
    link_attribute{GUMBO_TAG_SCRIPT, "src", link_kind::resource},
    link_attribute{GUMBO_TAG_SOURCE, "src", link_kind::resource},
    link_attribute{GUMBO_TAG_EMBED, "src", link_kind::resource},
    link_attribute{GUMBO_TAG_OBJECT, "data", link_kind::resource},
    link_attribute{GUMBO_TAG_VIDEO, "src", link_kind::resource},
    link_attribute{GUMBO_TAG_VIDEO, "poster", link_kind::resource},
    link_attribute{GUMBO_TAG_AUDIO, "src", link_kind::resource},
    link_attribute{GUMBO_TAG_TRACK, "src", link_kind::resource},
};

struct reference {
    std::string text;
    link_kind kind;
};

struct collected {
    std::vector<reference> references;
    std::optional<std::string> base;  ///< of the first <base href>; later ones do not count
};

const char* attribute(const GumboElement& element, const char* name) {
    const GumboAttribute* found = gumbo_get_attribute(&element.attributes, name);
    return found == nullptr ? nullptr : found->value;
}

/// The words of a rel attribute in lower case, each between blanks, for searching " word ".
std::string rel_words(const char* rel) {
    std::string words = " ";
    for (; rel != nullptr && *rel != '\0'; ++rel) {
        const char c = *rel;
        const bool blank = c == '\t' || c == '\n' || c == '\f' || c == '\r';
        words += blank ? ' ' : (c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c);
    }
    return words + ' ';
}

/// <link> leads to a page or to a part of one, depending on rel; hints to open connections lead nowhere.
std::optional<link_kind> kind_of_link_element(const char* rel) {
    const std::string words = rel_words(rel);
    const auto has = [&words](std::string_view word) { return words.find(word) != std::string::npos; };
    if (has(" dns-prefetch ") || has(" preconnect ")) return std::nullopt;
    static constexpr std::array<std::string_view, 10> resources{
        " stylesheet ", " icon ",     " apple-touch-icon ", " mask-icon ", " manifest ",
        " preload ",    " prefetch ", " modulepreload ",    " prerender ", " pingback "};
    return std::any_of(resources.begin(), resources.end(), has) ? link_kind::resource : link_kind::page;
}

void collect_srcset(const GumboElement& element, collected& found) {
    const char* srcset = attribute(element, "srcset");
    if (srcset == nullptr) return;
    for (const auto candidate : parse_srcset(srcset)) {
        found.references.push_back({std::string(candidate), link_kind::resource});
    }
}

void collect_link_element(const GumboElement& element, collected& found) {
    const char* href = attribute(element, "href");
    // An empty href on <link> is no link (HTML standard section 4.2.4), on <a> it is the page itself.
    if (href == nullptr || *href == '\0') return;
    if (const auto kind = kind_of_link_element(attribute(element, "rel")))
        found.references.push_back({href, *kind});
}

void collect_element(const GumboElement& element, collected& found) {
    if (element.tag == GUMBO_TAG_BASE) {
        const char* href = attribute(element, "href");
        if (href != nullptr && !found.base) found.base = href;
        return;
    }
    if (element.tag == GUMBO_TAG_LINK) return collect_link_element(element, found);
    for (const auto& known : link_attributes) {
        if (known.tag != element.tag) continue;
        const char* value = attribute(element, known.name);
        // An empty src names nothing to fetch; an empty href names the page.
        const bool empty_source =
            value != nullptr && *value == '\0' && std::string_view(known.name) != "href";
        if (value != nullptr && !empty_source) found.references.push_back({value, known.kind});
    }
    if (element.tag == GUMBO_TAG_IMG || element.tag == GUMBO_TAG_SOURCE) collect_srcset(element, found);
}

/// Visits the elements in the order of the page. Gumbo's <template> nodes are skipped with all that is in
/// them.
void collect_tree(const GumboNode& document, collected& found) {
    std::vector<const GumboNode*> open{&document};
    while (!open.empty()) {
        const GumboNode& node = *open.back();
        open.pop_back();
        const GumboVector* children = nullptr;
        if (node.type == GUMBO_NODE_DOCUMENT) children = &node.v.document.children;
        if (node.type == GUMBO_NODE_ELEMENT) {
            collect_element(node.v.element, found);
            children = &node.v.element.children;
        }
        if (children == nullptr) continue;
        for (unsigned i = children->length; i-- > 0;)
            open.push_back(static_cast<const GumboNode*>(children->data[i]));
    }
}

/// A <base href> that is no http URL does not count (HTML standard section 4.2.3).
url base_of(const url& page, const collected& found) {
    if (!found.base) return page;
    const auto base = resolve_url(page, *found.base);
    return base ? *base : page;
}

}  // namespace

page_links find_links(std::string_view html, const url& page) {
    page_links result;
    collected found;
    html_tree tree;
    for (const auto slice : slice_html(html, tags_per_slice)) {
        if (const GumboNode* document = tree.parse(slice)) {
            collect_tree(*document, found);
        } else {
            result.complete = false;
        }
    }
    const url base = base_of(page, found);
    std::unordered_map<url, std::size_t> known;
    for (auto& reference : found.references) {
        const auto target = resolve_url(base, reference.text);
        if (target) {
            const auto [place, fresh] = known.try_emplace(*target, result.links.size());
            if (fresh) result.links.push_back({*target, reference.kind});
            if (reference.kind == link_kind::page) result.links[place->second].kind = link_kind::page;
        } else if (!target.foreign) {
            result.bad.push_back({std::move(reference.text), target.reason});
        }
    }
    return result;
}

}  // namespace crawler
