// SPDX-License-Identifier: BSL-1.0
#include <green/dns/error.h>

#include <green/base/error_table.h>

#include <netdb.h>

namespace green::dns {

namespace {

static_assert(static_cast<int>(errc::no_name) == EAI_NONAME && static_cast<int>(errc::again) == EAI_AGAIN &&
              static_cast<int>(errc::fail) == EAI_FAIL && static_cast<int>(errc::no_data) == EAI_NODATA &&
              static_cast<int>(errc::family) == EAI_FAMILY && static_cast<int>(errc::service) == EAI_SERVICE &&
              static_cast<int>(errc::address_family) == EAI_ADDRFAMILY &&
              static_cast<int>(errc::memory) == EAI_MEMORY && static_cast<int>(errc::canceled) == EAI_CANCELED);

}  // namespace

const std::error_category& error_category() noexcept {
    static const green::detail::error_words words[] = {
        {errc::no_name, ::gai_strerror(EAI_NONAME)},
        {errc::again, ::gai_strerror(EAI_AGAIN)},
        {errc::fail, ::gai_strerror(EAI_FAIL)},
        {errc::no_data, ::gai_strerror(EAI_NODATA)},
        {errc::family, ::gai_strerror(EAI_FAMILY)},
        {errc::service, ::gai_strerror(EAI_SERVICE)},
        {errc::address_family, ::gai_strerror(EAI_ADDRFAMILY)},
        {errc::memory, ::gai_strerror(EAI_MEMORY), std::errc::not_enough_memory},
        {errc::canceled, ::gai_strerror(EAI_CANCELED), std::errc::operation_canceled},
        {errc::timed_out, "Temporary failure in name resolution (no answer in time)", std::errc::timed_out},
    };
    static const green::detail::error_table instance("green.dns", words, "Unknown error");
    return instance;
}

std::error_code make_error_code(errc value) noexcept {
    return {static_cast<int>(value), error_category()};
}

}  // namespace green::dns
