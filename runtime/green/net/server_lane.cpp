// SPDX-License-Identifier: BSL-1.0
#include <green/net/server_lane.h>

#include <green/fiber/sleep.h>
#include <green/sync/wait.h>

#include <algorithm>
#include <cstdio>

namespace green::detail {

namespace {

// So many connections may be accepted before those accepted get the processor.
constexpr int accepts_per_turn = 100;

constexpr duration first_pause = std::chrono::milliseconds(5);
constexpr duration longest_pause = std::chrono::seconds(1);

bool is_the_peers_doing(const std::error_code& error) {
    return error == std::errc::connection_reset || error == std::errc::broken_pipe || error == std::errc::timed_out;
}

void print(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::system_error& e) {
        if (!is_the_peers_doing(e.code())) std::fprintf(stderr, "green: a connection's handler threw: %s\n", e.what());
    } catch (const std::exception& e) {
        std::fprintf(stderr, "green: a connection's handler threw: %s\n", e.what());
    } catch (...) {
        std::fputs("green: a connection's handler threw something that is not a std::exception\n", stderr);
    }
}

}  // namespace

// What a connection's fiber carries. Counted from its making to its end, even when its fiber never runs.
class server_lane::connection {
  public:
    connection(std::shared_ptr<server_lane> owner, tcp_stream peer) noexcept
        : owner_(std::move(owner)), peer_(std::move(peer)) {
        owner_->count_in();
    }
    connection(connection&&) = default;
    ~connection() {
        if (!owner_) return;  // moved from
        peer_.close();
        owner_->count_out();
    }
    void operator()() { owner_->serve(peer_); }

  private:
    std::shared_ptr<server_lane> owner_;
    tcp_stream peer_;
};

void server_lane::start() {
    acceptor_ = spawn({.name = "server"}, [self = shared_from_this()] { self->accept_all(); });
}

void server_lane::run() {
    start();
    stop_asked_.wait();
    stop(never);
}

void server_lane::accept_all() {
    for (int accepted = 0;;) {
        while (connection_count() >= options_.max_connections) {
            has_room_.clear();
            has_room_.wait();
        }
        if (!accept_one()) return;
        if (++accepted % accepts_per_turn == 0) yield();
    }
}

// False when the listener is closed.
bool server_lane::accept_one() {
    std::error_code error;
    tcp_stream peer = listener_.accept(error);
    if (error == std::errc::bad_file_descriptor) return false;
    if (error) {  // EMFILE, ENFILE, ENOBUFS, ENOMEM: nothing changes by trying at once
        pause_accepting();
        return true;
    }
    try {
        spawn({.name = "connection", .stack_size_bytes = options_.stack_size_bytes},
              connection(shared_from_this(), std::move(peer)));
        pause_ = {};
    } catch (...) {  // no memory for a stack; the connection is closed
        report(std::current_exception());
        pause_accepting();
    }
    return true;
}

void server_lane::pause_accepting() {
    pause_ = std::clamp(2 * pause_, first_pause, longest_pause);
    sleep(pause_);
}

void server_lane::serve(tcp_stream& peer) {
    if (abandoned_) return;
    serving here;
    here.fiber = fiber_handle::current();
    serving_.push_back(here);
    struct leave {
        serving& here;
        ~leave() { here.unlink(); }
    } at_the_end{here};
    try {
        handler_(peer);
    } catch (const cancellation&) {
        throw;
    } catch (...) {
        report(std::current_exception());
    }
}

void server_lane::report(std::exception_ptr error) noexcept {
    try {
        if (options_.report) return options_.report(error);
    } catch (...) {
        print(std::current_exception());
    }
    print(error);
}

void server_lane::count_in() noexcept {
    count_.store(connection_count() + 1, std::memory_order_relaxed);
}

void server_lane::count_out() noexcept {
    const std::size_t left = connection_count() - 1;
    count_.store(left, std::memory_order_relaxed);
    if (left + 1 == options_.max_connections) has_room_.set();
    if (left == 0 && !listener_.is_open()) all_gone_.set();
}

void server_lane::refuse_own_handlers() {
    serving_.for_each([](serving& each) {
        if (each.fiber == fiber_handle::current())
            throw std::system_error(std::make_error_code(std::errc::resource_deadlock_would_occur),
                                    "green: a server is stopped by one of its own handlers");
    });
}

void server_lane::stop(time_point deadline) {
    refuse_own_handlers();
    listener_.close();
    if (acceptor_.valid()) acceptor_.kill();
    if (connection_count() > 0) wait_any_until(deadline, all_gone_, hurry_asked_);
    abandon();
    if (connection_count() > 0) all_gone_.wait();
    stopped_.set();
}

void server_lane::abandon() noexcept {
    listener_.close();
    abandoned_ = true;
    if (acceptor_.valid()) acceptor_.kill_soon();
    serving_.for_each([](serving& each) {
        if (each.fiber != fiber_handle::current()) each.fiber.kill_soon();  // a handler may destroy its server
    });
}

}  // namespace green::detail
