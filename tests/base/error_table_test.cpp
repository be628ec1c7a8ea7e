// SPDX-License-Identifier: BSL-1.0
#include <green/base/error_table.h>

#include <doctest/doctest.h>

#include <ostream>
#include <string>
#include <system_error>

namespace {

enum class trouble { small = 1, late = -7 };

constexpr green::detail::error_words words[] = {
    {trouble::small, "a small one"},
    {trouble::late, "too late", std::errc::timed_out},
};

const std::error_category& category() {
    static const green::detail::error_table instance("test", words, "what is that");
    return instance;
}

std::error_code code(trouble value) {
    return {static_cast<int>(value), category()};
}

}  // namespace

TEST_CASE("a code says what its table says") {
    CHECK(std::string(category().name()) == "test");
    CHECK(code(trouble::small).message() == "a small one");
    CHECK(code(trouble::late).message() == "too late");
    CHECK(code(trouble(3)).message() == "what is that");
}

TEST_CASE("a code equals the condition that its table names, and else only itself") {
    CHECK(code(trouble::late) == std::errc::timed_out);
    CHECK(code(trouble::small) != std::errc::timed_out);
    CHECK(code(trouble::small).default_error_condition() == std::error_condition(1, category()));
    CHECK(code(trouble(3)).default_error_condition() == std::error_condition(3, category()));
}
