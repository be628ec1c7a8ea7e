// SPDX-License-Identifier: BSL-1.0
// sscanf rather than strptime: month names must be English whatever the user's locale is.
#include "crawler/http_date.h"

#include <array>
#include <cstdio>
#include <cstring>
#include <string>

namespace crawler {
namespace {

struct fields {
    std::array<char, 4> month{};
    int day = 0;
    int year = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
};

/// Whether `text` as a whole has the form that `read` consumed; `end` is what %n reported.
bool is_whole(const std::string& text, int found, int end) {
    return found == 6 && end > 0 && static_cast<std::size_t>(end) == text.size();
}

std::optional<fields> split(const std::string& text) {
    fields f;
    char* month = f.month.data();
    int end = 0;
    // Sun, 06 Nov 1994 08:49:37 GMT
    int found = std::sscanf(text.c_str(), "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", &f.day, month,
                            &f.year, &f.hour, &f.minute, &f.second, &end);
    if (is_whole(text, found, end)) return f;
    // Sunday, 06-Nov-94 08:49:37 GMT
    found = std::sscanf(text.c_str(), "%*9[A-Za-z], %2d-%3[A-Za-z]-%2d %2d:%2d:%2d GMT%n", &f.day, month,
                        &f.year, &f.hour, &f.minute, &f.second, &end);
    if (is_whole(text, found, end)) {
        f.year += f.year < 70 ? 2000 : 1900;
        return f;
    }
    // Sun Nov  6 08:49:37 1994
    found = std::sscanf(text.c_str(), "%*3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d%n", month, &f.day, &f.hour,
                        &f.minute, &f.second, &f.year, &end);
    if (is_whole(text, found, end)) return f;
    return std::nullopt;
}

unsigned month_number(const char* name) {
    static constexpr const char* names = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const char* found = std::strlen(name) == 3 ? std::strstr(names, name) : nullptr;
    if (found == nullptr || (found - names) % 3 != 0) return 0;
    return static_cast<unsigned>(found - names) / 3 + 1;
}

}  // namespace

std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text) {
    using namespace std::chrono;
    const auto f = split(std::string(text));
    if (!f) return std::nullopt;
    const year_month_day date{year(f->year), month(month_number(f->month.data())),
                              day(static_cast<unsigned>(f->day))};
    const bool time_of_day = f->hour >= 0 && f->hour < 24 && f->minute >= 0 && f->minute < 60 &&
                             f->second >= 0 && f->second <= 60;  // 60 is a leap second
    if (!date.ok() || !time_of_day) return std::nullopt;
    return sys_days(date) + hours(f->hour) + minutes(f->minute) + seconds(f->second);
}

}  // namespace crawler
