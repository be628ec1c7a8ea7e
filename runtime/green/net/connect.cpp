// SPDX-License-Identifier: BSL-1.0
#include <green/net/connect.h>

#include <green/dns/resolver.h>
#include <green/net/connect_race.h>

#include <string>

namespace green {

tcp_stream connect(const endpoint& where, const connect_options& options, std::error_code& error) {
    detail::connect_race race(std::span(&where, 1), options);
    tcp_stream connected = race.run();
    error = connected.is_open() ? std::error_code() : race.most_telling_error();
    return connected;
}

tcp_stream connect(const endpoint& where, const connect_options& options) {
    return connect(std::span(&where, 1), options);
}

tcp_stream connect(std::span<const endpoint> candidates, const connect_options& options) {
    detail::connect_race race(candidates, options);
    tcp_stream connected = race.run();
    if (!connected.is_open())
        throw std::system_error(race.most_telling_error(), "green: cannot connect to " + race.describe());
    return connected;
}

tcp_stream connect(std::string_view host, std::string_view service, const connect_options& options) {
    dns::resolver& resolver = options.resolver ? *options.resolver : dns::default_resolver();
    const auto candidates = resolver.lookup(host, service, {.family = options.family, .deadline = options.deadline});
    detail::connect_race race(candidates, options);
    tcp_stream connected = race.run();
    if (!connected.is_open())
        throw std::system_error(race.most_telling_error(), "green: cannot connect to \"" + std::string(host) +
                                                               "\" port " + std::string(service) + ", " + race.describe());
    return connected;
}

tcp_stream connect(std::string_view host, int port, const connect_options& options) {
    return connect(host, std::to_string(port), options);
}

}  // namespace green
