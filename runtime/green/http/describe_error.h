// SPDX-License-Identifier: BSL-1.0
// Says in an error what it was about. Private to this room.
#pragma once

#include <string_view>
#include <system_error>

namespace green::http::detail {

// Throws the same error code with a text that begins with `subject` ("GET http://example.com/") and keeps the
// particulars that `error` brought along.
[[noreturn]] void rethrow_about(std::string_view subject, const std::system_error& error);

}  // namespace green::http::detail
