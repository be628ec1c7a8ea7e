// SPDX-License-Identifier: BSL-1.0
#include "crawler/progress.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <pty.h>
#include <unistd.h>

#include <array>

using crawler::progress;
using crawler::progress_line;
using namespace std::chrono_literals;

namespace {

const progress::time_point start{};

/// A terminal of 40 columns: what is drawn on `inner` is read from `outer`.
struct terminal {
    terminal() {
        const winsize size{.ws_row = 24, .ws_col = 40, .ws_xpixel = 0, .ws_ypixel = 0};
        REQUIRE(openpty(&outer, &inner, nullptr, nullptr, &size) == 0);
        fcntl(outer, F_SETFL, O_NONBLOCK);
    }
    ~terminal() {
        close(outer);
        close(inner);
    }
    std::string drawn() const {
        std::array<char, 4096> buffer{};
        const auto size = read(outer, buffer.data(), buffer.size());
        return {buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
    }
    int outer = -1;
    int inner = -1;
};

}  // namespace

TEST_CASE("the progress line fills the width exactly") {
    const crawler::progress_counts counts{12, 1, 30, 4, 1500, "http://site/page"};
    CHECK(progress_line(counts, 90) ==
          "12 pages, 1 error, 30 queued, 4 under way, 1.5 kB  http://site/page" + std::string(23, ' '));
    CHECK(progress_line(counts, 20) == "12 pages, 1 error...");
    for (std::size_t width = 0; width < 100; ++width) CHECK(progress_line(counts, width).size() == width);
}

TEST_CASE("the progress line lets no page drive the terminal") {
    crawler::progress_counts counts;
    counts.latest = "\x1b[2J\xff";
    CHECK(progress_line(counts, 79).find("?[2J?") != std::string::npos);
}

TEST_CASE("a terminal shows the line in its own width") {
    const terminal screen;
    progress line(screen.inner);
    CHECK(line.live());
    line.update({.pages = 7}, start);
    const auto drawn = screen.drawn();
    CHECK(drawn.starts_with("\r7 pages"));
    CHECK(drawn.size() == 40);
}

TEST_CASE("the line is drawn at most ten times a second") {
    const terminal screen;
    progress line(screen.inner);
    int drawings = 0;
    for (auto now = start; now < start + 1s; now += 1ms) {
        line.update({}, now);
        if (!screen.drawn().empty()) ++drawings;
    }
    CHECK(drawings == 10);
}

TEST_CASE("clearing wipes the line once") {
    const terminal screen;
    progress line(screen.inner);
    line.clear();
    CHECK(screen.drawn().empty());
    line.update({}, start);
    screen.drawn();
    line.clear();
    CHECK(screen.drawn() == '\r' + std::string(39, ' ') + '\r');
    line.clear();
    CHECK(screen.drawn().empty());
}

TEST_CASE("nothing is drawn into a pipe") {
    std::array<int, 2> ends{};
    REQUIRE(pipe2(ends.data(), O_NONBLOCK) == 0);
    progress line(ends[1]);
    line.update({.pages = 7}, start);
    line.clear();
    close(ends[1]);
    char byte = 0;
    CHECK(read(ends[0], &byte, 1) == 0);
    close(ends[0]);
    CHECK_FALSE(line.live());
}
