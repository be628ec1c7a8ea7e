// SPDX-License-Identifier: BSL-1.0
#include <green/net/connect_race.h>

#include <green/hub/hub.h>
#include <green/sys/calls.h>

#include <algorithm>
#include <cerrno>

#include <sys/socket.h>

namespace green::detail {

namespace {

// Families take turns, the first candidate's first; within a family the order stays (RFC 8305, section 4).
std::vector<endpoint> interleave(std::span<const endpoint> candidates) {
    std::vector<endpoint> families[2];
    for (const endpoint& each : candidates)
        families[each.address.is_v6() != candidates[0].address.is_v6()].push_back(each);
    std::vector<endpoint> order;
    for (std::size_t i = 0; order.size() < candidates.size(); ++i)
        for (const auto& family : families)
            if (i < family.size()) order.push_back(family[i]);
    return order;
}

// Errors that say "this machine has no way there" rather than something about the other side.
bool is_local(const std::error_code& error) {
    return error == std::errc::network_unreachable || error == std::errc::host_unreachable ||
           error == std::errc::address_family_not_supported || error == std::errc::address_not_available;
}

// A connection to a free local port may be given that same port, and then is connected to itself (simultaneous
// open, RFC 9293, section 3.5). Nobody listens there: it counts as refused.
bool is_connected_to_itself(int fd, const endpoint& where) {
    if (!where.address.is_loopback()) return false;
    socket_address local;
    return sys::getsockname(fd, local.get(), local.size()) == 0 && local.to_endpoint() == where;
}

fd_state& state_of(int fd) {
    return loop_of(hub::current()).poller().state(fd);
}

}  // namespace

bool wait_for_one_of::enqueue(wait_node& node) {
    for (fd_wait& each : waits)
        if (each.enqueue(node)) return true;
    return false;
}

connect_race::connect_race(std::span<const endpoint> candidates, const connect_options& options) : options_(options) {
    if (candidates.empty())
        throw std::system_error(std::make_error_code(std::errc::invalid_argument), "green: connect to no address");
    if (options.head_start < duration::zero())
        throw std::system_error(std::make_error_code(std::errc::invalid_argument),
                                "green: connect with a negative head start");
    for (const endpoint& each : interleave(candidates))
        if (!options.from || options.from->address.is_v6() == each.address.is_v6()) attempts_.push_back({each});
    if (attempts_.empty())
        throw std::system_error(std::make_error_code(std::errc::address_family_not_supported),
                                "green: connect from " + options.from->to_string() + " to none of its family");
}

bool connect_race::advance() {
    loop& home = loop_of(hub::current());
    if (any_under_way()) {
        bool one_failed = false;
        if (look_after_those_under_way(one_failed)) return false;
        if (options_.deadline != never && options_.deadline <= home.now()) {
            for (attempt& each : attempts_)
                if (each.now == state::under_way) give_up(each, std::make_error_code(std::errc::timed_out));
            return false;
        }
        if (!one_failed && (turn_ == never || turn_ > home.now())) return true;
    } else if (options_.deadline != never && options_.deadline <= home.now()) {
        for (attempt& each : attempts_)
            if (each.now == state::waiting_its_turn) give_up(each, std::make_error_code(std::errc::timed_out));
        return false;
    }
    for (;;) {
        attempt* next = next_to_start();
        if (next && start(*next)) return finish(*next);
        if (any_under_way()) break;
        if (!next) return false;
    }
    turn_ = next_to_start() ? add(home.now(), options_.head_start) : never;
    return true;
}

// True when one is connected.
bool connect_race::look_after_those_under_way(bool& one_failed) {
    for (attempt& each : attempts_) {
        if (each.now != state::under_way) continue;
        if (look_again(each)) {
            finish(each);
            return true;
        }
        one_failed |= each.now == state::failed;
    }
    return false;
}

wait_for_one_of connect_race::operation() {
    auto& poller = loop_of(hub::current()).poller();
    wait_for_one_of all;
    for (attempt& each : attempts_)
        if (each.now == state::under_way) {
            const int fd = each.socket.get();
            all.waits.emplace_back(poller, poller.state(fd), fd, direction::write, "connect");
        }
    return all;
}

time_point connect_race::wait_until() const noexcept {
    return std::min(turn_, options_.deadline);
}

bool connect_race::start(attempt& a) {
    const socket_address remote(a.where);
    std::error_code error;
    a.socket = socket_fd::open(remote.family(), SOCK_STREAM, error);
    if (error) return give_up(a, error), false;
    a.now = state::under_way;
    try {
        set_tcp_options(a.socket.get(), options_.tcp);
    } catch (const std::system_error& refused) {
        return give_up(a, refused.code()), false;
    }
    if (options_.from) {
        const socket_address local(*options_.from);
        if (sys::bind(a.socket.get(), local.get(), local.size()) != 0)
            return give_up(a, {errno, std::generic_category()}), false;
    }
    return settle(a, sys::connect(a.socket.get(), remote.get(), remote.size()));
}

// connect(2) of a socket that is connecting says how far it is. Asked only after an event.
bool connect_race::look_again(attempt& a) {
    if (state_of(a.socket.get()).side(direction::write).drained) return false;
    const socket_address remote(a.where);
    return settle(a, sys::connect(a.socket.get(), remote.get(), remote.size()));
}

bool connect_race::settle(attempt& a, int connect_result) {
    const int fd = a.socket.get();
    if (connect_result == 0 || errno == EISCONN) {
        if (!is_connected_to_itself(fd, a.where)) return true;
        give_up(a, std::make_error_code(std::errc::connection_refused));
    } else if (errno == EINPROGRESS || errno == EALREADY || errno == EINTR) {
        // Nothing can be read or written before the first event, so nobody needs to try.
        state_of(fd).side(direction::read).drained = state_of(fd).side(direction::write).drained = true;
    } else {
        give_up(a, {errno, std::generic_category()});
    }
    return false;
}

void connect_race::give_up(attempt& a, std::error_code error) {
    a.now = state::failed;
    a.error = error;
    a.socket.close();
}

connect_race::attempt* connect_race::next_to_start() {
    auto found = std::ranges::find(attempts_, state::waiting_its_turn, &attempt::now);
    return found == attempts_.end() ? nullptr : &*found;
}

bool connect_race::any_under_way() const {
    return std::ranges::find(attempts_, state::under_way, &attempt::now) != attempts_.end();
}

bool connect_race::finish(attempt& winner) {
    connected_ = tcp_stream(std::move(winner.socket));
    winner.now = state::failed;
    return false;
}

std::error_code connect_race::most_telling_error() const {
    const attempt* best = nullptr;
    for (const attempt& each : attempts_)
        if (each.now == state::failed && (!best || (is_local(best->error) && !is_local(each.error)))) best = &each;
    return best ? best->error : std::make_error_code(std::errc::timed_out);
}

std::string connect_race::describe() const {
    std::string text;
    for (const attempt& each : attempts_) {
        if (!text.empty()) text += ", ";
        text += each.where.to_string();
        if (attempts_.size() > 1)
            text += " (" + (each.now == state::failed ? each.error.message() : std::string("not tried")) + ')';
    }
    return text;
}

}  // namespace green::detail
