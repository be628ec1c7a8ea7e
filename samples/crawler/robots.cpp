// SPDX-License-Identifier: BSL-1.0
// Reading and matching by RFC 9309 section 2.2. Rules and paths meet in one spelling: percent-encoding
// normalised, and in paths the characters special to rules escaped, so that "%2A" in a rule means a star and
// "*" anything.
#include "crawler/robots.h"

#include "crawler/percent.h"

#include <algorithm>
#include <charconv>

namespace crawler {
namespace {

constexpr std::size_t longest_file = std::size_t{500} * 1024;

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

bool same_ignoring_case(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

void escape(std::string& text, char special, std::string_view escaped, std::size_t end) {
    for (std::size_t at = 0; (at = text.find(special, at)) < end; at += escaped.size()) {
        text.replace(at, 1, escaped);
        end += end == std::string::npos ? 0 : escaped.size() - 1;
    }
}

/// A dollar means the end of the path only at the end of the rule; elsewhere it is itself.
std::string comparable_pattern(std::string_view pattern) {
    std::string text = normalize_percent(pattern);
    if (!text.empty()) escape(text, '$', "%24", text.size() - 1);
    return text;
}

std::string comparable_path(std::string_view target) {
    std::string text = normalize_percent(target);
    escape(text, '*', "%2A", std::string::npos);
    escape(text, '$', "%24", std::string::npos);
    return text;
}

/// Whether `pattern` matches the beginning of `path`, or all of it when it ends in a dollar. Goes back to the
/// latest star only, which is enough: an earlier star could not reach further.
bool matches(std::string_view pattern, std::string_view path) {
    const bool whole = pattern.ends_with('$');
    if (whole) pattern.remove_suffix(1);
    std::size_t at = 0;
    std::size_t after_star = std::string_view::npos;
    std::size_t retry_at = 0;
    for (std::size_t i = 0; i < path.size();) {
        if (at < pattern.size() && pattern[at] == '*') {
            after_star = ++at;
            retry_at = i;
        } else if (at < pattern.size() && pattern[at] == path[i]) {
            ++at;
            ++i;
        } else if (at == pattern.size() && !whole) {
            return true;
        } else if (after_star != std::string_view::npos) {
            at = after_star;
            i = ++retry_at;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', at) == std::string_view::npos;
}

std::optional<std::chrono::milliseconds> parse_delay(std::string_view value) {
    double seconds = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (error != std::errc{} || !(seconds >= 0)) return std::nullopt;
    return std::chrono::milliseconds(static_cast<std::int64_t>(std::min(seconds, 86'400.0) * 1000));
}

}  // namespace

/// Reads line by line. A group is one or more user-agent lines and the rules that follow; lines of other
/// kinds (Sitemap, Crawl-delay) neither end the list of names nor the group (section 2.2.4).
class robots_reader {
  public:
    explicit robots_reader(std::string_view product_token) : token_(product_token) {}

    void read_line(std::string_view line) {
        line = line.substr(0, line.find('#'));
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) return;
        const auto key = trim(line.substr(0, colon));
        const auto value = trim(line.substr(colon + 1));
        if (same_ignoring_case(key, "user-agent")) {
            read_name(value);
        } else if (same_ignoring_case(key, "allow") || same_ignoring_case(key, "disallow")) {
            in_names_ = false;
            add_rule(value, lower(key[0]) == 'a');
        } else if (same_ignoring_case(key, "crawl-delay")) {
            // The first one counts: authors take Crawl-delay for a rule and expect the next name to start a
            // group.
            if (named_ && !ours_.crawl_delay_) ours_.crawl_delay_ = parse_delay(value);
            if (starred_ && !everyones_.crawl_delay_) everyones_.crawl_delay_ = parse_delay(value);
        }
    }

    robots result() && { return saw_our_name_ ? std::move(ours_) : std::move(everyones_); }

  private:
    void read_name(std::string_view name) {
        if (!in_names_) named_ = starred_ = false;
        in_names_ = true;
        if (name == "*") starred_ = true;
        // "green-crawler/0.1" is a common mistake for "green-crawler".
        if (!token_.empty() && same_ignoring_case(product_token_of(name), token_))
            named_ = saw_our_name_ = true;
    }

    /// An empty pattern forbids nothing and allows nothing: "Disallow:" says that all is allowed.
    void add_rule(std::string_view pattern, bool allow) {
        if (pattern.empty()) return;
        if (named_) ours_.rules_.push_back({comparable_pattern(pattern), allow});
        if (starred_) everyones_.rules_.push_back({comparable_pattern(pattern), allow});
    }

    std::string_view token_;
    robots ours_;
    robots everyones_;
    bool in_names_ = false;  // the latest group line was a user-agent line
    bool named_ = false;     // the current group is for us
    bool starred_ = false;   // the current group is for everyone
    bool saw_our_name_ = false;
};

robots robots::disallow_all() {
    robots result;
    result.rules_.push_back({"/", false});
    return result;
}

robots robots::parse(std::string_view text, std::string_view product_token) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    if (text.size() > longest_file) {
        // A line cut in half could forbid more than the whole one.
        text = text.substr(0, longest_file);
        text = text.substr(0, std::min(text.find_last_of("\r\n"), text.size()));
    }
    robots_reader reader(product_token);
    while (!text.empty()) {
        const auto end = std::min(text.find_first_of("\r\n"), text.size());
        reader.read_line(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return std::move(reader).result();
}

robots robots::for_answer(int status, std::string_view body, std::string_view product_token) {
    if (status >= 200 && status < 300) return parse(body, product_token);
    if (status >= 300 && status < 500) return allow_all();
    return disallow_all();
}

bool robots::allows(const url& page) const {
    if (rules_.empty() || page.target() == "/robots.txt") return true;
    const std::string path = comparable_path(page.target());
    std::size_t longest = 0;
    bool allowed = true;
    for (const auto& rule : rules_) {
        const bool decides = rule.pattern.size() > longest || (rule.pattern.size() == longest && rule.allow);
        if (!decides || !matches(rule.pattern, path)) continue;
        longest = rule.pattern.size();
        allowed = rule.allow;
    }
    return allowed;
}

std::string_view product_token_of(std::string_view user_agent) {
    const auto in_token = [](char c) { return (lower(c) >= 'a' && lower(c) <= 'z') || c == '-' || c == '_'; };
    const auto end = std::find_if_not(user_agent.begin(), user_agent.end(), in_token);
    return user_agent.substr(0, static_cast<std::size_t>(end - user_agent.begin()));
}

}  // namespace crawler
