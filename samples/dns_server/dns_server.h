// SPDX-License-Identifier: BSL-1.0
// A small authoritative name server on fibers: what it knows is told to it by its program. For demonstrations, where
// several host names lead to one process, and for tests, where it misbehaves on request.
#pragma once

#include "dns_server/message.h"

#include <green/green.h>

#include <memory>
#include <string>
#include <vector>

namespace dns_sample {

// What becomes of the questions about a name.
enum class behaviour {
    answer,          // what is known; otherwise the name does not exist, or has no such record
    silent,          // nothing
    truncated,       // by UDP an empty answer marked as truncated; all of it by TCP
    server_failure,
    refuse,
    garbage,         // bytes that are no message
    mangled,         // the right header, and a body that is cut off
    wrong_id,        // a right answer to a question that nobody asked, then nothing
};

// Answers on one UDP and one TCP port of the same number. Example:
//
//     dns_sample::dns_server names;                                       // 127.0.0.1, a free port
//     names.add("www.example.com", green::ip_address::loopback_v4());
//     green::dns::resolver resolver({.servers = {names.where()}});
//
// Its fibers live on the hub that it is made on, and end when it is destroyed. Nothing but stop() parks.
class dns_server {
  public:
    explicit dns_server(const green::endpoint& where = {green::ip_address::loopback_v4(), 0});
    ~dns_server();
    dns_server(const dns_server&) = delete;
    dns_server& operator=(const dns_server&) = delete;

    green::endpoint where() const;

    void add(const std::string& name, const green::ip_address& address);      // an A or AAAA record
    void add_alias(const std::string& name, const std::string& target);       // a CNAME record
    void add_pointer(const green::ip_address& address, const std::string& name);  // a PTR record
    // For questions about `name`; an empty name means all that have no behaviour of their own.
    void set_behaviour(const std::string& name, behaviour how);
    // The same for one type of question.
    void set_behaviour(const std::string& name, record_type type, behaviour how);
    // Answers about `name` come so much later.
    void set_delay(const std::string& name, green::duration delay);

    struct seen {
        std::string name;
        record_type type;
        bool by_tcp;
    };
    // Every question so far.
    const std::vector<seen>& questions() const;
    std::size_t count_of(const std::string& name) const;

    // Ends its fibers, and waits until they have.
    void stop();

  private:
    struct state;
    std::shared_ptr<state> state_;
};

}  // namespace dns_sample
