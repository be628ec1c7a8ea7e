// SPDX-License-Identifier: BSL-1.0
// Names to addresses and back, without blocking the thread.
#pragma once

#include <green/base/address.h>
#include <green/base/time.h>
#include <green/coro/task.h>
#include <green/dns/error.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace green {
class hub;
}

namespace green::dns {

// How a resolver works. What is not set comes from resolv.conf.
struct resolver_options {
    std::vector<endpoint> servers{};                          // asked in this order
    std::optional<duration> timeout{};                        // of the first try; doubles each round (2 s); positive
    std::optional<int> try_count{};                           // rounds over the servers (3); positive
    std::optional<std::vector<std::string>> search_domains{}; // appended to names with fewer than `dots` dots
    std::optional<int> dots{};
    std::string hosts_path = "/etc/hosts";                    // empty: no hosts file
    std::string resolv_conf_path = "/etc/resolv.conf";
};

// "ADDRESS[:PORT]" separated by commas or blanks; a v6 address with a port goes in brackets. Throws
// std::invalid_argument that quotes the wrong one.
std::vector<endpoint> parse_servers(std::string_view list);

struct lookup_options {
    address_family family = address_family::any;
    time_point deadline = never;
};

namespace detail {

class channel;
class hosts_file;
struct resolv_conf;

// What name servers say, and nothing else.
struct server_answer {
    std::error_code error{};               // std::errc::interrupted: the wait was cancelled
    std::error_code last_error{};          // of the search domain that was tried last
    std::string name{};                    // the canonical one
    std::vector<std::string> aliases{};    // the names that led to it
    std::vector<ip_address> addresses{};   // IPv4 first, each family in the order of its answer
};

}  // namespace detail

// Asks name servers by UDP, and by TCP for what was truncated; in front of them the hosts file, and the rule that
// localhost is this machine (RFC 6761). Example:
//
//     for (const green::endpoint& each : green::dns::default_resolver().lookup("www.example.com", "https"))
//         std::puts(each.to_string().c_str());                       // 192.0.2.1:443
//
// Belongs to the hub that it is made on and is used there only, by any number of fibers; other threads get
// std::logic_error. Destroying it ends its look-ups with errc::canceled. In the child of a fork it starts afresh.
class resolver {
  public:
    // Throws std::invalid_argument for a timeout or try_count that is not positive.
    explicit resolver(resolver_options options = {});
    ~resolver();
    resolver(const resolver&) = delete;
    resolver& operator=(const resolver&) = delete;

    // Parks until the addresses of `name` are known and returns them with the port of `service`: IPv6 first when this
    // machine can reach it, each family in the order of the answer, none twice. Both families are asked at once; when
    // one has answered, the other has a little longer, no more (RFC 8305, section 3).
    //
    // `service` is a number, a name in /etc/services, or empty for port 0. A numeric host (also in the forms of
    // inet_aton(3)) never reaches a server, and its scope id survives. Search domains are tried in turn for names with
    // few dots and no final one (resolv.conf(5)). No result is cached.
    //
    // Throws std::system_error that names the host: the codes of error.h, timed_out both when `deadline` passed and
    // when every server was silent; too_many_files_open when there was no descriptor to ask with. Throws cancellation.
    // The answer of a look-up that was given up harms nobody.
    std::vector<endpoint> lookup(std::string_view name, std::string_view service = {},
                                 const lookup_options& options = {});
    std::vector<endpoint> lookup(std::string_view name, std::string_view service, const lookup_options& options,
                                 std::error_code& error);

    // Parks until the name of `address` is known: the hosts file, then a PTR record. Errors as above, no_name when it
    // has none.
    std::string reverse(const ip_address& address, time_point deadline = never);
    std::string reverse(const ip_address& address, time_point deadline, std::error_code& error);

    // The same as co_await; spelled coro::lookup() and coro::reverse(), below.
    coro::task<std::vector<endpoint>> lookup_task(std::string name, std::string service, lookup_options options);
    coro::task<std::string> reverse_task(ip_address address, time_point deadline);

    // For the patch of libc, which has a hosts file, rules of order and errors of its own, as its source "dns" has
    // (nsswitch.conf(5)): search domains count, every name but localhost goes to the servers, and both families are waited for.
    // Park. Do not throw: a cancellation stays due.
    detail::server_answer ask_servers(std::string_view name, address_family family) noexcept;
    detail::server_answer ask_servers(const ip_address& address) noexcept;

  private:
    struct begun_lookup;
    begun_lookup begin(std::string_view name, std::string_view service, address_family family);
    static std::vector<endpoint> conclude(begun_lookup& begun, bool in_time, std::error_code& error);
    const std::shared_ptr<detail::channel>& usable_channel();

    std::unique_ptr<detail::resolv_conf> conf_;
    std::unique_ptr<detail::hosts_file> hosts_;
    std::shared_ptr<detail::channel> channel_;
    unsigned fork_count_at_making_ = 0;
    hub& home_;
};

// The resolver of the calling thread's hub, made when it is first asked for; it lives as long as the thread.
resolver& default_resolver();

// What default resolvers of all threads are made with; those that exist are made anew when next asked for. Any thread.
// Throws std::invalid_argument for a timeout or try_count that is not positive.
void set_default_options(resolver_options options);

}  // namespace green::dns

// The same as co_await. The resolver must outlive the wait.
namespace green::coro {

inline task<std::vector<endpoint>> lookup(dns::resolver& by, std::string name, std::string service = {},
                                          dns::lookup_options options = {}) {
    return by.lookup_task(std::move(name), std::move(service), options);
}
inline task<std::vector<endpoint>> lookup(std::string name, std::string service = {},
                                          dns::lookup_options options = {}) {
    return lookup(dns::default_resolver(), std::move(name), std::move(service), options);
}
inline task<std::string> reverse(dns::resolver& by, ip_address address, time_point deadline = never) {
    return by.reverse_task(address, deadline);
}

}  // namespace green::coro
