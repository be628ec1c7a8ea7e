// SPDX-License-Identifier: BSL-1.0
#include "dns_server/message.h"

#include <algorithm>
#include <cctype>

namespace dns_sample {

namespace {

constexpr std::size_t header_bytes = 12;

class writer {
  public:
    std::vector<std::byte> out;

    void u8(unsigned value) { out.push_back(static_cast<std::byte>(value)); }
    void u16(unsigned value) {
        u8(value >> 8);
        u8(value & 255);
    }
    void u32(std::uint32_t value) {
        u16(value >> 16);
        u16(value & 0xffff);
    }
    void name(const std::string& text) {
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t dot = std::min(text.find('.', at), text.size());
            u8(static_cast<unsigned>(dot - at));
            for (; at < dot; ++at) u8(static_cast<unsigned char>(text[at]));
            ++at;
        }
        u8(0);
    }
    void data_of(const record& r) {
        writer data;
        const auto& bytes = r.address.to_v6_bytes();
        if (r.type == record_type::a)
            for (int i = 0; i < 4; ++i) data.u8(bytes[static_cast<std::size_t>(i)]);
        else if (r.type == record_type::aaaa)
            for (auto each : bytes) data.u8(each);
        else
            data.name(r.target);
        u16(static_cast<unsigned>(data.out.size()));
        out.insert(out.end(), data.out.begin(), data.out.end());
    }
};

unsigned u16_at(std::span<const std::byte> message, std::size_t at) {
    return static_cast<unsigned>(message[at]) << 8 | static_cast<unsigned>(message[at + 1]);
}

}  // namespace

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (text.ends_with('.')) text.pop_back();
    return text;
}

std::optional<query> parse_query(std::span<const std::byte> message) {
    if (message.size() < header_bytes || u16_at(message, 4) != 1 || (u16_at(message, 2) & 0x8000)) return std::nullopt;
    query found{.id = static_cast<std::uint16_t>(u16_at(message, 0))};
    std::size_t at = header_bytes;
    for (;;) {
        if (at >= message.size()) return std::nullopt;
        const auto label_bytes = static_cast<std::size_t>(message[at++]);
        if (label_bytes == 0) break;
        if (label_bytes > 63 || at + label_bytes > message.size()) return std::nullopt;
        if (!found.name.empty()) found.name += '.';
        found.name.append(reinterpret_cast<const char*>(message.data() + at), label_bytes);
        at += label_bytes;
    }
    if (at + 4 > message.size()) return std::nullopt;
    found.type = static_cast<record_type>(u16_at(message, at));
    found.name = lower(found.name);
    return found;
}

std::vector<std::byte> encode(const response& answer) {
    constexpr unsigned is_response = 0x8000, authoritative = 0x0400, truncated = 0x0200, recursion_wanted = 0x0100,
                       recursion_offered = 0x0080, internet = 1;
    writer w;
    w.u16(answer.asked.id);
    w.u16(is_response | authoritative | (answer.truncated ? truncated : 0) | recursion_wanted | recursion_offered |
          static_cast<unsigned>(answer.code));
    w.u16(1);
    w.u16(static_cast<unsigned>(answer.records.size()));
    w.u32(0);
    w.name(answer.asked.name);
    w.u16(static_cast<unsigned>(answer.asked.type));
    w.u16(internet);
    for (const record& each : answer.records) {
        w.name(each.name);
        w.u16(static_cast<unsigned>(each.type));
        w.u16(internet);
        w.u32(each.ttl_seconds);
        w.data_of(each);
    }
    return std::move(w.out);
}

std::string reverse_name(const green::ip_address& address) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string name;
    if (address.is_v4()) {
        const auto bytes = address.to_v4_bytes();
        for (auto each = bytes.rbegin(); each != bytes.rend(); ++each) name += std::to_string(*each) + '.';
        return name + "in-addr.arpa";
    }
    const auto& bytes = address.to_v6_bytes();
    for (auto each = bytes.rbegin(); each != bytes.rend(); ++each)
        for (std::size_t nibble : {std::size_t{*each} & 15, std::size_t{*each} >> 4}) {
            name += digits[nibble];
            name += '.';
        }
    return name + "ip6.arpa";
}

}  // namespace dns_sample
