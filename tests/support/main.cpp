// SPDX-License-Identifier: BSL-1.0
// The entry point of every doctest program of the suite.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
