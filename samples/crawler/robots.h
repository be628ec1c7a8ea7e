// SPDX-License-Identifier: BSL-1.0
// What a site's robots.txt lets us fetch (RFC 9309). Knows the file's rules and what its absence means;
// fetches nothing.
#pragma once

#include "crawler/url.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace crawler {

/// The rules of one site for one crawler.
///
///     const auto rules = crawler::robots::for_answer(200, body, "green-crawler");
///     if (rules.allows(page)) fetch(page);
///
/// A plain value; no call parks. All rules of all groups that name us count together; groups for "*" count
/// only when no group names us (section 2.2.1). The longest matching rule decides, and Allow wins ties
/// (section 2.2.2).
class robots {
  public:
    static robots allow_all() { return {}; }
    static robots disallow_all();

    /// Reads a robots.txt for the crawler called `product_token`. Lines it does not know are ignored, and so
    /// is what comes after the first 500 KiB.
    static robots parse(std::string_view text, std::string_view product_token);

    /// What an answer to GET /robots.txt means (section 2.3.1): 2xx is read, 3xx (redirects that led nowhere)
    /// and 4xx allow all, everything else disallows all; status 0 stands for a server that cannot be reached.
    static robots for_answer(int status, std::string_view body, std::string_view product_token);

    /// Whether the page may be fetched; only its path and query count. /robots.txt itself always may.
    bool allows(const url& page) const;

    /// The pause the site asks for between two fetches, if it does; at most a day.
    std::optional<std::chrono::milliseconds> crawl_delay() const { return crawl_delay_; }

  private:
    friend class robots_reader;

    struct rule {
        std::string pattern;
        bool allow;
    };

    std::vector<rule> rules_;
    std::optional<std::chrono::milliseconds> crawl_delay_;
};

/// The part of a User-Agent header that robots.txt files call us by: "green-crawler" of "green-crawler/0.1
/// (Linux)".
std::string_view product_token_of(std::string_view user_agent);

}  // namespace crawler
