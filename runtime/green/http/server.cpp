// SPDX-License-Identifier: BSL-1.0
#include <green/http/server.h>

#include <green/http/served_connection.h>

#include <stdexcept>
#include <unordered_set>

namespace green::http {

// --- request ---

const std::string& request::method() const noexcept {
    return connection_.parser().head().method;
}
const std::string& request::target() const noexcept {
    return connection_.parser().head().target;
}
std::string_view request::path() const noexcept {
    return std::string_view(target()).substr(0, target().find('?'));
}
std::string_view request::query() const noexcept {
    const std::size_t question = target().find('?');
    return question == std::string::npos ? std::string_view() : std::string_view(target()).substr(question + 1);
}
const http::headers& request::headers() const noexcept {
    return connection_.parser().head().fields;
}
const http::headers& request::trailers() const noexcept {
    return connection_.parser().head().trailers;
}
int request::minor_version() const noexcept {
    return connection_.parser().head().minor_version;
}
std::optional<std::uint64_t> request::content_length() const noexcept {
    return connection_.parser().content_length();
}
bool request::has_body() const noexcept {
    return connection_.parser().is_chunked() || content_length().value_or(0) != 0;
}
const std::string& request::peer() const noexcept {
    return connection_.peer();
}
std::size_t request::do_read_some(std::span<std::byte> buffer) {
    return connection_.read_body(buffer);
}
std::string request::describe() const {
    return method() + ' ' + target() + " from " + peer();
}

void serve(byte_stream& stream, const handler& h, const server_options& options) {
    detail::served_connection(stream, h, options).run();
}

// --- server ---

namespace detail {

// What the connections of one server share. They may outlive it by a moment: a killed fiber ends at its next wait.
class server_state {
  public:
    server_state(handler h, server_options options) : handler_(std::move(h)), options_(std::move(options)) {
        if (!handler_) throw std::invalid_argument("green: an HTTP server without a handler");
    }

    void serve(byte_stream& peer) {
        served_connection serving(peer, handler_, options_);
        const registration registered(*this, serving);
        if (is_stopping_) serving.stop();
        serving.run();
    }

    // Those that are idle end at once, the others after the request under way.
    void stop_connections() noexcept {
        is_stopping_ = true;
        for (served_connection* each : active_) each->stop();
    }

  private:
    struct registration {
        registration(server_state& s, served_connection& c) : state(s), connection(c) { state.active_.insert(&c); }
        ~registration() { state.active_.erase(&connection); }
        server_state& state;
        served_connection& connection;
    };

    handler handler_;
    server_options options_;
    std::unordered_set<served_connection*> active_;
    bool is_stopping_ = false;
};

}  // namespace detail

server::server(const endpoint& where, handler h, server_options options)
    : state_(std::make_shared<detail::server_state>(std::move(h), options)),
      connections_(where, [state = state_](tcp_stream& peer) { state->serve(peer); },
                   {.listen = options.listen,
                    .max_connections = options.max_connections,
                    .stack_size_bytes = options.stack_size_bytes}) {}

void server::stop(duration grace) {
    state_->stop_connections();
    connections_.stop(grace);
}

}  // namespace green::http
