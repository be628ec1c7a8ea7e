// SPDX-License-Identifier: BSL-1.0
// The crawl as a whole: counts while it runs, and at its end a summary that a person understands.
#pragma once

#include "crawler/record.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace crawler {

/// How a crawler program ends. A crawl that was not let fetch a single page counts as one that found it broken, results
/// that could not be written as wrong use.
enum exit_status { all_fine = 0, broken_links = 1, wrong_use = 2 };

/// Sums up records as they come. Not synchronised; no call parks.
class report {
  public:
    void add(const record& r);

    std::size_t page_count() const { return page_count_; }  ///< answered and not broken
    std::size_t broken_count() const { return broken_count_; }
    std::size_t robots_count() const { return robots_count_; }  ///< left alone because robots.txt asks so
    std::size_t https_count() const { return https_count_; }    ///< not fetched because TLS is not spoken
    std::uint64_t byte_count() const { return byte_count_; }

    /// What fetching one page at a time would have taken: the sum of what each took, its further tries and the waits
    /// between them included.
    std::chrono::milliseconds one_at_a_time() const { return one_at_a_time_; }

    /// Some lines of text: what was found, how long it took, and the broken links with the pages that link to
    /// them, the first hundred of them. `interrupted` says that the crawl stopped before it was through.
    std::string summary(std::chrono::milliseconds elapsed, bool interrupted) const;

    exit_status status() const { return broken_count_ > 0 || came_to_nothing() ? broken_links : all_fine; }

  private:
    /// All that was asked for was skipped, or redirected to what was.
    bool came_to_nothing() const {
        return broken_count_ == 0 && page_count_ == redirect_count_ && robots_count_ + https_count_ > 0;
    }

    struct broken_link {
        std::string url;
        std::string why;
        std::string from;
    };

    std::size_t page_count_ = 0;
    std::size_t broken_count_ = 0;
    std::size_t redirect_count_ = 0;  // of the pages
    std::size_t robots_count_ = 0;
    std::size_t https_count_ = 0;
    std::uint64_t byte_count_ = 0;
    std::chrono::milliseconds one_at_a_time_{0};
    std::vector<broken_link> broken_;  // no more than are shown
};

}  // namespace crawler
