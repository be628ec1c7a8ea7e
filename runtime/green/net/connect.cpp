// SPDX-License-Identifier: BSL-1.0
#include <green/net/connect.h>

#include <green/coro/awaiter.h>
#include <green/dns/resolver.h>
#include <green/fiber/park.h>
#include <green/net/connect_race.h>

#include <string>

namespace green {

namespace {

// The two ways to run a race: parking a fiber, and suspending a task. Cancellation is looked at before the first
// attempt sends anything.
void run(detail::connect_race& race) {
    auto& self = detail::scheduler::current().running();
    if (self.needs_attention()) [[unlikely]] self.throw_if_cancelled("connect");
    while (race.advance()) detail::wait_for(race.operation(), race.wait_until());
}
coro::task<void> run_task(detail::connect_race& race) {
    auto& self = detail::running_agent();
    if (self.needs_attention()) [[unlikely]] self.model.throw_if_cancelled(self, "connect");
    while (race.advance()) {
        auto any = race.operation();
        co_await detail::perform(any, race.wait_until());
    }
}

tcp_stream winner_of(detail::connect_race& race, const std::string& prefix = {}) {
    tcp_stream connected = race.take();
    if (!connected.is_open())
        throw std::system_error(race.error(), "green: cannot connect to " + prefix + race.describe());
    return connected;
}

std::string named(std::string_view host, std::string_view service) {
    return '"' + std::string(host) + "\" port " + std::string(service) + ", ";
}

dns::resolver& resolver_of(const connect_options& options) {
    return options.resolver ? *options.resolver : dns::default_resolver();
}

}  // namespace

tcp_stream connect(const endpoint& where, const connect_options& options, std::error_code& error) {
    detail::connect_race race(std::span(&where, 1), options);
    run(race);
    tcp_stream connected = race.take();
    error = connected.is_open() ? std::error_code() : race.error();
    return connected;
}

tcp_stream connect(const endpoint& where, const connect_options& options) {
    return connect(std::span(&where, 1), options);
}

tcp_stream connect(std::span<const endpoint> candidates, const connect_options& options) {
    detail::connect_race race(candidates, options);
    run(race);
    return winner_of(race);
}

tcp_stream connect(std::string_view host, std::string_view service, const connect_options& options) {
    const auto candidates =
        resolver_of(options).lookup(host, service, {.family = options.family, .deadline = options.deadline});
    detail::connect_race race(candidates, options);
    run(race);
    return winner_of(race, named(host, service));
}

tcp_stream connect(std::string_view host, int port, const connect_options& options) {
    return connect(host, std::to_string(port), options);
}

namespace coro {

task<tcp_stream> connect(endpoint where, connect_options options) {
    detail::connect_race race(std::span(&where, 1), options);
    co_await run_task(race);
    co_return winner_of(race);
}

task<tcp_stream> connect(std::vector<endpoint> candidates, connect_options options) {
    detail::connect_race race(candidates, options);
    co_await run_task(race);
    co_return winner_of(race);
}

task<tcp_stream> connect(std::string host, std::string service, connect_options options) {
    const auto candidates = co_await coro::lookup(resolver_of(options), host, service,
                                                  {.family = options.family, .deadline = options.deadline});
    detail::connect_race race(candidates, options);
    co_await run_task(race);
    co_return winner_of(race, named(host, service));
}

task<tcp_stream> connect(std::string host, int port, connect_options options) {
    return connect(std::move(host), std::to_string(port), std::move(options));
}

}  // namespace coro

}  // namespace green
