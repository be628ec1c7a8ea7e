// SPDX-License-Identifier: BSL-1.0
// Connecting by TCP: to an endpoint, to the first of several that answers, to a host by its name.
#pragma once

#include <green/base/time.h>
#include <green/coro/task.h>
#include <green/net/tcp.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace green {

namespace dns {
class resolver;
}

struct connect_options {
    time_point deadline = never;  // for all of it: the look-up and every attempt
    // How long an attempt is alone before the next one starts beside it (RFC 8305, section 5).
    duration head_start = std::chrono::milliseconds(250);
    // Where the connection comes from; only candidates of its family are tried.
    std::optional<endpoint> from{};
    tcp_options tcp{.no_delay = true};
    // For names.
    address_family family = address_family::any;
    dns::resolver* resolver = nullptr;  // null: the thread's default one
};

// Connects to `where`. Parks. Errors: those of connect(2), connection_refused above all; timed_out when the
// deadline passed first, and then nothing is tried any more; invalid_argument for a negative head start. Throws
// cancellation. Whatever fails, is cancelled or loses leaves no socket open.
tcp_stream connect(const endpoint& where, const connect_options& options = {});
tcp_stream connect(const endpoint& where, const connect_options& options, std::error_code& error);

// Connects to whichever candidate answers first. They are tried in their order, but with the families taking turns,
// each with a head start over the next; one that fails makes the next start at once (RFC 8305, "Happy Eyeballs").
// When all have failed, throws the most telling error and names every address: that there is no route to one family
// tells less than that the other was refused. No candidates: invalid_argument.
tcp_stream connect(std::span<const endpoint> candidates, const connect_options& options = {});

// Looks `host` up and connects to whichever of its addresses answers first. `service` is a number or a name as in
// resolver::lookup(). Errors name the host: those of the look-up, and those above.
tcp_stream connect(std::string_view host, std::string_view service, const connect_options& options = {});
tcp_stream connect(std::string_view host, int port, const connect_options& options = {});

// The same as co_await.
namespace coro {
task<tcp_stream> connect(endpoint where, connect_options options = {});
task<tcp_stream> connect(std::vector<endpoint> candidates, connect_options options = {});
task<tcp_stream> connect(std::string host, std::string service, connect_options options = {});
task<tcp_stream> connect(std::string host, int port, connect_options options = {});
}  // namespace coro

}  // namespace green
