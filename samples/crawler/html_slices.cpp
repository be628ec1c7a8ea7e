// SPDX-License-Identifier: BSL-1.0
// A reader that steps over one tag, comment or script at a time:
//
//     text --'<' letter--> tag --'>'--> text, or raw text up to </same-name when it was <script> or its like
//          --'<' '/' letter--> tag --'>'--> text
//          --"<!--"--> comment --"-->"--> text
//          --"<!", "<?", "</" otherwise--> bogus comment --'>'--> text
//
// What never ends runs to the end of the page, as it does for a browser.
#include "crawler/html_slices.h"

#include <algorithm>
#include <array>

namespace crawler {
namespace {

bool is_alpha(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}
char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

bool same_name(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower(x) == lower(y); });
}

/// Elements whose content is text up to their own end tag.
bool holds_raw_text(std::string_view name) {
    static constexpr std::array<std::string_view, 8> names{"script", "style",   "textarea", "title",
                                                           "xmp",    "noembed", "noframes", "iframe"};
    return std::any_of(names.begin(), names.end(), [name](std::string_view n) { return same_name(n, name); });
}

class reader {
  public:
    explicit reader(std::string_view html) : html_(html) {}

    /// Goes to the next tag and returns where it starts; the size of the page when there is none.
    std::size_t find_tag() {
        while ((at_ = std::min(html_.find('<', at_), html_.size())) < html_.size()) {
            if (is_alpha(peek(1)) || (peek(1) == '/' && is_alpha(peek(2)))) return at_;
            if (html_.substr(at_, 4) == "<!--") {
                skip_comment();
            } else if (peek(1) == '!' || peek(1) == '?' || peek(1) == '/') {
                skip_past(">");
            } else {
                ++at_;
            }
        }
        return at_;
    }

    /// Steps over the tag found, and over the raw text that follows some tags.
    void skip_tag() {
        const bool closing = peek(1) == '/';
        at_ += closing ? 2 : 1;
        const std::size_t name_at = at_;
        while (at_ < html_.size() && !is_blank(html_[at_]) && html_[at_] != '/' && html_[at_] != '>') ++at_;
        const auto name = html_.substr(name_at, at_ - name_at);
        skip_attributes();
        if (!closing && holds_raw_text(name)) skip_raw_text(name);
    }

  private:
    char peek(std::size_t ahead) const { return at_ + ahead < html_.size() ? html_[at_ + ahead] : '\0'; }

    void skip_past(std::string_view mark) {
        const auto found = html_.find(mark, at_);
        at_ = found == std::string_view::npos ? html_.size() : found + mark.size();
    }

    /// "<!-->" and "<!--->" are whole comments, and "--!>" ends one too.
    void skip_comment() {
        const auto shortest = std::min(html_.find("-->", at_ + 2), html_.find("--!>", at_ + 4));
        at_ = shortest == std::string_view::npos ? html_.size() : html_.find('>', shortest) + 1;
    }

    /// A quote opens a value only behind an equals sign; everywhere else it is part of a (strange) name.
    void skip_attributes() {
        bool value_may_follow = false;
        while (at_ < html_.size()) {
            const char c = html_[at_++];
            if (c == '>') return;
            if (value_may_follow && (c == '"' || c == '\'')) skip_past({&html_[at_ - 1], 1});
            if (!is_blank(c)) value_may_follow = c == '=';
        }
    }

    void skip_raw_text(std::string_view name) {
        while ((at_ = std::min(html_.find("</", at_), html_.size())) < html_.size()) {
            const char after = peek(2 + name.size());
            const bool ends = is_blank(after) || after == '/' || after == '>';
            if (ends && same_name(html_.substr(at_ + 2, name.size()), name)) return;
            at_ += 2;
        }
    }

    std::string_view html_;
    std::size_t at_ = 0;
};

}  // namespace

std::vector<std::string_view> slice_html(std::string_view html, std::size_t tags_per_slice) {
    std::vector<std::string_view> slices;
    reader page(html);
    std::size_t begin = 0;
    std::size_t tags = 0;
    for (std::size_t tag = page.find_tag(); tag < html.size(); tag = page.find_tag()) {
        if (tags == tags_per_slice) {
            slices.push_back(html.substr(begin, tag - begin));
            begin = tag;
            tags = 0;
        }
        page.skip_tag();
        ++tags;
    }
    if (begin < html.size()) slices.push_back(html.substr(begin));
    return slices;
}

}  // namespace crawler
