// SPDX-License-Identifier: BSL-1.0
#include "dns_server/dns_server.h"

#include <green/net/udp.h>

#include <algorithm>
#include <array>
#include <list>
#include <map>
#include <optional>
#include <utility>

namespace dns_sample {

// Shared by the server and its fibers, which may end a little later.
struct dns_server::state : std::enable_shared_from_this<dns_server::state> {
    green::udp_socket datagrams;
    green::tcp_listener listener;
    std::vector<record> records;
    std::map<std::string, behaviour> behaviours;
    std::map<std::pair<std::string, record_type>, behaviour> behaviours_by_type;
    std::map<std::string, green::duration> delays;
    std::vector<seen> questions;
    std::list<green::fiber<void>> fibers;

    behaviour behaviour_for(const query& q) const {
        if (auto found = behaviours_by_type.find({q.name, q.type}); found != behaviours_by_type.end())
            return found->second;
        if (auto found = behaviours.find(q.name); found != behaviours.end()) return found->second;
        if (auto found = behaviours.find(""); found != behaviours.end()) return found->second;
        return behaviour::answer;
    }

    response answer_to(const query& q) const;
    std::optional<std::vector<std::byte>> reply_to(const query& q, bool by_tcp);

    void serve_datagrams();
    void serve_datagram(const query& q, const green::endpoint& from);
    void serve_connections();
    void serve_connection(green::tcp_stream& peer);

    template <class F>
    void spawn(F f) {
        fibers.remove_if([](const auto& each) { return each.ended(); });
        fibers.push_back(
            green::spawn({.name = "dns_server"}, [self = shared_from_this(), f = std::move(f)]() mutable { f(); }));
    }
};

// Follows aliases, as a server that also resolves would (RFC 1034, section 4.3.2).
response dns_server::state::answer_to(const query& q) const {
    constexpr int longest_chain = 16;
    response answer{.asked = q};
    std::string name = q.name;
    bool known = false;
    for (int step = 0; step < longest_chain; ++step) {
        std::string target;
        for (const record& each : records) {
            if (each.name != name) continue;
            known = true;
            if (each.type == q.type) answer.records.push_back(each);
            if (each.type == record_type::cname && q.type != record_type::cname) {
                answer.records.push_back(each);
                target = each.target;
            }
        }
        if (target.empty()) break;
        name = target;
    }
    if (!known) answer.code = response_code::no_such_name;
    return answer;
}

std::optional<std::vector<std::byte>> dns_server::state::reply_to(const query& q, bool by_tcp) {
    questions.push_back({q.name, q.type, by_tcp});
    const behaviour how = behaviour_for(q);
    if (auto found = delays.find(q.name); found != delays.end()) green::sleep(found->second);
    response answer = answer_to(q);
    switch (how) {
        case behaviour::answer:
            break;
        case behaviour::silent:
            return std::nullopt;
        case behaviour::truncated:
            if (!by_tcp) answer = {.asked = q, .truncated = true};
            break;
        case behaviour::server_failure:
            answer = {.asked = q, .code = response_code::server_failure};
            break;
        case behaviour::refuse:
            answer = {.asked = q, .code = response_code::refused};
            break;
        case behaviour::garbage: {
            std::vector<std::byte> noise(40);
            std::ranges::generate(noise, [n = 0]() mutable { return static_cast<std::byte>(n += 37); });
            return noise;
        }
        case behaviour::mangled: {
            auto message = encode(answer);
            message.resize(message.size() - std::min<std::size_t>(message.size() / 4, 3));
            return message;
        }
        case behaviour::wrong_id:
            answer.asked.id = static_cast<std::uint16_t>(~q.id);
            break;
    }
    return encode(answer);
}

void dns_server::state::serve_datagrams() {
    std::array<std::byte, 1500> buffer;
    for (;;) {
        std::error_code error;
        const auto [size_bytes, from] = datagrams.receive(buffer, error);
        if (error == std::errc::bad_file_descriptor) return;
        const auto q = parse_query(std::span(buffer).first(size_bytes));
        if (error || !q) continue;
        if (delays.empty())
            serve_datagram(*q, from);
        else
            spawn([this, q = *q, from = from] { serve_datagram(q, from); });
    }
}

void dns_server::state::serve_datagram(const query& q, const green::endpoint& from) {
    std::error_code ignored;  // the client asks again
    if (auto reply = reply_to(q, false)) datagrams.send(*reply, from, ignored);
}

void dns_server::state::serve_connections() {
    for (;;) {
        std::error_code error;
        auto peer = std::make_shared<green::tcp_stream>(listener.accept(error));
        if (error == std::errc::bad_file_descriptor) return;
        if (error)
            green::sleep(std::chrono::milliseconds(10));
        else
            spawn([this, peer] { serve_connection(*peer); });
    }
}

// Messages by TCP have their size in front (RFC 1035, section 4.2.2).
void dns_server::state::serve_connection(green::tcp_stream& peer) {
    std::error_code error;
    for (;;) {
        std::array<std::byte, 2> size;
        peer.expires_after(std::chrono::seconds(5));
        green::read_exactly(peer, size, error);
        if (error) return;
        std::vector<std::byte> message(static_cast<std::size_t>(size[0]) << 8 | static_cast<std::size_t>(size[1]));
        green::read_exactly(peer, message, error);
        const auto q = parse_query(message);
        if (error || !q) return;
        auto reply = reply_to(*q, true);
        if (!reply) continue;
        reply->insert(reply->begin(),
                      {static_cast<std::byte>(reply->size() >> 8), static_cast<std::byte>(reply->size())});
        green::write_all(peer, *reply, error);
        if (error) return;
    }
}

dns_server::dns_server(const green::endpoint& where) : state_(std::make_shared<state>()) {
    // A port that is free for both protocols; another one is tried when it is not.
    for (int attempts_left = 20;; --attempts_left) {
        state_->datagrams = green::udp_socket(where);
        try {
            state_->listener = green::tcp_listener(state_->datagrams.local_endpoint());
            break;
        } catch (const std::system_error&) {
            if (where.port != 0 || attempts_left == 0) throw;
        }
    }
    state_->spawn([s = state_.get()] { s->serve_datagrams(); });
    state_->spawn([s = state_.get()] { s->serve_connections(); });
}

dns_server::~dns_server() {
    state_->datagrams.close();
    state_->listener.close();
    for (auto& each : state_->fibers) each.kill_soon();
    state_->fibers.clear();
}

void dns_server::stop() {
    auto fibers = std::move(state_->fibers);
    state_->datagrams.close();
    state_->listener.close();
    for (auto& each : fibers) each.kill();
}

green::endpoint dns_server::where() const {
    return state_->listener.local_endpoint();
}

void dns_server::add(const std::string& name, const green::ip_address& address) {
    const record_type type = address.is_v6() ? record_type::aaaa : record_type::a;
    state_->records.push_back({.name = lower(name), .type = type, .address = address});
}

void dns_server::add_alias(const std::string& name, const std::string& target) {
    state_->records.push_back({.name = lower(name), .type = record_type::cname, .target = lower(target)});
}

void dns_server::add_pointer(const green::ip_address& address, const std::string& name) {
    state_->records.push_back({.name = reverse_name(address), .type = record_type::ptr, .target = lower(name)});
}

void dns_server::set_behaviour(const std::string& name, behaviour how) {
    state_->behaviours[lower(name)] = how;
}

void dns_server::set_behaviour(const std::string& name, record_type type, behaviour how) {
    state_->behaviours_by_type[{lower(name), type}] = how;
}

void dns_server::set_delay(const std::string& name, green::duration delay) {
    state_->delays[lower(name)] = delay;
}

const std::vector<dns_server::seen>& dns_server::questions() const {
    return state_->questions;
}

std::size_t dns_server::count_of(const std::string& name) const {
    return static_cast<std::size_t>(std::ranges::count(state_->questions, lower(name), &seen::name));
}

}  // namespace dns_sample
