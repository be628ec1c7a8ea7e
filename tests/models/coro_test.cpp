// SPDX-License-Identifier: BSL-1.0
// The promises that both models make, kept by tasks; see promises.inc. Each body runs twice: as a task of its own,
// which is suspended where it waits, and run by a fiber, which parks there.
#include <green/green.h>

#include <support/fixture.h>

#include <doctest/doctest.h>

#include <string>
#include <utility>

namespace model {

using namespace green::coro;
template <class T>
auto get(const join_handle<T>& handle) { return handle.get(); }
template <class T>
auto join(const join_handle<T>& handle) { return handle.join(); }
template <class T>
auto kill(const join_handle<T>& handle) { return handle.kill(); }
using green::coro::get;

}  // namespace model

#define AWAIT co_await
#define RETURN co_return
#define LATER(call) call
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
