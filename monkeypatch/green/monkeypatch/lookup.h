// SPDX-License-Identifier: BSL-1.0
// Host names under the patch: libc does everything except asking the name servers.
//
//     getaddrinfo(), on a fiber                        names.cpp
//       libc's getaddrinfo                             flags, services, numbers, order, lists
//         "files", and other sources                   libc's, or a library's
//         "green", where "dns" stood                   libnss_green.so.2 -> lookup.cpp
//           default_resolver().ask_servers()           parks, in the midst of libc's frames
//
// libc holds no lock there, and what it keeps per thread (its resolver's state) is counted, so that calls of several
// fibers may overlap. Rejected: to look names up first and have libc make a list of each numeric address, for then the
// order (RFC 6724, gai.conf(5)), the hosts file, V4MAPPED, ADDRCONFIG and the errors would all be copies of libc's.
#pragma once

#include <green/dns/resolver.h>
#include <green/monkeypatch/gate.h>
#include <green/monkeypatch/parked_call.h>

#include <string>

namespace green::monkeypatch::detail {

// Whether the call is to be made as a lookup: the family is patched, a fiber calls, and libc has the source "green".
// The first such question sets that up. Does not park.
bool can_look_up() noexcept;

// One patched call, while it lasts. By it the source knows that a fiber waits here, and for whom it answers.
class lookup {
  public:
    explicit lookup(const char* call) noexcept;
    ~lookup();
    lookup(const lookup&) = delete;
    lookup& operator=(const lookup&) = delete;

    // That of the call that is running on this thread. Null when libc was not called by the patch.
    static lookup* running() noexcept;

    // What the name servers say. Park, except that an answer is kept for libc's asking again with a larger buffer.
    const dns::detail::server_answer& ask(const char* name, address_family family);
    const dns::detail::server_answer& ask(const ip_address& address);

    // The fiber was cancelled while it waited: whatever libc makes of it, the call fails with ECANCELED.
    bool was_cancelled() const noexcept { return was_cancelled_; }

  private:
    template <class Ask>
    const dns::detail::server_answer& answer_to(std::string question, Ask ask);

    lookup* const outer_;
    waiting_call call_;
    std::string question_;
    dns::detail::server_answer answer_;
    bool was_cancelled_ = false;
};

}  // namespace green::monkeypatch::detail
