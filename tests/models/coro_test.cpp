// SPDX-License-Identifier: BSL-1.0
// The promises that both models make, kept by tasks; see promises.inc. Each body runs twice: as a task of its own,
// which is suspended where it waits, and run by a fiber, which parks there.
#include <green/green.h>

#include <support/fixture.h>
#include <support/model_of_tasks.h>

#include <doctest/doctest.h>

#include <string>
#include <utility>

#define IN_BOTH_MODELS(name, description)                                        \
    static green::coro::task<void> name();                                       \
    TEST_CASE_FIXTURE(support::virtual_time, description " (tasks)") {           \
        auto body = green::coro::spawn(name());                                  \
        green::block_on(body);                                                   \
    }                                                                            \
    TEST_CASE_FIXTURE(support::virtual_time, description " (tasks on a fiber)") { \
        green::block_on(name());                                                 \
    }                                                                            \
    static green::coro::task<void> name()

#include "promises.inc"
