// SPDX-License-Identifier: BSL-1.0
// The command line of the crawlers. Knows what can be asked for and says what was wrong; does nothing of it.
#pragma once

#include "crawler/scope.h"
#include "crawler/url.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace crawler {

/// A name server by number.
struct dns_server {
    std::string address;  ///< IPv4 or IPv6, without brackets
    std::uint16_t port = 53;
};

struct options {
    std::vector<url> seeds;  ///< at least one
    unsigned jobs = 64;      ///< fetches under way at a time
    unsigned per_host = 8;   ///< of these, at one host
    std::optional<unsigned> depth;
    std::optional<std::size_t> max_pages;
    std::chrono::milliseconds timeout{30'000};  ///< for one URL, all in all; never zero
    scope_kind scope = scope_kind::host;
    bool obey_robots = true;
    std::string user_agent = "green-crawler/0.1";
    std::optional<dns_server> dns;  ///< nothing means the system's own
    std::optional<std::string> out;
};

/// The program is to print `text` and exit with `status`: 0 for --help (to stdout), 2 for wrong use (to
/// stderr).
struct early_exit {
    int status;
    std::string text;
};

/// Reads the command line. What is wrong is named in the text: the option, the value, and what would be
/// right.
///
///     const auto parsed = crawler::parse_options(argc, argv);
///     if (const auto* stop = std::get_if<crawler::early_exit>(&parsed)) {
///         std::fputs(stop->text.c_str(), stop->status == 0 ? stdout : stderr);
///         return stop->status;
///     }
///
/// Looks at the file system only to see that the folder of --out is there. Never parks.
std::variant<options, early_exit> parse_options(int argc, const char* const* argv);

}  // namespace crawler
