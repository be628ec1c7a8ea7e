// SPDX-License-Identifier: BSL-1.0
#include <green/dns/resolver.h>

#include <green/dns/hosts_file.h>
#include <green/dns/question.h>
#include <green/dns/resolv_conf.h>
#include <green/dns/service.h>
#include <green/dns/text_table.h>
#include <green/fiber/scheduler.h>
#include <green/fiber/local.h>
#include <green/sys/calls.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

namespace green::dns {

namespace {

constexpr std::size_t longest_name_bytes = 253;  // RFC 1035: 255 on the wire, two of them lengths
constexpr std::size_t longest_label_bytes = 63;

std::atomic<unsigned> fork_count{0};

// Why `name` cannot be a host name (RFC 1035, section 2.3.4); null when it can.
const char* flaw_of(std::string_view name) {
    if (name.ends_with('.')) name.remove_suffix(1);
    if (name.empty()) return "the name is empty";
    if (name.size() > longest_name_bytes) return "the name is longer than 253 bytes";
    if (name.find_first_of(std::string_view(":%/\\ \t\r\n\0", 9)) != name.npos)
        return "the name has a character that no name has";
    for (std::size_t at = 0;;) {
        const std::size_t dot = std::min(name.find('.', at), name.size());
        if (dot == at) return "a part of the name is empty";
        if (dot - at > longest_label_bytes) return "a part of the name is longer than 63 bytes";
        if (dot == name.size()) return nullptr;
        at = dot + 1;
    }
}

bool is_number(std::string_view text) {
    if (text.starts_with('-')) text.remove_prefix(1);
    return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

bool is_localhost(std::string_view lower_name) {
    if (lower_name.ends_with('.')) lower_name.remove_suffix(1);
    return lower_name == "localhost" || lower_name.ends_with(".localhost");
}

// Numbers in any form that getaddrinfo(3) takes.
std::optional<ip_address> numeric(std::string_view host) {
    if (auto address = ip_address::try_parse(host)) return address;
    if (host.empty() || host[0] < '0' || host[0] > '9' || host.size() > 50) return std::nullopt;
    in_addr v4;
    if (::inet_aton(std::string(host).c_str(), &v4) == 0) return std::nullopt;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&v4);
    return ip_address(ip_address::v4_bytes{bytes[0], bytes[1], bytes[2], bytes[3]});
}

bool wanted(const ip_address& address, address_family family) {
    return family == address_family::any || address.is_v6() == (family == address_family::v6);
}

// The names to ask for, in turn (resolv.conf(5), "search"), without those that cannot be.
std::vector<std::string> candidates_for(std::string_view name, const detail::resolv_conf& conf) {
    if (name.ends_with('.')) return {std::string(name.substr(0, name.size() - 1))};
    std::vector<std::string> candidates;
    for (const std::string& domain : conf.search) {
        std::string full = std::string(name) + '.' + domain;
        if (!flaw_of(full)) candidates.push_back(full.ends_with('.') ? full.substr(0, full.size() - 1) : full);
    }
    const bool as_it_is_first = std::ranges::count(name, '.') >= conf.dots;
    candidates.insert(as_it_is_first ? candidates.begin() : candidates.end(), std::string(name));
    return candidates;
}

// Whether a packet would find a way (RFC 6724, rule 1: avoid unusable destinations). Sends nothing.
bool is_reachable(const ip_address& address) {
    const unique_fd probe(sys::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const green::detail::socket_address where({address, 9});
    return probe && sys::connect(probe.get(), where.get(), where.size()) == 0;
}

std::vector<endpoint> arrange(const std::vector<ip_address>& v4, const std::vector<ip_address>& v6,
                              std::uint16_t port) {
    std::vector<endpoint> all;
    auto append = [&](const std::vector<ip_address>& addresses) {
        for (const ip_address& each : addresses)
            if (std::ranges::find(all, endpoint{each, port}) == all.end()) all.push_back({each, port});
    };
    const bool v6_first = !v6.empty() && (v4.empty() || is_reachable(v6.front()));
    append(v6_first ? v6 : v4);
    append(v6_first ? v4 : v6);
    return all;
}

void check_options(const resolver_options& options) {
    if (options.timeout && *options.timeout <= duration::zero())
        throw std::invalid_argument("green: a resolver's timeout must be positive");
    if (options.try_count && *options.try_count < 1)
        throw std::invalid_argument("green: a resolver's try_count must be positive");
}

detail::resolv_conf settle(const resolver_options& options) {
    check_options(options);
    auto conf = detail::resolv_conf::read(options.resolv_conf_path);
    if (!options.servers.empty()) conf.servers = options.servers;
    if (options.timeout) conf.timeout = *options.timeout;
    if (options.try_count) conf.try_count = *options.try_count;
    if (options.search_domains) conf.search = *options.search_domains;
    if (options.dots) conf.dots = *options.dots;
    return conf;
}

}  // namespace

std::vector<endpoint> parse_servers(std::string_view list) {
    constexpr std::uint16_t domain_port = 53;
    constexpr std::string_view separators = ", \t";
    std::vector<endpoint> servers;
    for (std::size_t at = 0; (at = list.find_first_not_of(separators, at)) != list.npos;) {
        const std::size_t end = std::min(list.find_first_of(separators, at), list.size());
        servers.push_back(endpoint::parse(list.substr(at, end - at), domain_port));
        at = end;
    }
    return servers;
}

resolver::resolver(resolver_options options)
    : conf_(std::make_unique<detail::resolv_conf>(settle(options))),
      hosts_(std::make_unique<detail::hosts_file>(std::move(options.hosts_path))),
      home_(hub::current()) {
    static std::once_flag registered;
    std::call_once(registered, [] { ::pthread_atfork(nullptr, nullptr, [] { ++fork_count; }); });
    usable_channel();
}

resolver::~resolver() {
    channel_->shut_down();
}

// In the child of a fork the sockets are shared with the parent, which would lose the answers.
const std::shared_ptr<detail::channel>& resolver::usable_channel() {
    if (&hub::current() != &home_)
        throw std::logic_error("green: a dns::resolver is used on another thread than the one that made it");
    const unsigned forks = fork_count.load(std::memory_order_relaxed);
    if (!channel_ || forks != fork_count_at_making_) {
        if (channel_) channel_->shut_down();
        channel_ = std::make_shared<detail::channel>(home_, *conf_);
        fork_count_at_making_ = forks;
    }
    return channel_;
}

// A look-up, up to its wait: what is known without asking, or the question.
struct resolver::begun_lookup {
    std::vector<endpoint> found;
    std::error_code error;
    std::uint16_t port = 0;
    std::shared_ptr<detail::address_question> asked;  // null when nobody has to be asked
};

auto resolver::begin(std::string_view name, std::string_view service, address_family family) -> begun_lookup {
    begun_lookup begun;
    if (!service.empty()) {
        const auto found = find_service(service);
        if (!found) return begun.error = errc::service, begun;
        begun.port = *found;
    }
    if (const auto address = numeric(name)) {
        if (wanted(*address, family))
            begun.found.push_back({*address, begun.port});
        else
            begun.error = errc::address_family;
        return begun;
    }
    if (flaw_of(name)) return begun.error = errc::no_name, begun;

    std::vector<ip_address> v4, v6;
    auto take = [&](const ip_address& address) {
        if (wanted(address, family)) (address.is_v6() ? v6 : v4).push_back(address);
    };
    const auto& in_file = hosts_->addresses_of(name);
    std::ranges::for_each(in_file, take);
    if (in_file.empty() && is_localhost(detail::lower(name))) {
        take(ip_address::loopback_v6());
        take(ip_address::loopback_v4());
    }
    if (v4.empty() && v6.empty())
        begun.asked =
            std::make_shared<detail::address_question>(usable_channel(), candidates_for(name, *conf_), family);
    else
        begun.found = arrange(v4, v6, begun.port);
    return begun;
}

std::vector<endpoint> resolver::conclude(begun_lookup& begun, bool in_time, std::error_code& error) {
    error = begun.error;
    if (!begun.asked) return std::move(begun.found);
    error = in_time ? begun.asked->error : make_error_code(errc::timed_out);
    return error ? std::vector<endpoint>() : arrange(begun.asked->v4, begun.asked->v6, begun.port);
}

namespace {
[[noreturn]] void throw_lookup_error(std::error_code error, std::string_view name, std::string_view service) {
    std::string what = "green: cannot look up \"" + std::string(name.substr(0, 300)) + '"';
    if (error == errc::service) what += ", service \"" + std::string(service.substr(0, 100)) + '"';
    if (error == errc::service && is_number(service)) what += " (the port is not between 0 and 65535)";
    if (error == errc::no_name)
        if (const char* flaw = flaw_of(name)) what += std::string(" (") + flaw + ')';
    throw std::system_error(error, what);
}
}  // namespace

std::vector<endpoint> resolver::lookup(std::string_view name, std::string_view service, const lookup_options& options,
                                       std::error_code& error) {
    begun_lookup begun = begin(name, service, options.family);
    return conclude(begun, !begun.asked || begun.asked->wait(options.deadline), error);
}

std::vector<endpoint> resolver::lookup(std::string_view name, std::string_view service, const lookup_options& options) {
    std::error_code error;
    auto found = lookup(name, service, options, error);
    if (error) throw_lookup_error(error, name, service);
    return found;
}

coro::task<std::vector<endpoint>> resolver::lookup_task(std::string name, std::string service, lookup_options options) {
    begun_lookup begun = begin(name, service, options.family);
    bool in_time = true;
    if (begun.asked) in_time = co_await begun.asked->answered(options.deadline);
    std::error_code error;
    auto found = conclude(begun, in_time, error);
    if (error) throw_lookup_error(error, name, service);
    co_return found;
}

std::string resolver::reverse(const ip_address& address, time_point deadline, std::error_code& error) {
    error.clear();
    if (std::string name = hosts_->name_of(address); !name.empty()) return name;
    auto asked = std::make_shared<detail::name_question>(usable_channel(), address);
    error = asked->wait(deadline) ? asked->error : make_error_code(errc::timed_out);
    return error ? std::string() : asked->name;
}

std::string resolver::reverse(const ip_address& address, time_point deadline) {
    std::error_code error;
    std::string name = reverse(address, deadline, error);
    if (error) throw std::system_error(error, "green: no name for " + address.to_string());
    return name;
}

coro::task<std::string> resolver::reverse_task(ip_address address, time_point deadline) {
    if (std::string name = hosts_->name_of(address); !name.empty()) co_return name;
    auto asked = std::make_shared<detail::name_question>(usable_channel(), address);
    const bool in_time = co_await asked->answered(deadline);
    const std::error_code error = in_time ? asked->error : make_error_code(errc::timed_out);
    if (error) throw std::system_error(error, "green: no name for " + address.to_string());
    co_return asked->name;
}

// --- what servers alone say ---

namespace {

std::error_code to_error(const std::exception_ptr& thrown) noexcept try {
    std::rethrow_exception(thrown);
} catch (const std::system_error& error) {
    return error.code();
} catch (...) {
    return errc::memory;
}

// Whoever comes here without a deadline has been cancelled if he has no answer.
std::error_code wait_for(detail::question& asked) noexcept {
    return asked.wait_without_throwing() ? asked.error : std::make_error_code(std::errc::interrupted);
}

}  // namespace

detail::server_answer resolver::ask_servers(std::string_view name, address_family family) noexcept try {
    using detail::address_question;
    if (is_localhost(detail::lower(name))) return {.error = errc::no_name};  // nor does c-ares ask for it
    auto asked = std::make_shared<address_question>(usable_channel(), candidates_for(name, *conf_), family,
                                                    address_question::second_family::to_the_end);
    if (const auto error = wait_for(*asked)) return {.error = error, .last_error = asked->last_error()};
    detail::server_answer answer{.name = std::move(asked->name), .aliases = std::move(asked->aliases)};
    for (const auto* each : {&asked->v4, &asked->v6})
        answer.addresses.insert(answer.addresses.end(), each->begin(), each->end());
    return answer;
} catch (...) {
    return {.error = to_error(std::current_exception())};
}

detail::server_answer resolver::ask_servers(const ip_address& address) noexcept try {
    auto asked = std::make_shared<detail::name_question>(usable_channel(), address);
    if (const auto error = wait_for(*asked)) return {.error = error};
    return {.name = std::move(asked->name), .addresses = {address}};
} catch (...) {
    return {.error = to_error(std::current_exception())};
}

// --- the default resolver of each thread ---

namespace {

struct shared_defaults {
    std::mutex lock;
    resolver_options options;
    std::atomic<unsigned> version{0};
};
shared_defaults& defaults() {
    static auto* const instance = new shared_defaults;  // never destroyed: threads end after static destructors
    return *instance;
}

struct thread_resolver {
    std::unique_ptr<resolver> current;
    unsigned version = 0;
};

// Kept with the main fiber, whose values go after every other fiber of the thread has ended.
thread_resolver& resolver_of_this_thread() {
    static const char key = 0;
    auto& locals = green::detail::scheduler::current().main().needed_locals();
    void* found = locals.find(&key);
    if (!found) found = locals.add({&key, std::make_shared<thread_resolver>(), nullptr});
    return *static_cast<thread_resolver*>(found);
}

}  // namespace

resolver& default_resolver() {
    thread_resolver& mine = resolver_of_this_thread();
    shared_defaults& shared = defaults();
    if (mine.current && mine.version == shared.version.load(std::memory_order_acquire)) return *mine.current;
    resolver_options options;
    {
        std::lock_guard guard(shared.lock);
        options = shared.options;
        mine.version = shared.version.load(std::memory_order_relaxed);
    }
    mine.current = std::make_unique<resolver>(std::move(options));
    return *mine.current;
}

void set_default_options(resolver_options options) {
    check_options(options);
    shared_defaults& shared = defaults();
    std::lock_guard guard(shared.lock);
    shared.options = std::move(options);
    shared.version.fetch_add(1, std::memory_order_release);
}

}  // namespace green::dns
