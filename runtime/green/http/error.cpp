// SPDX-License-Identifier: BSL-1.0
#include <green/http/error.h>

#include <string>

namespace green::http {

namespace {

const char* words(errc value) noexcept {
    switch (value) {
        case errc::invalid_url:
            return "not a valid URL";
        case errc::unsupported_scheme:
            return "only http and https can be fetched";
        case errc::no_tls:
            return "https needs a TLS connector, and this session has none";
        case errc::invalid_request:
            return "the request cannot be sent";
        case errc::closed_before_answer:
            return "the connection was closed before an answer came";
        case errc::closed_within_header:
            return "the connection was closed within the header";
        case errc::closed_within_body:
            return "the connection was closed within the body";
        case errc::malformed_message:
            return "the peer does not speak HTTP/1.1";
        case errc::header_too_large:
            return "the header is too large";
        case errc::body_too_large:
            return "the body is too large";
        case errc::too_many_redirects:
            return "too many redirects";
        case errc::redirect_loop:
            return "the redirects go in a circle";
        case errc::invalid_redirect:
            return "a redirect leads to an invalid URL";
        case errc::body_not_repeatable:
            return "the request's body cannot be sent a second time";
        case errc::decompression_failed:
            return "the body cannot be decompressed";
        case errc::unsupported_coding:
            return "the body has an unsupported Content-Encoding";
        case errc::timed_out_in_queue:
            return "timed out waiting for a free connection to the host";
        case errc::timed_out_connecting:
            return "timed out while connecting";
        case errc::timed_out_sending:
            return "timed out while sending the request";
        case errc::timed_out_waiting:
            return "timed out waiting for the answer";
        case errc::timed_out_in_body:
            return "timed out within the body";
    }
    return "unknown HTTP error";
}

class category_type final : public std::error_category {
  public:
    const char* name() const noexcept override { return "green.http"; }
    std::string message(int value) const override { return words(static_cast<errc>(value)); }

    std::error_condition default_error_condition(int value) const noexcept override {
        switch (static_cast<errc>(value)) {
            case errc::closed_before_answer:
            case errc::closed_within_header:
            case errc::closed_within_body:
                return std::errc::connection_reset;
            case errc::timed_out_in_queue:
            case errc::timed_out_connecting:
            case errc::timed_out_sending:
            case errc::timed_out_waiting:
            case errc::timed_out_in_body:
                return std::errc::timed_out;
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

}  // namespace green::http
