// SPDX-License-Identifier: BSL-1.0
// The entry point of every doctest program of the suite. `--child NAME` runs one scenario instead (support/child.h).
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <support/child.h>

#include <cstring>

int main(int argument_count, char** arguments) {
    if (argument_count == 3 && std::strcmp(arguments[1], "--child") == 0) return support::run_scenario(arguments[2]);
    return doctest::Context(argument_count, arguments).run();
}
