// SPDX-License-Identifier: BSL-1.0
// Which hosts belong to a crawl. Knows the hosts of the seeds and nothing of paths, depth or robots.txt.
#pragma once

#include "crawler/url.h"

#include <set>
#include <string>

namespace crawler {

/// How far a crawl strays from its seeds.
enum class scope_kind {
    host,    ///< the hosts of the seeds, on any port
    domain,  ///< those and their subdomains, "www." in front of a seed's host left out
    any,     ///< everywhere
};

/// The hosts of a crawl, which grow with its seeds.
///
/// A registrable domain proper needs the public suffix list; the host without "www." is what people mean when
/// they type one. Addresses have no subdomains: they match exactly.
class scope {
  public:
    explicit scope(scope_kind kind) : kind_(kind) {}

    void add_seed(const url& seed);
    bool contains(const url& page) const;

  private:
    scope_kind kind_;
    std::set<std::string, std::less<>> names_;
};

}  // namespace crawler
