// SPDX-License-Identifier: BSL-1.0
// libuv: serving. All connections read into one buffer; an answer is tried at once (uv_try_write), and only what the
// socket has no room for becomes a request. libuv has no HTTP: the ends of heads are found here. TCP_NODELAY is set on
// the listener: what it accepts inherits it.
#include <uv.h>

#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "peer.h"
#include "serving.h"
#include "small_http.h"

namespace {

void check(int status, const char* what) {
    if (status >= 0) return;
    std::fprintf(stderr, "%s: %s\n", what, uv_strerror(status));
    std::exit(1);
}

// One socket; what it says goes to `output`, and the two of a proxy are closed together.
struct connection {
    uv_tcp_t handle;
    uv_timer_t timer;  // mixed
    int open_handles = 1;
    connection* output = this;
    bool ended = false;

    peer::head_counter heads;  // http
    std::string lines;         // mixed: what has come and not been answered
    bool is_slow = false;      // mixed: its present request waits
};

uv_loop_t* loop() {
    return uv_default_loop();
}
connection& of(void* handle) {
    return *static_cast<connection*>(static_cast<uv_handle_t*>(handle)->data);
}
uv_stream_t* stream_of(connection& one) {
    return reinterpret_cast<uv_stream_t*>(&one.handle);
}
bool is_closing(connection& one) {
    return uv_is_closing(reinterpret_cast<uv_handle_t*>(&one.handle));
}

void closed(uv_handle_t* handle) {
    connection& one = of(handle);
    if (--one.open_handles == 0) delete &one;
}

void close(connection& one) {
    if (is_closing(one)) return;
    if (one.open_handles > 1) uv_close(reinterpret_cast<uv_handle_t*>(&one.timer), closed);
    uv_close(reinterpret_cast<uv_handle_t*>(&one.handle), closed);
    if (one.output != &one) close(*one.output);
}

void lend_buffer(uv_handle_t*, std::size_t, uv_buf_t* buffer) {
    static char shared[peer::buffer_size_bytes];
    *buffer = uv_buf_init(shared, sizeof shared);
}

// What found no room, and whom to read from again when it has.
struct rest {
    uv_write_t request;
    std::string data;
    connection* source;
    uv_read_cb read;
};

void send_rest(connection& to, std::string_view data, connection& source, uv_read_cb read) {
    uv_read_stop(stream_of(source));
    auto* left = new rest{{}, std::string(data), &source, read};
    left->request.data = left;
    const auto buffer = uv_buf_init(left->data.data(), static_cast<unsigned>(left->data.size()));
    uv_write(&left->request, stream_of(to), &buffer, 1, [](uv_write_t* request, int status) {
        auto* written = static_cast<rest*>(request->data);
        if (status == 0) uv_read_start(stream_of(*written->source), lend_buffer, written->read);
        delete written;
    });
}

// `source` is not read from while `to` has no room; `read` is what it is read by.
void send(connection& to, std::string_view data, connection& source, uv_read_cb read) {
    auto buffer = uv_buf_init(const_cast<char*>(data.data()), static_cast<unsigned>(data.size()));
    const int sent = uv_try_write(stream_of(to), &buffer, 1);
    if (sent == static_cast<int>(data.size())) return;
    if (sent < 0 && sent != UV_EAGAIN) return close(to);
    send_rest(to, data.substr(sent < 0 ? 0 : static_cast<std::size_t>(sent)), source, read);
}

// --- echo and proxy ---

void end(connection& from) {
    from.ended = true;
    if (from.output->ended) return close(from);
    auto* request = new uv_shutdown_t;
    uv_shutdown(request, stream_of(*from.output), [](uv_shutdown_t* done, int) { delete done; });
}

void pass_on(uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) {
    connection& from = of(stream);
    if (size > 0) return send(*from.output, {buffer->base, static_cast<std::size_t>(size)}, from, pass_on);
    if (size == UV_EOF) return end(from);
    if (size < 0) close(from);
}

connection& make() {
    auto* made = new connection;
    uv_tcp_init(loop(), &made->handle);
    made->handle.data = made->timer.data = made;
    return *made;
}

void connect_to_upstream(connection& client, std::uint16_t port) {
    connection& server = make();
    client.output = &server;
    server.output = &client;
    const sockaddr_in address = peer::loopback(port);
    auto* request = new uv_connect_t;
    uv_tcp_connect(request, &server.handle, reinterpret_cast<const sockaddr*>(&address), [](uv_connect_t* done, int status) {
        connection& connected = of(done->handle);
        delete done;
        if (status < 0) return close(connected);
        uv_tcp_nodelay(&connected.handle, 1);
        uv_read_start(stream_of(connected), lend_buffer, pass_on);
        uv_read_start(stream_of(*connected.output), lend_buffer, pass_on);
    });
}

// --- http ---

void answer_http(uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) {
    connection& from = of(stream);
    if (size < 0) return close(from);
    const std::size_t count = from.heads.take(buffer->base, static_cast<std::size_t>(size));
    if (count == 1) return send(from, peer::hello_response, from, answer_http);
    std::string answers;
    for (std::size_t i = 0; i < count; ++i) answers += peer::hello_response;
    if (count > 0) send(from, answers, from, answer_http);
}

// --- mixed ---

void answer_mixed(uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer);

void answer_lines(connection& from) {
    for (std::size_t end; !from.is_slow && (end = from.lines.find('\n')) != std::string::npos;) {
        from.is_slow = std::string_view(from.lines).substr(0, end) == "slow";
        from.lines.erase(0, end + 1);
        if (!from.is_slow) {
            send(from, peer::mixed_answer, from, answer_mixed);
            continue;
        }
        if (from.open_handles == 1) uv_timer_init(loop(), &from.timer), ++from.open_handles;
        uv_timer_start(
            &from.timer,
            [](uv_timer_t* timer) {
                connection& waited = of(timer);
                waited.is_slow = false;
                peer::compute();
                send(waited, peer::mixed_answer, waited, answer_mixed);
                answer_lines(waited);
            },
            peer::slow_wait.count(), 0);
    }
}

void answer_mixed(uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) {
    connection& from = of(stream);
    if (size < 0) return close(from);
    from.lines.append(buffer->base, static_cast<std::size_t>(size));
    answer_lines(from);
}

// --- all ---

std::function<void(connection&)> start_serving;

void serve_each(std::function<void(connection&)> start) {
    start_serving = std::move(start);
    uv_tcp_t listener;
    check(uv_tcp_init(loop(), &listener), "uv_tcp_init");
    sockaddr_in address = peer::loopback(0);
    check(uv_tcp_bind(&listener, reinterpret_cast<sockaddr*>(&address), 0), "uv_tcp_bind");
    check(uv_tcp_nodelay(&listener, 1), "uv_tcp_nodelay");
    auto accept = [](uv_stream_t* from, int status) {
        if (status < 0) return;
        connection& one = make();
        if (uv_accept(from, stream_of(one)) == 0)
            start_serving(one);
        else
            close(one);
    };
    check(uv_listen(reinterpret_cast<uv_stream_t*>(&listener), peer::backlog_count, accept), "uv_listen");
    int size = sizeof address;
    check(uv_tcp_getsockname(&listener, reinterpret_cast<sockaddr*>(&address), &size), "uv_tcp_getsockname");
    peer::announce(ntohs(address.sin_port));
    uv_run(loop(), UV_RUN_DEFAULT);
}

void serve_by(uv_read_cb read) {
    serve_each([read](connection& one) { uv_read_start(stream_of(one), lend_buffer, read); });
}

const peer::workloads here{
    {"echo", [](const peer::request&) { serve_by(pass_on); }},
    {"http", [](const peer::request&) { serve_by(answer_http); }},
    {"proxy",
     [](const peer::request& wanted) {
         serve_each([upstream = wanted.port("upstream")](connection& client) { connect_to_upstream(client, upstream); });
     }},
    {"mixed", [](const peer::request&) { serve_by(answer_mixed); }},
};

}  // namespace
