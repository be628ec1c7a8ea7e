// SPDX-License-Identifier: BSL-1.0
// The website that the demo serves to itself: several hosts, hundreds of pages, made up from their numbers alone.
// Knows no socket and no clock: it says what is answered, and how long a real server would have taken.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace demo_site {

/// An answer, and the delay before it.
struct page {
    int status = 200;
    std::string type = "text/html";
    std::string location{};  ///< of a redirect
    std::string body{};
    std::chrono::milliseconds delay{0};
};

/// A site of `pages_per_host` pages on each of a few hosts, linked as a tree, to their neighbours and to the other
/// hosts. Some links are broken, one section has moved, one page is overloaded the first time, and robots.txt keeps
/// crawlers out of a corner. Equal questions get equal answers, but for that one page. Not synchronised.
class site {
  public:
    /// `port` goes into the links.
    site(unsigned pages_per_host, unsigned port) : pages_per_host_(pages_per_host), port_(port) {}

    /// The host names, the front page's first.
    static const std::vector<std::string>& hosts();

    /// The answer to GET `path` of `host` (without a port).
    page answer(std::string_view host, std::string_view path);

  private:
    std::string url(const std::string& host, unsigned number) const;
    std::string html(const std::string& host, unsigned number) const;

    unsigned pages_per_host_;
    unsigned port_;
    std::unordered_set<std::string> asked_before_;  // of the overloaded pages
};

}  // namespace demo_site
