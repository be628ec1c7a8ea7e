// SPDX-License-Identifier: BSL-1.0
// One look-up that a fiber or task waits for while name servers are asked.
#pragma once

#include <green/base/address.h>
#include <green/coro/awaiter.h>
#include <green/dns/channel.h>
#include <green/hub/waiter.h>

#include <memory>
#include <string>
#include <system_error>
#include <vector>

namespace green::dns::detail {

// Shared by whoever waits, by each query under way (its answer keeps the question alive), and by the hub while
// it is queued there: whoever comes last frees it, so a late answer meets an object that nobody waits for.
class question : public green::detail::runnable, public std::enable_shared_from_this<question> {
  public:
    explicit question(std::shared_ptr<channel> asked) noexcept : runnable(&run), channel_(std::move(asked)) {}
    virtual ~question() = default;

    struct wait_for_answer {
        bool enqueue(green::detail::wait_node& node);
        void withdraw(green::detail::wait_node& node) noexcept;
        green::detail::wait_reason reason() const noexcept { return {.call = "dns::resolver::lookup"}; }
        question& asked;
    };

    // Parks the running fiber until it is answered; false when `deadline` passed first. Throws cancellation.
    bool wait(time_point deadline);
    // The same without a deadline, and for callers that no exception may cross: false when cancelled, which stays due.
    bool wait_without_throwing() noexcept;
    // The same as co_await.
    auto answered(time_point deadline) {
        return green::detail::until_awaiter<wait_for_answer>({*this}, deadline);
    }

    std::error_code error{};  // valid once answered, as are the derived classes' results

  protected:
    // Sends the first queries. On the hub's context.
    virtual void ask() = 0;
    void finish() noexcept;
    bool finished() const noexcept { return finished_; }
    channel& asked() noexcept { return *channel_; }

    std::error_code to_error(int ares_status) const noexcept;

  private:
    static void run(runnable& self) noexcept;

    std::shared_ptr<channel> channel_;
    std::shared_ptr<question> queued_;  // itself, while the hub has it
    green::detail::wait_node* waiting_ = nullptr;
    bool finished_ = false;
};

// The addresses of a name: each candidate in turn, all families at once.
class address_question final : public question {
  public:
    // For how long the second family is waited for once the first has an address.
    enum class second_family { a_moment, to_the_end };
    address_question(std::shared_ptr<channel> asked, std::vector<std::string> candidates, address_family family,
                     second_family second = second_family::a_moment);

    std::vector<ip_address> v4, v6;    // in the order of the answers
    std::string name;                  // the canonical one: what the last alias stands for
    std::vector<std::string> aliases;  // the names on the way to it, as they were asked for or answered
    // Of the candidate that was asked for last. `error` may be that of an earlier one.
    std::error_code last_error() const noexcept { return candidate_error_; }

  private:
    struct query;
    // Fires when one family has answered and the other has had its extra time.
    struct patience final : green::detail::timer {
        explicit patience(address_question& whose) : timer(&fire), owner(whose) {}
        static void fire(timer& self) noexcept;
        address_question& owner;
    };

    void ask() override;
    void on_answer(int status, bool is_v6, ares_addrinfo* found);
    void take_names(const ares_addrinfo& found);
    void conclude_candidate();
    void end() noexcept;

    std::vector<std::string> candidates_;  // at least one
    std::size_t candidate_ = 0;
    address_family family_;
    second_family second_;
    int outstanding_ = 0;       // queries for the present candidate
    bool asking_ = false;       // answers may come while the queries are still being sent
    bool had_no_data_ = false;  // some candidate exists, without such an address
    std::error_code candidate_error_{};
    std::error_code temporary_error_{};  // of an earlier candidate
    patience patience_{*this};
};

// The name of an address.
class name_question final : public question {
  public:
    name_question(std::shared_ptr<channel> asked, const ip_address& address) noexcept
        : question(std::move(asked)), address_(address) {}

    std::string name;

  private:
    void ask() override;

    ip_address address_;
};

}  // namespace green::dns::detail
