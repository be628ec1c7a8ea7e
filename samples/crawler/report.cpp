// SPDX-License-Identifier: BSL-1.0
// Whatever came from a server is made printable before it reaches the terminal.
#include "crawler/report.h"

#include "crawler/text.h"
#include "crawler/units.h"

namespace crawler {
namespace {

constexpr std::size_t most_shown = 100;

std::string reason_of(const record& r) {
    if (r.error.empty()) return "status " + std::to_string(r.status);
    return printable(r.error);
}

/// "25 times as long", or nothing when there was nothing to gain.
std::string comparison(std::chrono::milliseconds alone, std::chrono::milliseconds together) {
    const auto factor = together.count() > 0 ? alone.count() / together.count() : 0;
    return factor >= 2 ? ", " + std::to_string(factor) + " times as long" : "";
}

}  // namespace

void report::add(const record& r) {
    byte_count_ += r.bytes;
    one_at_a_time_ += r.elapsed;
    if (r.skipped == skip_reason::robots) {
        ++robots_count_;
    } else if (r.skipped == skip_reason::https) {
        ++https_count_;
    } else if (is_broken(r)) {
        ++broken_count_;
        if (broken_.size() < most_shown)
            broken_.push_back({printable(r.url), reason_of(r), printable(r.from)});
    } else {
        ++page_count_;
        if (r.status / 100 == 3) ++redirect_count_;
    }
}

std::string report::summary(std::chrono::milliseconds elapsed, bool interrupted) const {
    std::string text;
    if (interrupted) text += "Stopped before the end; this is what was found so far.\n";
    text += format_count(page_count_, "page") + ", " + format_count(broken_count_, "error") + ", " +
            format_bytes(byte_count_) + " in " + format_duration(elapsed) + ".\n";
    text += "One at a time it would have taken " + format_duration(one_at_a_time_) +
            comparison(one_at_a_time_, elapsed) + ".\n";
    if (robots_count_ > 0)
        text += format_count(robots_count_, "page") + " skipped because robots.txt asks so.\n";
    if (https_count_ > 0)
        text += format_count(https_count_, "https URL") + " not fetched: TLS is not spoken yet.\n";
    if (came_to_nothing()) text += "Nothing of what was asked for could be fetched.\n";
    if (!broken_.empty()) text += "Broken links:\n";
    for (const auto& link : broken_) {
        text += "  " + link.url + "\n      " + link.why;
        text += link.from.empty() ? ", given on the command line\n" : ", linked from " + link.from + '\n';
    }
    if (broken_count_ > broken_.size()) {
        text +=
            "  and " + std::to_string(broken_count_ - broken_.size()) + " more (--out FILE lists them all)\n";
    }
    return text;
}

}  // namespace crawler
