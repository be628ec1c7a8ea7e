// SPDX-License-Identifier: BSL-1.0
// What can go wrong with a name, in getaddrinfo's numbers and words.
#pragma once

#include <string>
#include <system_error>

namespace green::dns {

// The values are those of the EAI_ constants (getaddrinfo(3)); timed_out, which it lacks, is told apart from other
// temporary failures because callers treat it differently.
enum class errc {
    no_name = -2,              // EAI_NONAME: the name or service is not known, or cannot be one
    again = -3,                // EAI_AGAIN: the servers could not be reached or failed; later may be better
    fail = -4,                 // EAI_FAIL: the servers answered nonsense
    no_data = -5,              // EAI_NODATA: the name exists and has no address of the wanted kind
    family = -6,               // EAI_FAMILY
    service = -8,              // EAI_SERVICE: no such service, or a port above 65535
    address_family = -9,       // EAI_ADDRFAMILY: a numeric host of another family than the wanted one
    memory = -10,              // EAI_MEMORY
    canceled = -101,           // EAI_CANCELED: the resolver was destroyed
    timed_out = -1003,         // no answer in time; equals std::errc::timed_out
};

// "green.dns". Its messages are those of gai_strerror(3).
const std::error_category& error_category() noexcept;
std::error_code make_error_code(errc value) noexcept;

}  // namespace green::dns

template <>
struct std::is_error_code_enum<green::dns::errc> : std::true_type {};
