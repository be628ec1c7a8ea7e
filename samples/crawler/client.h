// SPDX-License-Identifier: BSL-1.0
// What the crawlers on green's HTTP client share: how they ask, and what they make of an answer's head and of a
// failure. Nothing here waits.
#pragma once

#include "crawler/fetch_rules.h"

#include <green/dns/resolver.h>
#include <green/http/session.h>

#include <string>
#include <system_error>

namespace crawler {

inline green::dns::resolver_options resolver_options(const options& chosen) {
    green::dns::resolver_options result;
    if (chosen.dns) result.servers = {{green::ip_address::parse(chosen.dns->address), chosen.dns->port}};
    return result;
}

inline green::http::session_options session_options(const options& chosen, green::dns::resolver& names) {
    return {.user_agent = chosen.user_agent, .max_idle_per_host = chosen.per_host, .resolver = &names};
}

inline green::http::request_options request_options(const options& chosen, bool is_robots_txt) {
    return {.timeout = chosen.timeout, .follow_redirects = is_robots_txt, .body_limit_bytes = largest_body_bytes};
}

inline void note_head(fetched& got, const green::http::response& answer) {
    got.status = answer.status();
    got.content_type = answer.headers().get("Content-Type").value_or("");
    got.location = answer.headers().get("Location").value_or("");
    got.retry_after = answer.headers().get("Retry-After").value_or("");
}

inline void note_size(fetched& got, const green::http::response& answer) {
    got.bytes = std::max(answer.travelled_bytes(), answer.content_length().value_or(0));
}

inline void note_failure(fetched& got, const std::error_code& error, green::http::session& web) {
    got.error = error.message();
    got.dropped = is_dropped(error) || is_shortage(error);
    if (is_shortage(error)) web.close_idle();
}

}  // namespace crawler
