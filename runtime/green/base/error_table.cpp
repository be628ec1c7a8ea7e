// SPDX-License-Identifier: BSL-1.0
#include <green/base/error_table.h>

#include <algorithm>

namespace green::detail {

const error_words* error_table::find(int value) const noexcept {
    const auto found = std::ranges::find(table_, value, &error_words::value);
    return found == table_.end() ? nullptr : &*found;
}

std::string error_table::message(int value) const {
    const error_words* known = find(value);
    return known ? known->words : otherwise_;
}

std::error_condition error_table::default_error_condition(int value) const noexcept {
    const error_words* known = find(value);
    if (known && known->equal_to != std::errc()) return known->equal_to;
    return {value, *this};
}

}  // namespace green::detail
