// SPDX-License-Identifier: BSL-1.0
#include <green/dns/service.h>

#include <green/base/address.h>
#include <green/dns/text_table.h>

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>

namespace green::dns {

namespace {

using port_table = std::unordered_map<std::string, std::uint16_t>;

// Read once per process: services do not move. Rejected: getservbyname_r(3), which loads libc's name service modules
// on the caller's stack, and that may be small.
const port_table& services() {
    static const port_table table = [] {
        port_table found;
        auto add_all = [&found](const auto& entries, std::string_view protocol) {
            for (const auto& fields : entries) {
                if (fields.size() < 2 || !fields[1].ends_with(protocol)) continue;
                auto port = try_parse_port(fields[1].substr(0, fields[1].size() - protocol.size()));
                if (!port) continue;
                for (std::size_t i = 0; i < fields.size(); ++i)
                    if (i != 1) found.try_emplace(fields[i], *port);
            }
        };
        const auto entries = detail::read_table("/etc/services");
        add_all(entries, "/tcp");
        add_all(entries, "/udp");
        for (auto [name, port] : {std::pair<const char*, std::uint16_t>{"http", 80}, {"https", 443}, {"domain", 53},
                                  {"ssh", 22}, {"ftp", 21}, {"smtp", 25}})
            found.try_emplace(name, port);
        return found;
    }();
    return table;
}

}  // namespace

std::optional<std::uint16_t> find_service(std::string_view service) {
    if (auto number = try_parse_port(service)) return number;
    auto found = services().find(std::string(service));
    if (found == services().end()) return std::nullopt;
    return found->second;
}

}  // namespace green::dns
