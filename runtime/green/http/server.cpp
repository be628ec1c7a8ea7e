// SPDX-License-Identifier: BSL-1.0
#include <green/http/server.h>

#include <green/fiber/sleep.h>
#include <green/fiber/spawn.h>
#include <green/http/served_connection.h>
#include <green/sync/event.h>

#include <unordered_map>

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

class server_state : public std::enable_shared_from_this<server_state> {
  public:
    server_state(const endpoint& where, handler h, server_options options)
        : handler_(std::move(h)), options_(std::move(options)), listener_(where, options_.listen) {}

    void start() {
        acceptor_ = spawn({.name = "http server"}, [self = shared_from_this()] { self->accept_all(); });
    }

    void stop_accepting() noexcept {
        listener_.close();
        for (auto& [id, active] : active_)
            if (active.connection) active.connection->stop();
    }

    void stop(duration grace) {
        stop_accepting();
        acceptor_.join();
        if (!active_.empty()) all_gone_.wait_for(grace);
        kill_all();
        if (!active_.empty()) all_gone_.wait();
    }

    void kill_all() noexcept {
        for (auto& [id, active] : active_) active.fiber.kill_soon();
    }

    endpoint local_endpoint() const { return listener_.local_endpoint(); }
    std::size_t connection_count() const noexcept { return active_.size(); }

  private:
    struct active_connection {
        fiber_handle fiber;
        served_connection* connection = nullptr;  // while it is being served
    };

    void accept_all() {
        while (listener_.is_open()) {
            std::error_code error;
            tcp_stream peer = listener_.accept(error);
            if (!error && start_serving(std::move(peer))) continue;
            // No descriptors or no memory, most likely: others may be given back soon.
            if (error != std::errc::bad_file_descriptor) sleep(std::chrono::milliseconds(50));
        }
    }

    // False when there is no memory for another fiber; the connection is dropped.
    bool start_serving(tcp_stream peer) {
        const std::uint64_t id = next_id_++;
        all_gone_.clear();
        try {
            auto serving = spawn(
                {.name = "http connection"},
                [self = shared_from_this(), id, peer = std::move(peer)]() mutable { self->serve_one(id, peer); });
            serving.link([self = shared_from_this(), id] { self->forget(id); });
            active_[id].fiber = serving;
            return true;
        } catch (const std::exception&) {
            forget(id);
            return false;
        }
    }

    void serve_one(std::uint64_t id, tcp_stream& peer) {
        served_connection serving(peer, handler_, options_);
        struct registration {
            server_state& state;
            std::uint64_t id;
            ~registration() { state.active_[id].connection = nullptr; }
        } registered{*this, id};
        active_[id].connection = &serving;
        if (!listener_.is_open()) serving.stop();
        serving.run();
    }

    void forget(std::uint64_t id) noexcept {
        active_.erase(id);
        if (active_.empty()) all_gone_.set();
    }

    handler handler_;
    server_options options_;
    tcp_listener listener_;
    fiber<void> acceptor_;
    std::unordered_map<std::uint64_t, active_connection> active_;
    std::uint64_t next_id_ = 0;
    event all_gone_;
};

}  // namespace detail

server::server(const endpoint& where, handler h, server_options options)
    : state_(std::make_shared<detail::server_state>(where, std::move(h), std::move(options))) {
    state_->start();
}

server::~server() {
    state_->stop_accepting();
    state_->kill_all();
}

endpoint server::local_endpoint() const {
    return state_->local_endpoint();
}

std::size_t server::connection_count() const noexcept {
    return state_->connection_count();
}

void server::stop(duration grace) {
    state_->stop(grace);
}

}  // namespace green::http
