// SPDX-License-Identifier: BSL-1.0
// What a call throws.
#pragma once

#include <exception>
#include <string>
#include <system_error>

namespace support {

// The code of the std::system_error that f() throws; none when it returns.
std::error_code error_of(auto&& f) {
    try {
        f();
    } catch (const std::system_error& e) {
        return e.code();
    }
    return {};
}

// The message of the std::exception that f() throws; empty when it returns.
std::string what_of(auto&& f) {
    try {
        f();
    } catch (const std::exception& e) {
        return e.what();
    }
    return {};
}

}  // namespace support
