// SPDX-License-Identifier: BSL-1.0
#include <green/dns/question.h>

#include <green/dns/error.h>
#include <green/fiber/park.h>

#include <utility>

#include <ares.h>
#include <netdb.h>

namespace green::dns::detail {

bool question::wait_for_answer::enqueue(green::detail::wait_node& node) {
    if (asked.finished_) return true;
    asked.waiting_ = &node;
    asked.channel_->add_waiting();
    asked.queued_ = asked.shared_from_this();
    asked.channel_->loop().make_ready(asked);
    return false;
}

void question::wait_for_answer::withdraw(green::detail::wait_node&) noexcept {
    if (!std::exchange(asked.waiting_, nullptr)) return;  // answered just now
    asked.channel_->remove_waiting();
}

bool question::wait(time_point deadline) {
    return green::detail::wait_for(wait_for_answer{*this}, deadline) == green::detail::outcome::ready;
}

bool question::wait_without_throwing() noexcept {
    return green::detail::wait_without_throwing(wait_for_answer{*this}) == green::detail::outcome::ready;
}

void question::run(runnable& self) noexcept {
    auto alive = std::exchange(static_cast<question&>(self).queued_, nullptr);
    if (alive->waiting_) alive->ask();  // else it was given up before it began
    alive->asked().rearm();
}

void question::finish() noexcept {
    finished_ = true;
    green::detail::wait_node* node = std::exchange(waiting_, nullptr);
    if (!node) return;
    channel_->remove_waiting();
    if (node->owner->choose()) node->owner->wake();
}

std::error_code question::to_error(int ares_status) const noexcept {
    switch (ares_status) {
        case ARES_SUCCESS:
            return {};
        case ARES_ENOTFOUND:
        case ARES_EBADNAME:
        case ARES_ENONAME:
            return errc::no_name;
        case ARES_ENODATA:
            return errc::no_data;
        case ARES_ETIMEOUT:
            return errc::timed_out;
        case ARES_ENOMEM:
            return errc::memory;
        case ARES_ECANCELLED:
        case ARES_EDESTRUCTION:
            return errc::canceled;
        case ARES_ECONNREFUSED:
            return channel_->shortage() ? channel_->shortage() : errc::again;
        case ARES_ESERVFAIL:
        case ARES_EREFUSED:
        case ARES_ENOTIMP:
        case ARES_EOF:
            return errc::again;
        default:  // ARES_EFORMERR, ARES_EBADRESP and their like
            return errc::fail;
    }
}

// --- addresses ---

namespace {

// RFC 8305, section 3, waits 50 ms for AAAA once A is there. The other way round a machine whose IPv6 is broken would
// be left without any address that works, so A is waited for longer.
constexpr duration patience_for_v6 = std::chrono::milliseconds(50);
constexpr duration patience_for_v4 = std::chrono::seconds(1);

}  // namespace

struct address_question::query {
    std::shared_ptr<address_question> asker;
    std::size_t candidate;
    bool is_v6;

    static void answered(void* self, int status, int, ares_addrinfo* found) {
        std::unique_ptr<query> q(static_cast<query*>(self));
        std::unique_ptr<ares_addrinfo, void (*)(ares_addrinfo*)> owned(found, &::ares_freeaddrinfo);
        if (!q->asker->finished() && q->candidate == q->asker->candidate_)
            q->asker->on_answer(status, q->is_v6, found);
    }
};

address_question::address_question(std::shared_ptr<channel> asked, std::vector<std::string> candidates,
                                   address_family family, second_family second)
    : question(std::move(asked)), candidates_(std::move(candidates)), family_(family), second_(second) {}

void address_question::ask() {
    auto self = std::static_pointer_cast<address_question>(shared_from_this());
    const bool wants_v6 = family_ != address_family::v4, wants_v4 = family_ != address_family::v6;
    outstanding_ = wants_v6 + wants_v4;
    candidate_error_ = {};
    asking_ = true;
    const std::string name = candidates_[candidate_];
    for (bool is_v6 : {true, false}) {
        if (!(is_v6 ? wants_v6 : wants_v4)) continue;
        asked().ask_addresses(name, is_v6 ? address_family::v6 : address_family::v4, &query::answered,
                              new query{self, candidate_, is_v6});
    }
    asking_ = false;
    if (outstanding_ == 0) conclude_candidate();
}

void address_question::on_answer(int status, bool is_v6, ares_addrinfo* found) {
    --outstanding_;
    for (auto* node = found ? found->nodes : nullptr; node; node = node->ai_next)
        if (auto where = green::detail::to_endpoint(node->ai_addr)) (is_v6 ? v6 : v4).push_back(where->address);
    if (found && found->nodes && name.empty()) take_names(*found);
    std::error_code error = to_error(status);
    if (!error && (is_v6 ? v6 : v4).empty()) error = errc::no_data;
    had_no_data_ |= error == errc::no_data;
    // What is wrong with the servers tells more than what one family lacks.
    if (!candidate_error_ || (error && error != errc::no_name && error != errc::no_data)) candidate_error_ = error;
    if (outstanding_ == 0) {
        if (!asking_) conclude_candidate();
    } else if (!error && second_ == second_family::a_moment) {
        auto& loop = asked().loop();
        loop.timers().arm(patience_, add(loop.now(), is_v6 ? patience_for_v4 : patience_for_v6));
    }
}

void address_question::take_names(const ares_addrinfo& found) {
    name = candidates_[candidate_];
    for (const auto* each = found.cnames; each; each = each->next) {
        if (!each->alias || !each->name) continue;
        aliases.emplace_back(each->alias);
        name = each->name;
    }
}

// Every family has answered for the present candidate. As in glibc's res_nsearch, silence ends the search, and
// anything else goes on to the next domain.
void address_question::conclude_candidate() {
    if (!v4.empty() || !v6.empty()) return end();
    const bool hopeless = candidate_error_ == errc::timed_out || candidate_error_ == errc::canceled ||
                          candidate_error_ == errc::memory;
    if (!hopeless && candidate_error_ != errc::no_name && candidate_error_ != errc::no_data)
        temporary_error_ = candidate_error_;
    if (!hopeless && candidate_ + 1 < candidates_.size()) {
        ++candidate_;
        return ask();
    }
    if (hopeless)
        error = candidate_error_;
    else if (had_no_data_)
        error = errc::no_data;
    else if (temporary_error_)
        error = temporary_error_;
    else
        error = errc::no_name;
    end();
}

void address_question::end() noexcept {
    if (patience_.armed()) asked().loop().timers().disarm(patience_);
    finish();
}

void address_question::patience::fire(timer& self) noexcept {
    static_cast<patience&>(self).owner.end();
}

// --- names ---

void name_question::ask() {
    auto* keeps_alive = new std::shared_ptr<name_question>(std::static_pointer_cast<name_question>(shared_from_this()));
    asked().ask_name(
        address_,
        [](void* argument, int status, int, hostent* found) {
            std::unique_ptr<std::shared_ptr<name_question>> owned(
                static_cast<std::shared_ptr<name_question>*>(argument));
            name_question& asker = **owned;
            asker.error = asker.to_error(status);
            if (!asker.error && (!found || !found->h_name)) asker.error = errc::no_name;
            if (asker.error == errc::no_data) asker.error = errc::no_name;
            if (!asker.error) asker.name = found->h_name;
            asker.finish();
        },
        keeps_alive);
}

}  // namespace green::dns::detail
