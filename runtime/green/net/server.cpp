// SPDX-License-Identifier: BSL-1.0
#include <green/net/server.h>

#include <green/net/server_lane.h>

#include <stdexcept>

namespace green {

server::server(const endpoint& where, handler h, server_options options) : where_(where) {
    if (!h) throw std::invalid_argument("green: a server without a handler");
    detail::check_stack_size(options.stack_size_bytes);
    if (options.more_threads > 0) options.listen.reuse_port = true;
    for (unsigned i = 0; i <= options.more_threads; ++i) {
        lanes_.push_back(std::make_shared<detail::server_lane>(where_, h, options));
        if (i == 0) where_ = lanes_[0]->local_endpoint();  // the others join the port that the kernel chose
    }
    threads_.reserve(options.more_threads);
    lanes_[0]->start();
    for (unsigned i = 1; i < lanes_.size(); ++i) threads_.emplace_back([lane = lanes_[i]] { lane->run(); });
}

server::~server() {
    lanes_[0]->abandon();
    for (std::size_t i = 1; i < lanes_.size(); ++i) lanes_[i]->ask_to_hurry();
    for (std::thread& each : threads_)
        if (each.joinable()) each.detach();  // joining would block this hub, which their handlers may need
}

std::size_t server::connection_count() const noexcept {
    std::size_t total = 0;
    for (const auto& each : lanes_) total += each->connection_count();
    return total;
}

void server::stop(duration grace) {
    const time_point deadline = hub::current().deadline_after(grace);
    for (std::size_t i = 1; i < lanes_.size(); ++i) lanes_[i]->ask_to_stop();
    lanes_[0]->stop(deadline);
    for (std::size_t i = 1; i < lanes_.size(); ++i)
        if (!lanes_[i]->wait_stopped_until(deadline)) lanes_[i]->ask_to_hurry();
    wait();
    for (std::thread& each : threads_)
        if (each.joinable()) each.join();  // it has nothing left to do
}

void server::wait() {
    for (const auto& each : lanes_) each->wait_stopped();
}

}  // namespace green
