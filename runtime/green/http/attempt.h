// SPDX-License-Identifier: BSL-1.0
// One request sent and its answer's head received: no redirects. Private to this room.
#pragma once

#include <green/http/exchange.h>
#include <green/http/redirect.h>
#include <green/http/session.h>

#include <memory>

namespace green::http::detail {

class body_writer;

// Sends requests of one call of session::request(), within that call's limits.
class attempt {
  public:
    attempt(std::shared_ptr<connection_pool> pool, const session_options& session, const request_options& options,
            const body_source& body);

    // Sends `request` and reads the head of its answer. Throws std::system_error. It and the request outlive the task.
    coro::task<std::unique_ptr<exchange>> perform(const redirectable& request);

  private:
    coro::task<std::unique_ptr<exchange>> try_on(lease& l, const redirectable& request);
    // Whether sending again, on a new connection, cannot do any harm and may help.
    bool may_repeat(const redirectable& request) const;
    coro::task<std::unique_ptr<connection>> connect(const http::url& where) const;
    headers fields_for(const redirectable& request) const;
    coro::task<void> send(connection& c, const redirectable& request, const headers& fields) const;
    coro::task<void> send_pieces(body_writer& writer) const;
    coro::task<message_parser> receive_head(connection& c, bool is_head) const;

    std::shared_ptr<connection_pool> pool_;
    const session_options& session_;
    const request_options& options_;
    const body_source& body_;
    time_point deadline_;
};

}  // namespace green::http::detail
