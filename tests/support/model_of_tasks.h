// SPDX-License-Identifier: BSL-1.0
// The words in which a body is written that is compiled for both models, where it is compiled for tasks; see
// tests/models/promises.inc. It stands behind the headers whose calls the body makes.
#pragma once

#include <green/coro/join_handle.h>

namespace model {

using namespace green::coro;
template <class T>
auto get(const join_handle<T>& handle) { return handle.get(); }
template <class T>
auto join(const join_handle<T>& handle) { return handle.join(); }
template <class T>
auto kill(const join_handle<T>& handle) { return handle.kill(); }
using green::coro::get;
using green::coro::join;
using green::coro::kill;

}  // namespace model

#define AWAIT co_await
#define RETURN co_return
#define LATER(call) call
