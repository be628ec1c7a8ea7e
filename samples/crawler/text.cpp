// SPDX-License-Identifier: BSL-1.0
// One reader of UTF-8, two uses.
#include "crawler/text.h"

namespace crawler {
namespace {

struct lead_byte {
    std::size_t size;              // of the whole sequence; 0 when no sequence starts with this byte
    unsigned char second_lowest;   // the range of the second byte excludes overlong forms, surrogates
    unsigned char second_highest;  // and what lies past U+10FFFF
};

lead_byte classify(unsigned char byte) {
    if (byte < 0x80) return {1, 0, 0};
    if (byte >= 0xC2 && byte <= 0xDF) return {2, 0x80, 0xBF};
    if (byte == 0xE0) return {3, 0xA0, 0xBF};
    if (byte == 0xED) return {3, 0x80, 0x9F};
    if (byte >= 0xE1 && byte <= 0xEF) return {3, 0x80, 0xBF};
    if (byte == 0xF0) return {4, 0x90, 0xBF};
    if (byte >= 0xF1 && byte <= 0xF3) return {4, 0x80, 0xBF};
    if (byte == 0xF4) return {4, 0x80, 0x8F};
    return {0, 0, 0};
}

/// The size of the well-formed sequence that `text` starts with; 0 when there is none.
std::size_t sequence_size(std::string_view text) {
    const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto lead = classify(byte(0));
    if (lead.size <= 1) return lead.size;
    if (text.size() < lead.size || byte(1) < lead.second_lowest || byte(1) > lead.second_highest) return 0;
    for (std::size_t i = 2; i < lead.size; ++i) {
        if (byte(i) < 0x80 || byte(i) > 0xBF) return 0;
    }
    return lead.size;
}

bool is_control(std::string_view character) {
    const auto first = static_cast<unsigned char>(character[0]);
    if (character.size() == 2) return first == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0;
    return first < 0x20 || first == 0x7F;
}

}  // namespace

std::string valid_utf8(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const auto size = sequence_size(text);
        if (size == 0) {
            out += "\xEF\xBF\xBD";
            text.remove_prefix(1);
        } else {
            out += text.substr(0, size);
            text.remove_prefix(size);
        }
    }
    return out;
}

std::string printable(std::string_view text) {
    const std::string valid = valid_utf8(text);
    std::string out;
    for (std::string_view rest = valid; !rest.empty();) {
        const auto character = rest.substr(0, sequence_size(rest));
        out += is_control(character) ? std::string_view("?") : character;
        rest.remove_prefix(character.size());
    }
    return out;
}

}  // namespace crawler
