// SPDX-License-Identifier: BSL-1.0
#include <green/dns/channel.h>

#include <green/io/fd_wait.h>
#include <green/sys/calls.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <system_error>
#include <vector>

#include <ares.h>
#include <arpa/nameser.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>

namespace green::dns::detail {

// The calls that c-ares makes on sockets, past any patch of libc's names, and with a close that the hub knows of.
struct channel::socket_calls {
    static channel& of(void* self) noexcept { return *static_cast<channel*>(self); }

    // c-ares calls every failure of this a refused connection.
    static ares_socket_t open(int family, int type, int protocol, void* self) {
        const int fd = sys::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
        const bool is_shortage = fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM);
        if (fd >= 0) green::detail::note_opened(fd);
        of(self).shortage_ = is_shortage ? std::error_code(errno, std::generic_category()) : std::error_code();
        return fd;
    }
    static int close(ares_socket_t fd, void*) { return close_fd(fd, /*may_be_shared=*/false); }
    static int connect(ares_socket_t fd, const sockaddr* address, ares_socklen_t size_bytes, void*) {
        return sys::connect(fd, address, size_bytes);
    }
    static ares_ssize_t receive(ares_socket_t fd, void* buffer, size_t size_bytes, int flags, sockaddr* from,
                                ares_socklen_t* from_size_bytes, void* self) {
        iovec part{buffer, size_bytes};
        msghdr message{};
        message.msg_name = from;
        message.msg_namelen = from_size_bytes ? *from_size_bytes : 0;
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        const ssize_t count = sys::recvmsg(fd, &message, flags);
        of(self).drained_ = count < 0;
        if (from_size_bytes) *from_size_bytes = message.msg_namelen;
        return count;
    }
    static ares_ssize_t send(ares_socket_t fd, const iovec* parts, int part_count, void*) {
        msghdr message{};
        message.msg_iov = const_cast<iovec*>(parts);
        message.msg_iovlen = static_cast<std::size_t>(part_count);
        return sys::sendmsg(fd, &message, MSG_NOSIGNAL);
    }

    static void on_state(void* self, ares_socket_t fd, int readable, int writable) {
        of(self).watch(fd, readable != 0, writable != 0);
    }

    static constexpr ares_socket_functions table{&open, &close, &connect, &receive, &send};
};

namespace {

[[noreturn]] void fail(int status) {
    const auto error = status == ARES_ENOMEM ? std::errc::not_enough_memory : std::errc::invalid_argument;
    throw std::system_error(std::make_error_code(error),
                            std::string("green: cannot set up the resolver: ") + ::ares_strerror(status));
}

void set_servers(ares_channel ares, const std::vector<endpoint>& servers) {
    std::vector<ares_addr_port_node> nodes(servers.size());
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        const ip_address& address = servers[i].address;
        nodes[i].next = i + 1 < nodes.size() ? &nodes[i + 1] : nullptr;
        nodes[i].family = address.is_v6() ? AF_INET6 : AF_INET;
        std::memcpy(&nodes[i].addr, address.to_v6_bytes().data(), address.is_v6() ? 16 : 4);
        nodes[i].udp_port = nodes[i].tcp_port = servers[i].port;
    }
    if (int status = ::ares_set_servers_ports(ares, nodes.data()); status != ARES_SUCCESS) fail(status);
}

// The name whose PTR record names the address (RFC 1035, section 3.5; RFC 3596, section 2.5).
std::string pointer_name(const ip_address& address) {
    constexpr char digits[] = "0123456789abcdef";
    std::string name;
    if (address.is_v4()) {
        const auto bytes = address.to_v4_bytes();
        for (auto at = bytes.rbegin(); at != bytes.rend(); ++at) name += std::to_string(*at) + '.';
        return name + "in-addr.arpa";
    }
    const auto& bytes = address.to_v6_bytes();
    for (auto at = bytes.rbegin(); at != bytes.rend(); ++at)
        for (int digit : {*at & 15, *at >> 4}) (name += digits[digit]) += '.';
    return name + "ip6.arpa";
}

// Rejected: ares_gethostbyaddr(3), which says "not found" of every failure, a silent server's too.
struct pointer_query {
    ip_address address;
    channel::name_answer answer;
    void* argument;

    static void answered(void* self, int status, int timeouts, unsigned char* message, int size_bytes) {
        std::unique_ptr<pointer_query> q(static_cast<pointer_query*>(self));
        hostent* found = nullptr;
        const bool v6 = q->address.is_v6();
        if (status == ARES_SUCCESS)
            status = ::ares_parse_ptr_reply(message, size_bytes, q->address.to_v6_bytes().data(), v6 ? 16 : 4,
                                            v6 ? AF_INET6 : AF_INET, &found);
        const std::unique_ptr<hostent, void (*)(hostent*)> owned(found, &::ares_free_hostent);
        q->answer(q->argument, status, timeouts, found);
    }
};

}  // namespace

channel::channel(hub& home, const resolv_conf& conf)
    : home_(home), canceller_(std::make_shared<cancel_later>(*this)) {
    static std::once_flag initialised;
    std::call_once(initialised, [] { ::ares_library_init(ARES_LIB_INIT_ALL); });
    ares_options options{};
    // The hosts file and search domains are ours: c-ares cannot be given a file, and it asks the families for
    // different names.
    char lookups[] = "b";
    options.lookups = lookups;
    options.ndots = 0;
    options.timeout = static_cast<int>(
        std::clamp<std::int64_t>(std::chrono::ceil<std::chrono::milliseconds>(conf.timeout).count(), 1, 60'000));
    options.tries = std::max(conf.try_count, 1);
    options.sock_state_cb = &socket_calls::on_state;
    options.sock_state_cb_data = this;
    const int mask = ARES_OPT_LOOKUPS | ARES_OPT_NDOTS | ARES_OPT_DOMAINS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
                     ARES_OPT_SOCK_STATE_CB | (conf.rotate ? ARES_OPT_ROTATE : ARES_OPT_NOROTATE);
    if (int status = ::ares_init_options(&ares_, &options, mask); status != ARES_SUCCESS) fail(status);
    ::ares_set_socket_functions(ares_, &socket_calls::table, this);
    try {
        set_servers(ares_, conf.servers);
    } catch (...) {
        shut_down();
        throw;
    }
}

channel::~channel() {
    shut_down();
    canceller_->owner_is_gone = true;
}

void channel::shut_down() noexcept {
    if (!ares_) return;
    ::ares_destroy(std::exchange(ares_, nullptr));
    watches_.clear();
    if (expiry_.armed()) loop().timers().disarm(expiry_);
}

void channel::ask_addresses(const std::string& name, address_family family, addresses_answer answer, void* argument) {
    ares_addrinfo_hints hints{};
    hints.ai_flags = ARES_AI_NOSORT | ARES_AI_CANONNAME;  // else aliases are not told
    hints.ai_family = family == address_family::v6 ? AF_INET6 : AF_INET;
    hints.ai_socktype = SOCK_STREAM;
    if (!ares_) return answer(argument, ARES_EDESTRUCTION, 0, nullptr);
    ::ares_getaddrinfo(ares_, name.c_str(), nullptr, &hints, answer, argument);
}

void channel::ask_name(const ip_address& address, name_answer answer, void* argument) {
    if (!ares_) return answer(argument, ARES_EDESTRUCTION, 0, nullptr);
    ::ares_query(ares_, pointer_name(address).c_str(), ns_c_in, ns_t_ptr, &pointer_query::answered,
                 new pointer_query{address, answer, argument});
}

// Called by c-ares, through whose frames nothing may be thrown: a socket that cannot be watched stays silent, and its
// queries time out.
void channel::watch(int fd, bool readable, bool writable) noexcept try {
    auto& watched = watches_[fd];
    using green::detail::direction;
    using green::detail::fd_watch;
    if (readable && !watched.read)
        watched.read =
            std::make_unique<fd_watch>(loop(), fd, direction::read, [this, fd] { return process_readable(fd); });
    if (writable && !watched.write)
        watched.write =
            std::make_unique<fd_watch>(loop(), fd, direction::write, [this, fd] { return process_writable(fd); });
    if (!readable) watched.read.reset();
    if (!writable) watched.write.reset();
    if (!readable && !writable) watches_.erase(fd);
} catch (...) {
}

// c-ares reads datagrams until EAGAIN, but of a TCP answer one piece per call: the watch calls again.
bool channel::process_readable(int fd) {
    drained_ = true;
    ::ares_process_fd(ares_, fd, ARES_SOCKET_BAD);
    rearm();
    return drained_;
}

bool channel::process_writable(int fd) {
    ::ares_process_fd(ares_, ARES_SOCKET_BAD, fd);
    rearm();
    return true;  // it writes until EAGAIN, or has no more to write and lets go of the watch
}

void channel::expiry::fire(timer& self) noexcept {
    channel& owner = static_cast<expiry&>(self).owner;
    ::ares_process_fd(owner.ares_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    owner.rearm();
}

void channel::rearm() noexcept {
    if (expiry_.armed()) loop().timers().disarm(expiry_);
    timeval left{};
    if (!ares_ || !::ares_timeout(ares_, nullptr, &left)) return;
    // A millisecond more: c-ares has nothing to do before its own clock says so.
    const duration wait = std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec) +
                          std::chrono::milliseconds(1);
    loop().timers().arm(expiry_, add(loop().now(), wait));
}

void channel::remove_waiting() noexcept {
    timeval unused;
    const bool idle = !ares_ || !::ares_timeout(ares_, nullptr, &unused);
    if (--waiting_ > 0 || canceller_->self || idle) return;
    canceller_->self = canceller_;
    loop().make_ready(*canceller_);
}

void channel::cancel_later::run(runnable& self) noexcept {
    auto alive = std::move(static_cast<cancel_later&>(self).self);
    if (alive->owner_is_gone || alive->owner.waiting_ > 0 || !alive->owner.ares_) return;
    ::ares_cancel(alive->owner.ares_);
    alive->owner.rearm();
}

}  // namespace green::dns::detail
