// SPDX-License-Identifier: BSL-1.0
#include <green/sync/exception_group.h>

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

TEST_CASE("an exception group says how many errors it holds and what each says") {
    const green::exception_group group({std::make_exception_ptr(std::runtime_error("first")),
                                        std::make_exception_ptr(7),
                                        std::make_exception_ptr(std::runtime_error("last"))});
    CHECK(std::string(group.what()) ==
          "green: 3 errors: first; an exception that is not a std::exception; last");
    CHECK(group.exceptions().size() == 3);
    CHECK_THROWS_AS(std::rethrow_exception(group.exceptions()[1]), int);
}
