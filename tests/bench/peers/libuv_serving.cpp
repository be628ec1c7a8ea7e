// SPDX-License-Identifier: BSL-1.0
// libuv: serving. All connections read into one buffer; an answer is tried at once (uv_try_write), and only what the
// socket has no room for becomes a request. TCP_NODELAY is set on the listener: what it accepts inherits it.
#include <uv.h>

#include <cstdlib>
#include <string>

#include "peer.h"
#include "serving.h"

namespace {

void check(int status, const char* what) {
    if (status >= 0) return;
    std::fprintf(stderr, "%s: %s\n", what, uv_strerror(status));
    std::exit(1);
}

// One socket; what it says goes to `output`.
struct connection {
    uv_tcp_t handle;
    connection* output = this;
};

connection& of(void* handle) {
    return *static_cast<connection*>(static_cast<uv_handle_t*>(handle)->data);
}
uv_stream_t* stream_of(connection& one) {
    return reinterpret_cast<uv_stream_t*>(&one.handle);
}

void close(connection& one) {
    auto* handle = reinterpret_cast<uv_handle_t*>(&one.handle);
    if (!uv_is_closing(handle)) uv_close(handle, [](uv_handle_t* closed) { delete &of(closed); });
}

void lend_buffer(uv_handle_t*, std::size_t, uv_buf_t* buffer) {
    static char shared[peer::buffer_size_bytes];
    *buffer = uv_buf_init(shared, sizeof shared);
}

// What found no room, and whom not to read from until it has.
struct rest {
    uv_write_t request;
    std::string data;
    connection* source;
};

void read_from(connection& source);

void send(connection& to, connection& source, const char* data, std::size_t size) {
    auto buffer = uv_buf_init(const_cast<char*>(data), static_cast<unsigned>(size));
    const int sent = uv_try_write(stream_of(to), &buffer, 1);
    if (sent == static_cast<int>(size)) return;
    if (sent < 0 && sent != UV_EAGAIN) return close(to);
    const std::size_t done = sent < 0 ? 0 : static_cast<std::size_t>(sent);
    uv_read_stop(stream_of(source));
    auto* left = new rest{{}, std::string(data + done, size - done), &source};
    left->request.data = left;
    buffer = uv_buf_init(left->data.data(), static_cast<unsigned>(left->data.size()));
    uv_write(&left->request, stream_of(to), &buffer, 1, [](uv_write_t* request, int status) {
        auto* written = static_cast<rest*>(request->data);
        if (status == 0) read_from(*written->source);
        delete written;
    });
}

void pass_on(uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) {
    connection& from = of(stream);
    if (size > 0) return send(*from.output, from, buffer->base, static_cast<std::size_t>(size));
    if (size < 0) close(from);
}

void read_from(connection& source) {
    uv_read_start(stream_of(source), lend_buffer, pass_on);
}

connection& make() {
    auto* made = new connection;
    uv_tcp_init(uv_default_loop(), &made->handle);
    made->handle.data = made;
    return *made;
}

void serve_each(uv_connection_cb accept) {
    uv_tcp_t listener;
    check(uv_tcp_init(uv_default_loop(), &listener), "uv_tcp_init");
    sockaddr_in address;
    uv_ip4_addr("127.0.0.1", 0, &address);
    check(uv_tcp_bind(&listener, reinterpret_cast<sockaddr*>(&address), 0), "uv_tcp_bind");
    check(uv_tcp_nodelay(&listener, 1), "uv_tcp_nodelay");
    check(uv_listen(reinterpret_cast<uv_stream_t*>(&listener), peer::backlog_count, accept), "uv_listen");
    int size = sizeof address;
    check(uv_tcp_getsockname(&listener, reinterpret_cast<sockaddr*>(&address), &size), "uv_tcp_getsockname");
    peer::announce(ntohs(address.sin_port));
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}

void accept_echo(uv_stream_t* listener, int status) {
    if (status < 0) return;
    connection& one = make();
    if (uv_accept(listener, stream_of(one)) == 0)
        read_from(one);
    else
        close(one);
}

const peer::workloads here{
    {"echo", [](const peer::request&) { serve_each(accept_echo); }},
};

}  // namespace
