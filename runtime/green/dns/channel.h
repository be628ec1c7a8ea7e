// SPDX-License-Identifier: BSL-1.0
// c-ares on a hub: its sockets are watched, its timeouts are a timer. Knows questions to name servers, no files.
#pragma once

#include <green/base/address.h>
#include <green/dns/resolv_conf.h>
#include <green/hub/fd_watch.h>
#include <green/hub/hub.h>

#include <memory>
#include <string>
#include <system_error>
#include <unordered_map>

struct ares_channeldata;
struct ares_addrinfo;
struct hostent;

namespace green::dns::detail {

// One ares_channel. Everything that runs c-ares runs on the hub's own context, whose stack is large, except the end.
//
//     question --ask--> c-ares --> socket --> fd_watch --.
//        ^                |                              v  hub's context
//        |                `-----> timer ---------> ares_process_fd
//        `----------------- answer callback <-----------'
class channel {
  public:
    // `conf.search` is not its business. Throws std::system_error.
    channel(hub& home, const resolv_conf& conf);
    ~channel();
    channel(const channel&) = delete;
    channel& operator=(const channel&) = delete;

    // Ends every query, also those under way, with ARES_EDESTRUCTION, and closes the sockets; no query may follow.
    void shut_down() noexcept;

    // Send a query on the hub's context. `answer(argument, ...)` is called exactly once, now or later, also there.
    // `argument` is what makes it safe to be gone: it keeps alive whatever the callback touches.
    using addresses_answer = void (*)(void* argument, int status, int timeouts, ares_addrinfo* found);
    using name_answer = void (*)(void* argument, int status, int timeouts, hostent* found);
    void ask_addresses(const std::string& name, address_family family, addresses_answer answer, void* argument);
    void ask_name(const ip_address& address, name_answer answer, void* argument);

    // Somebody waits for an answer, or no longer does. When nobody is left, what is still under way is cancelled.
    void add_waiting() noexcept { ++waiting_; }
    void remove_waiting() noexcept;

    green::detail::loop& loop() noexcept { return green::detail::loop_of(home_); }
    hub& home() noexcept { return home_; }
    // Why the last attempt to open a socket failed for want of descriptors or memory; none when it did not.
    std::error_code shortage() const noexcept { return shortage_; }
    // Queries have been sent or answered: the next timeout may be another one. On the hub's context.
    void rearm() noexcept;

  private:
    struct socket_watches {
        std::unique_ptr<green::detail::fd_watch> read, write;
    };
    struct cancel_later final : green::detail::runnable {
        explicit cancel_later(channel& whose) : runnable(&run), owner(whose) {}
        static void run(runnable& self) noexcept;
        channel& owner;
        std::shared_ptr<cancel_later> self;  // while queued
        bool owner_is_gone = false;
    };
    struct expiry final : green::detail::timer {
        explicit expiry(channel& whose) : timer(&fire), owner(whose) {}
        static void fire(timer& self) noexcept;
        channel& owner;
    };
    struct socket_calls;
    friend struct socket_calls;

    void watch(int fd, bool readable, bool writable) noexcept;
    bool process_readable(int fd);
    bool process_writable(int fd);

    hub& home_;
    ares_channeldata* ares_ = nullptr;
    std::unordered_map<int, socket_watches> watches_;
    expiry expiry_{*this};
    std::shared_ptr<cancel_later> canceller_;
    int waiting_ = 0;
    std::error_code shortage_{};
    bool drained_ = true;  // what the last receive of this round said of its socket
};

}  // namespace green::dns::detail
