// SPDX-License-Identifier: BSL-1.0
// A crawl without its waiting: what to fetch next, and what an answer leads to. The fiber, coroutine and thread
// crawlers differ only in how they fetch; all that is decided is decided here. Reads no clock, parks nowhere.
#pragma once

#include "crawler/frontier.h"
#include "crawler/options.h"
#include "crawler/progress.h"
#include "crawler/record_file.h"
#include "crawler/report.h"
#include "crawler/retry.h"
#include "crawler/robots.h"

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

namespace crawler {

/// What one try to fetch a URL came to.
struct fetched {
    int status = 0;            ///< of the answer; 0 when there was none
    std::string content_type;  ///< the header as it came
    std::string location;      ///< the header as it came; empty when there is none
    std::string retry_after;   ///< the same
    std::string body;          ///< unpacked; only for HTML, see is_html()
    std::uint64_t bytes = 0;   ///< of the body as it travelled
    std::string error;         ///< why there is no complete answer; empty when there is one
    bool dropped = false;      ///< the connection was refused or lost, so that another try may help
    std::chrono::milliseconds elapsed{0};
};

/// Whether a body of this Content-Type has links to follow; other bodies need not be kept.
bool is_html(std::string_view content_type);

/// The whole crawl: what is left to do, what was found, where it is written.
///
///     crawler::crawl job(chosen, &out, line);
///     for (auto next = job.next(now()); !next.finished; next = job.next(now())) {
///         if (next.item) job.finish(*next.item, fetch(next.item->target), now());
///         else wait_until(next.wake_at, or a fetch under way is done);
///     }
///     std::cout << job.summary(elapsed);
///
/// Not synchronised: one thread, or a lock around it. Every call that records something throws
/// std::system_error when the --out file cannot be written.
class crawl {
  public:
    using time_point = frontier::time_point;

    /// `out` may be null; it and `line` outlive the crawl. Queues the seeds.
    crawl(const options& chosen, record_file* out, progress& line);

    /// See frontier::next(). A visit that was handed out comes back through one of the next three.
    frontier::next_result next(time_point now) { return todo_.next(now); }

    /// It was fetched, or not: records it, queues its links, or has it tried again later.
    void finish(const visit& done, fetched answer, time_point now);
    /// It is not to be fetched, for a reason that is nobody's fault: robots.txt, or a scheme we do not speak.
    void skip(const visit& done, std::string why, time_point now);
    /// The rules of its site could not be had: it is tried again later, or recorded as broken.
    void finish_without_rules(const visit& done, fetched answer, time_point now);

    /// Notes what the site of `page` asks of crawlers.
    void obey(const robots& rules, const url& page);

    /// Starts nothing more; the visits under way may still come back.
    void interrupt();

    std::string summary(std::chrono::milliseconds elapsed) const { return report_.summary(elapsed, interrupted_); }
    const report& results() const { return report_; }
    exit_status status() const { return report_.status(); }
    bool interrupted() const { return interrupted_; }
    /// Redraws the progress line.
    void show(time_point now);

  private:
    bool try_again(const visit& done, const fetched& answer, time_point now);
    void follow_redirect(const visit& done, const fetched& answer, record& r);
    void queue_links(const visit& done, const fetched& answer);
    std::string redirect_trouble(const url& from, const url& to);
    void add(const record& r);

    frontier todo_;
    retry_policy retries_;
    report report_;
    record_file* out_;
    progress& line_;
    std::unordered_map<std::string, std::string> redirects_;  // by the URL that answered with one
    std::unordered_map<std::string, unsigned> redirects_before_;  // how many in a row led to a URL
    std::set<std::string> bad_links_;                         // reported already
    std::string latest_;
    bool interrupted_ = false;
};

}  // namespace crawler
