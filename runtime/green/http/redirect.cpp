// SPDX-License-Identifier: BSL-1.0
#include <green/http/redirect.h>

#include <green/http/error.h>
#include <green/http/status.h>

namespace green::http::detail {

bool is_redirect(int status) noexcept {
    switch (status) {
        case status::moved_permanently:
        case status::found:
        case status::see_other:
        case status::temporary_redirect:
        case status::permanent_redirect:
            return true;
        default:
            return false;
    }
}

namespace {

bool becomes_get(const std::string& method, int status) noexcept {
    if (status == status::see_other) return method != "GET" && method != "HEAD";
    return (status == status::moved_permanently || status == status::found) && method == "POST";
}

}  // namespace

redirectable follow(const redirectable& request, int status, std::string_view location) {
    redirectable next = request;
    std::error_code error;
    next.url = request.url.resolve(location, error);
    if (error) {
        if (error == errc::invalid_url) error = errc::invalid_redirect;
        throw std::system_error(error, "\"" + std::string(location) + "\"");
    }
    if (next.url.fragment().empty()) next.url.set_fragment(request.url.fragment());
    if (becomes_get(request.method, status)) {
        next.method = "GET";
        next.has_body = false;
        for (const char* name : {"Content-Type", "Content-Encoding", "Content-Language", "Content-Location",
                                 "Content-Length", "Transfer-Encoding", "Expect"})
            next.headers.remove(name);
    }
    if (!next.url.same_origin(request.url))
        for (const char* name : {"Authorization", "Cookie", "Host", "Proxy-Authorization"}) next.headers.remove(name);
    return next;
}

}  // namespace green::http::detail
