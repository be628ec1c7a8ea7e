// SPDX-License-Identifier: BSL-1.0
// A category of error codes whose words stand in a table.
#pragma once

#include <span>
#include <string>
#include <system_error>
#include <type_traits>

namespace green::detail {

// One code: what it says, and the std::errc that it compares equal to; none: std::errc().
struct error_words {
    template <class Code>
        requires std::is_enum_v<Code>
    constexpr error_words(Code code, const char* text, std::errc same_as = {}) noexcept
        : value(static_cast<int>(code)), words(text), equal_to(same_as) {}

    int value;
    const char* words;
    std::errc equal_to;
};

// What it is made of must live as long as it does.
//
//     const std::error_category& error_category() noexcept {
//         static const detail::error_table instance("green.http", words, "unknown HTTP error");
//         return instance;
//     }
class error_table final : public std::error_category {
  public:
    error_table(const char* name, std::span<const error_words> table, const char* otherwise) noexcept
        : name_(name), table_(table), otherwise_(otherwise) {}

    const char* name() const noexcept override { return name_; }
    std::string message(int value) const override;
    std::error_condition default_error_condition(int value) const noexcept override;

  private:
    const error_words* find(int value) const noexcept;

    const char* name_;
    std::span<const error_words> table_;
    const char* otherwise_;  // of a value that stands in no table
};

}  // namespace green::detail
