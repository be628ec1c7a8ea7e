// SPDX-License-Identifier: BSL-1.0
#include <green/dns/resolv_conf.h>

#include <green/dns/text_table.h>

#include <algorithm>

namespace green::dns::detail {

namespace {

constexpr std::uint16_t domain_port = 53;

// The limits of resolv.conf(5).
void read_option(resolv_conf& conf, std::string_view option) {
    const std::size_t colon = option.find(':');
    if (option == "rotate") conf.rotate = true;
    if (colon == option.npos) return;
    const auto number = try_parse_port(option.substr(colon + 1));
    if (!number) return;
    const std::string_view name = option.substr(0, colon);
    if (name == "ndots") conf.dots = std::min<int>(*number, 15);
    if (name == "timeout") conf.timeout = std::chrono::seconds(std::clamp<int>(*number, 1, 30));
    if (name == "attempts") conf.try_count = std::clamp<int>(*number, 1, 5);
}

}  // namespace

resolv_conf resolv_conf::read(const std::string& path) {
    resolv_conf conf;
    for (const auto& fields : read_table(path)) {
        if (fields.size() < 2 || fields[0][0] == ';') continue;
        if (fields[0] == "nameserver") {
            if (auto address = ip_address::try_parse(fields[1])) conf.servers.push_back({*address, domain_port});
        } else if (fields[0] == "search") {
            conf.search.assign(fields.begin() + 1, fields.end());
        } else if (fields[0] == "domain") {
            conf.search = {fields[1]};
        } else if (fields[0] == "options") {
            for (std::size_t i = 1; i < fields.size(); ++i) read_option(conf, fields[i]);
        }
    }
    if (conf.servers.empty()) conf.servers.push_back({ip_address::loopback_v4(), domain_port});
    return conf;
}

}  // namespace green::dns::detail
