// SPDX-License-Identifier: BSL-1.0
// The line on the terminal that shows a crawl is alive. Knows terminals; what is counted comes from outside.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace crawler {

struct progress_counts {
    std::size_t pages = 0;
    std::size_t errors = 0;
    std::size_t queued = 0;
    std::size_t under_way = 0;
    std::uint64_t bytes = 0;
    std::string_view latest{};  ///< the URL shown at the end of the line
};

/// The line in at most `width` columns, exactly that many, blanks at its end: it covers the line drawn before
/// it.
std::string progress_line(const progress_counts& counts, std::size_t width);

/// Draws the line over and over on a terminal; does nothing when the descriptor is a pipe or a file.
///
///     crawler::progress line(STDERR_FILENO);
///     line.update(counts, now());      // as often as one likes: it draws ten times a second at most
///     line.clear();                    // before other text is printed
///
/// The descriptor stays the caller's. A terminal that goes away ends the drawing and nothing else. Not
/// synchronised.
class progress {
  public:
    using time_point = std::chrono::steady_clock::time_point;

    explicit progress(int fd);

    void update(const progress_counts& counts, time_point now);
    void clear();

    /// Whether there is a terminal to draw on.
    bool live() const { return live_; }

  private:
    void draw(const std::string& text);

    int fd_;
    bool live_;
    bool drawn_ = false;  // the line is on the screen
    std::optional<time_point> last_draw_;
};

}  // namespace crawler
