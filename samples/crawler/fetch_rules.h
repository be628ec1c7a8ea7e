// SPDX-License-Identifier: BSL-1.0
// What the crawlers agree on when they fetch: sizes, which failures mean what, and what a robots.txt leads to.
#pragma once

#include "crawler/crawl.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <system_error>
#include <utility>

namespace crawler {

using steady_clock = std::chrono::steady_clock;

constexpr std::uint64_t largest_body_bytes = 24 << 20;  ///< a longer page is an error; each job may hold one
constexpr std::uint64_t most_bytes_to_read_past = 1 << 20;  ///< of what is no page; more than counts of a robots.txt

/// The connection was refused or lost: another try may help.
inline bool is_dropped(const std::error_code& error) {
    return error == std::errc::connection_refused || error == std::errc::connection_reset ||
           error == std::errc::connection_aborted || error == std::errc::broken_pipe;
}

/// We have too many descriptors open: another try may help once others are closed. The page cannot help it.
inline bool is_shortage(const std::error_code& error) {
    return error == std::errc::too_many_files_open || error == std::errc::too_many_files_open_in_system;
}

/// How much of a body is read.
enum class body_part {
    all,        ///< and kept: a page
    beginning,  ///< up to most_bytes_to_read_past: what counts of a robots.txt, or enough to know that a film is there
    none        ///< it is long, and no page; the connection is not worth it
};

/// What is short is read to its end, so that the connection can be used again.
inline body_part part_to_read(const fetched& head, std::uint64_t length_bytes, bool is_robots_txt) {
    if (is_robots_txt) return body_part::beginning;
    if (is_html(head.content_type)) return body_part::all;
    return length_bytes > most_bytes_to_read_past ? body_part::none : body_part::beginning;
}

/// The rules of one site, or why they could not be had; `Event` is how one waits for whoever fetches them.
template <class Event>
struct site_of_pages {
    Event known{};
    robots rules;
    std::optional<fetched> failure;
};

/// Whether an answer to GET /robots.txt says neither what is allowed nor that there are no rules; the page then is
/// tried again, or fails as its rules did.
inline bool rules_are_unavailable(fetched& answer) {
    if (answer.error.empty() && (answer.status == 429 || answer.status == 503))
        answer.error = "status " + std::to_string(answer.status);
    return !answer.error.empty();
}

/// Takes the answer to GET /robots.txt of the site of `page`.
template <class Event>
void learn_rules(site_of_pages<Event>& site, fetched answer, crawl& job, const options& chosen, const url& page) {
    if (rules_are_unavailable(answer)) {
        site.failure = std::move(answer);
    } else {
        site.rules = robots::for_answer(answer.status, answer.body, product_token_of(chosen.user_agent));
        job.obey(site.rules, page);
    }
}

/// Whether the site of a page lets it be fetched; when not, or when its rules could not be had, the visit is over.
template <class Event>
bool may_fetch(const visit& item, const site_of_pages<Event>& site, crawl& job, crawl::time_point now) {
    if (site.failure)
        job.finish_without_rules(item, *site.failure, now);
    else if (!site.rules.allows(item.target))
        job.skip(item, "robots.txt forbids it", now);
    else
        return true;
    return false;
}

inline void note_time(fetched& got, steady_clock::time_point start) {
    got.elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - start);
}

}  // namespace crawler
