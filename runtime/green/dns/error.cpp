// SPDX-License-Identifier: BSL-1.0
#include <green/dns/error.h>

#include <netdb.h>

namespace green::dns {

namespace {

static_assert(static_cast<int>(errc::no_name) == EAI_NONAME && static_cast<int>(errc::again) == EAI_AGAIN &&
              static_cast<int>(errc::fail) == EAI_FAIL && static_cast<int>(errc::no_data) == EAI_NODATA &&
              static_cast<int>(errc::family) == EAI_FAMILY && static_cast<int>(errc::service) == EAI_SERVICE &&
              static_cast<int>(errc::address_family) == EAI_ADDRFAMILY &&
              static_cast<int>(errc::memory) == EAI_MEMORY && static_cast<int>(errc::canceled) == EAI_CANCELED);

class category_type final : public std::error_category {
  public:
    const char* name() const noexcept override { return "green.dns"; }
    std::string message(int value) const override {
        if (value == static_cast<int>(errc::timed_out))
            return "Temporary failure in name resolution (no answer in time)";
        return ::gai_strerror(value);
    }
    std::error_condition default_error_condition(int value) const noexcept override {
        switch (static_cast<errc>(value)) {
            case errc::timed_out:
                return std::errc::timed_out;
            case errc::memory:
                return std::errc::not_enough_memory;
            case errc::canceled:
                return std::errc::operation_canceled;
            default:
                return {value, *this};
        }
    }
};

}  // namespace

const std::error_category& error_category() noexcept {
    static const category_type instance;
    return instance;
}

std::error_code make_error_code(errc value) noexcept {
    return {static_cast<int>(value), error_category()};
}

}  // namespace green::dns
