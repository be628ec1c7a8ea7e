// SPDX-License-Identifier: BSL-1.0
#include <green/http/describe_error.h>

#include <string>

namespace green::http::detail {

void rethrow_about(std::string_view subject, const std::system_error& error) {
    // what() is "particulars: message", and the new exception appends the message again.
    std::string_view particulars = error.what();
    const std::string message = error.code().message();
    if (particulars.ends_with(message)) particulars.remove_suffix(message.size());
    if (particulars.ends_with(": ")) particulars.remove_suffix(2);
    if (particulars.starts_with("green: ")) particulars.remove_prefix(7);
    std::string text = "green: " + std::string(subject);
    if (!particulars.empty()) text.append(": ").append(particulars);
    throw std::system_error(error.code(), text);
}

}  // namespace green::http::detail
