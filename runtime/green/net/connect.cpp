// SPDX-License-Identifier: BSL-1.0
#include <green/net/connect.h>

#include <green/net/connect_race.h>

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

}  // namespace green
