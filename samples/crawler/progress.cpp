// SPDX-License-Identifier: BSL-1.0
// Carriage return and blanks are all it takes: no escape sequences, so any terminal will do.
#include "crawler/progress.h"

#include "crawler/units.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

namespace crawler {
namespace {

constexpr std::chrono::milliseconds shortest_interval{100};

/// One column less than the terminal has: a character in the last one makes some terminals scroll.
std::size_t columns_of(int fd) {
    winsize size{};
    if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 79;
    return std::max<std::size_t>(size.ws_col, 2) - 1;
}

}  // namespace

std::string progress_line(const progress_counts& counts, std::size_t width) {
    std::string line = format_count(counts.pages, "page") + ", " + format_count(counts.errors, "error") +
                       ", " + std::to_string(counts.queued) + " queued, " + std::to_string(counts.under_way) +
                       " under way, " + format_bytes(counts.bytes) + "  ";
    // Canonical URLs are ASCII, one column each; anything else is replaced rather than measured.
    for (const char c : counts.latest) line += c > ' ' && c < 0x7F ? c : '?';
    if (line.size() > width) {
        const std::size_t dots = std::min<std::size_t>(3, width);
        line.resize(width - dots);
        line.append(dots, '.');
    }
    line.resize(width, ' ');
    return line;
}

progress::progress(int fd) : fd_(fd), live_(isatty(fd) == 1) {}

void progress::update(const progress_counts& counts, time_point now) {
    if (!live_ || (last_draw_ && now - *last_draw_ < shortest_interval)) return;
    last_draw_ = now;
    draw('\r' + progress_line(counts, columns_of(fd_)));
    drawn_ = true;
}

void progress::clear() {
    if (!live_ || !drawn_) return;
    draw('\r' + std::string(columns_of(fd_), ' ') + '\r');
    drawn_ = false;
}

void progress::draw(const std::string& text) {
    // Half a line is repaired by the next; an error means that nobody is watching any more.
    if (::write(fd_, text.data(), text.size()) < 0) live_ = false;
}

}  // namespace crawler
