// SPDX-License-Identifier: BSL-1.0
// Exponential back-off; a Retry-After header can lengthen the wait, never shorten it.
#include "crawler/retry.h"

#include "crawler/http_date.h"

#include <algorithm>
#include <charconv>

namespace crawler {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::optional<milliseconds> retry_policy::after_status(unsigned attempt, int status,
                                                       std::string_view retry_after,
                                                       std::chrono::system_clock::time_point now) {
    if (status != 429 && status != 503) return std::nullopt;
    const auto asked = parse_retry_after(retry_after, now);
    if (asked && *asked > settings_.patience) return std::nullopt;
    const auto wait = back_off(attempt);
    if (!wait || !asked) return wait;
    return std::max<milliseconds>(*wait, *asked);
}

std::optional<milliseconds> retry_policy::after_drop(unsigned attempt) {
    return back_off(attempt);
}

std::optional<milliseconds> retry_policy::back_off(unsigned attempt) {
    if (attempt >= settings_.most_retries) return std::nullopt;
    auto wait = settings_.first_wait;
    for (unsigned i = 0; i < attempt && wait < settings_.longest_wait; ++i) wait *= 2;
    wait = std::min(wait, settings_.longest_wait);
    std::uniform_int_distribution<milliseconds::rep> jitter(0, wait.count() / 2);
    return wait - milliseconds(jitter(random_));
}

std::optional<seconds> parse_retry_after(std::string_view value, std::chrono::system_clock::time_point now) {
    std::uint32_t count = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), count);
    const bool all_digits = !value.empty() && end == value.data() + value.size();
    if (all_digits && error == std::errc{}) return seconds(count);
    if (all_digits && error == std::errc::result_out_of_range) return seconds(UINT32_MAX);
    const auto date = parse_http_date(value);
    if (!date) return std::nullopt;
    // In whole seconds: the nanoseconds of system_clock end in the year 2262, dates do not.
    return std::max(*date - std::chrono::floor<seconds>(now), seconds(0));
}

}  // namespace crawler
