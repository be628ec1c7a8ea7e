// SPDX-License-Identifier: BSL-1.0
// Whether a failed fetch is worth another try, and when. Reads no clock and sleeps nowhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string_view>

namespace crawler {

struct retry_settings {
    unsigned most_retries = 3;
    std::chrono::milliseconds first_wait{500};       ///< doubled with each further try
    std::chrono::milliseconds longest_wait{30'000};  ///< the doubling stops here
    std::chrono::milliseconds patience{120'000};     ///< a server that asks for more is not asked again
};

/// Tells how long to wait before a visit is tried again, or that it is not tried again.
///
///     if (auto wait = retries.after_status(visit.attempt, 503, header("Retry-After"), system_clock::now()))
///         todo.retry(visit, now() + *wait);
///
/// The wait is random between half and all of its nominal length, lest all visits that one overload turned
/// away come back at once. Equal seeds give equal waits. Not synchronised; no call parks.
class retry_policy {
  public:
    explicit retry_policy(std::uint64_t seed, retry_settings settings = {})
        : settings_(settings), random_(seed) {}

    /// After an answer: 429 and 503 are temporary (RFC 6585 section 4, RFC 9110 section 15.6.4), all else is
    /// final. `attempt` counts earlier tries; `retry_after` is the header's value or empty; `now` is what its
    /// date is compared with.
    std::optional<std::chrono::milliseconds> after_status(unsigned attempt, int status,
                                                          std::string_view retry_after,
                                                          std::chrono::system_clock::time_point now);

    /// After a connection that was refused, reset, or closed before the answer was whole.
    std::optional<std::chrono::milliseconds> after_drop(unsigned attempt);

  private:
    std::optional<std::chrono::milliseconds> back_off(unsigned attempt);

    retry_settings settings_;
    std::mt19937_64 random_;
};

/// The wait that a Retry-After header asks for, in seconds or until a date (RFC 9110 section 10.2.3); nothing
/// when it is neither. A date gone by is no wait.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view value,
                                                      std::chrono::system_clock::time_point now);

}  // namespace crawler
