// SPDX-License-Identifier: BSL-1.0
// The byte classes of RFC 3986 section 2 and the two walks over a string that use them.
#include "crawler/percent.h"

#include <optional>

namespace crawler {
namespace {

constexpr std::string_view hex_digits = "0123456789ABCDEF";

bool is_unreserved(unsigned char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

/// Reserved characters that may stand unescaped in a path or a query. `#`, `[` and `]` are reserved as well,
/// but the grammar gives them no place there.
bool is_allowed_reserved(unsigned char byte) {
    return std::string_view(":/?@!$&'()*+,;=").find(static_cast<char>(byte)) != std::string_view::npos;
}

int hex_value(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
    return -1;
}

/// The byte that the escape at `at` stands for, or nothing when there is no whole escape.
std::optional<unsigned char> escape_at(std::string_view text, std::size_t at) {
    if (text[at] != '%' || text.size() - at < 3) return std::nullopt;
    const int high = hex_value(text[at + 1]);
    const int low = hex_value(text[at + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    return static_cast<unsigned char>(high * 16 + low);
}

void append_escape(std::string& out, unsigned char byte) {
    out += '%';
    out += hex_digits[byte >> 4];
    out += hex_digits[byte & 15];
}

}  // namespace

std::string normalize_percent(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto byte = static_cast<unsigned char>(text[at]);
        if (const auto escaped = escape_at(text, at)) {
            if (is_unreserved(*escaped)) {
                out += static_cast<char>(*escaped);
            } else {
                append_escape(out, *escaped);
            }
            at += 2;
        } else if (is_unreserved(byte) || is_allowed_reserved(byte)) {
            out += text[at];
        } else {
            append_escape(out, byte);
        }
    }
    return out;
}

std::string decode_percent(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (const auto escaped = escape_at(text, at)) {
            out += static_cast<char>(*escaped);
            at += 2;
        } else {
            out += text[at];
        }
    }
    return out;
}

}  // namespace crawler
