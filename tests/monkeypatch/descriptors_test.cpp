// SPDX-License-Identifier: BSL-1.0
// What a program that is not patched cannot see: calls of many fibers at once, on one descriptor too, and how they end
// when the descriptor is closed or the fiber is cancelled.
#include <green/monkeypatch/patch.h>

#include <green/green.h>

#include <support/fixture.h>

#include <doctest/doctest.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pty.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

using namespace std::chrono_literals;
namespace monkeypatch = green::monkeypatch;

namespace {

struct socket_pair {
    socket_pair() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0); }
    ~socket_pair() {
        for (int fd : ends)
            if (fd >= 0) ::close(fd);
    }
    socket_pair(const socket_pair&) = delete;
    socket_pair& operator=(const socket_pair&) = delete;
    void close(int which) { ::close(std::exchange(ends[static_cast<std::size_t>(which)], -1)); }
    int operator[](int which) const { return ends[static_cast<std::size_t>(which)]; }

    std::array<int, 2> ends{-1, -1};
};

// Listens on a port of its own.
struct loopback_listener {
    explicit loopback_listener(int backlog) {
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        REQUIRE(::bind(fd, address(), size) == 0);
        REQUIRE(::listen(fd, backlog) == 0);
        REQUIRE(::getsockname(fd, address(), &size) == 0);
    }
    ~loopback_listener() { ::close(fd); }
    loopback_listener(const loopback_listener&) = delete;
    loopback_listener& operator=(const loopback_listener&) = delete;
    sockaddr* address() { return reinterpret_cast<sockaddr*>(&at); }

    int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at{};
    socklen_t size = sizeof at;
};

bool full(int fd) {
    pollfd entry{fd, POLLOUT, 0};
    return ::poll(&entry, 1, 0) == 0;
}

// Until not one byte more fits into the socket.
void fill(int fd) {
    static const std::array<char, 1 << 16> piece{};
    for (std::size_t size = piece.size(); size > 0; size /= 2)
        while (::send(fd, piece.data(), size, MSG_DONTWAIT) > 0) {}
}

struct patched : support::leak_check {
    patched() { monkeypatch::patch_all(); }
};

}  // namespace

TEST_CASE_FIXTURE(patched, "two hundred fibers read from sockets that are blocking, on one thread") {
    constexpr int count = 200;
    std::vector<std::unique_ptr<socket_pair>> pairs;
    green::group readers;
    std::string seen(count, ' ');
    for (int i = 0; i < count; ++i) {
        pairs.push_back(std::make_unique<socket_pair>());
        readers.spawn([&, i] {
            char c = '?';
            REQUIRE(::recv((*pairs[static_cast<std::size_t>(i)])[0], &c, 1, 0) == 1);
            seen[static_cast<std::size_t>(i)] = c;
        });
    }
    green::yield();
    CHECK(readers.size() == count);
    for (int i = count; i-- > 0;) REQUIRE(::write((*pairs[static_cast<std::size_t>(i)])[1], "x", 1) == 1);
    readers.join();
    CHECK(seen == std::string(count, 'x'));
    CHECK_FALSE((::fcntl((*pairs[0])[0], F_GETFL) & O_NONBLOCK));
}

TEST_CASE_FIXTURE(patched, "several fibers wait for one descriptor, for different things and for the same") {
    socket_pair pair;
    std::string told;
    green::group waiting;
    for (int i = 0; i < 3; ++i)
        waiting.spawn([&] {
            char c;
            if (::recv(pair[0], &c, 1, 0) == 1) told += c;
        });
    waiting.spawn([&] {
        pollfd entry{pair[0], POLLIN, 0};
        if (::poll(&entry, 1, -1) == 1) told += 'p';
    });
    green::sleep(1ms);
    REQUIRE(::send(pair[1], "a", 1, 0) == 1);
    green::sleep(1ms);
    CHECK(told.find('a') != std::string::npos);
    REQUIRE(::send(pair[1], "bc", 2, 0) == 2);
    green::sleep(1ms);
    REQUIRE(::send(pair[1], "d", 1, 0) == 1);
    waiting.join();
    CHECK(told.size() == 4);
    CHECK(told.find('p') != std::string::npos);
}

TEST_CASE_FIXTURE(patched, "close wakes whoever waits, and the next descriptor of that number shows nothing of it") {
    socket_pair pair;
    const int number = pair[0];
    std::vector<int> errors;
    short polled = 0;
    green::group waiting;
    for (int i = 0; i < 2; ++i)
        waiting.spawn([&] {
            char c;
            errors.push_back(::recv(number, &c, 1, 0) < 0 ? errno : 0);
        });
    waiting.spawn([&] {
        pollfd entry{number, POLLIN, 0};
        if (::poll(&entry, 1, -1) == 1) polled = entry.revents;
    });
    waiting.spawn([&] {
        fd_set reading;
        FD_ZERO(&reading);
        FD_SET(number, &reading);
        errors.push_back(::select(number + 1, &reading, nullptr, nullptr, nullptr) < 0 ? errno : 0);
    });
    green::sleep(1ms);
    pair.close(0);
    socket_pair next;  // has the number at once
    REQUIRE((next[0] == number || next[1] == number));
    REQUIRE(::write(next[0], "n", 1) == 1);
    REQUIRE(::write(next[1], "n", 1) == 1);
    waiting.join();
    CHECK(errors == std::vector{EBADF, EBADF, EBADF});
    CHECK(polled == POLLNVAL);
    char c = 0;
    CHECK(::recv(number, &c, 1, 0) == 1);
    CHECK(c == 'n');
}

TEST_CASE_FIXTURE(patched, "dup2 over a descriptor that somebody waits for wakes him too") {
    socket_pair pair, other;
    int error = 0;
    auto reader = green::spawn([&] {
        char c;
        error = ::read(pair[0], &c, 1) < 0 ? errno : 0;
    });
    green::sleep(1ms);
    CHECK(::dup2(other[0], pair[0]) == pair[0]);
    reader.join();
    CHECK(error == EBADF);
    REQUIRE(::write(other[1], "o", 1) == 1);
    char c = 0;
    CHECK(::read(pair[0], &c, 1) == 1);
    CHECK(c == 'o');
}

TEST_CASE_FIXTURE(patched, "fclose is a close, and a number that it frees is waited for anew") {
    socket_pair first;
    const int number = first[0];
    auto one = green::spawn([&] {
        char c;
        return ::recv(number, &c, 1, 0);
    });
    green::yield();
    REQUIRE(::send(first[1], "1", 1, 0) == 1);
    CHECK(one.get() == 1);
    CHECK(::fclose(::fdopen(std::exchange(first.ends[0], -1), "r")) == 0);
    socket_pair second;
    REQUIRE((second[0] == number || second[1] == number));
    auto two = green::spawn([&] {
        char c;
        return ::recv(number, &c, 1, 0);
    });
    green::sleep(1ms);
    REQUIRE(::send(second[0] == number ? second[1] : second[0], "2", 1, 0) == 1);
    CHECK(two.get() == 1);
}

TEST_CASE_FIXTURE(patched, "a timeout ends every kind of call with ECANCELED, and the fiber can go on") {
    socket_pair pair;
    std::array<char, 64> buffer;
    auto ended_by_timeout = [&](const char* what, auto call) {
        INFO(what);
        int error = 0;
        const bool in_time = green::with_timeout(2ms, [&] {
            error = call() < 0 ? errno : 0;
            green::yield();
        });
        CHECK_FALSE(in_time);
        CHECK(error == ECANCELED);
    };
    int pipe_ends[2], other_pipe[2];
    REQUIRE(::pipe(pipe_ends) == 0);
    REQUIRE(::pipe(other_pipe) == 0);
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(::listen(listener, 1) == 0);
    const int set = ::epoll_create1(0);
    ended_by_timeout("recv", [&] { return ::recv(pair[0], buffer.data(), 1, 0); });
    ended_by_timeout("read from a socket", [&] { return ::read(pair[0], buffer.data(), 1); });
    ended_by_timeout("read from a pipe", [&] { return ::read(pipe_ends[0], buffer.data(), 1); });
    ended_by_timeout("accept", [&] { return ::accept(listener, nullptr, nullptr); });
    ended_by_timeout("poll", [&] {
        pollfd entry{pair[0], POLLIN, 0};
        return ::poll(&entry, 1, -1);
    });
    ended_by_timeout("select", [&] {
        fd_set reading;
        FD_ZERO(&reading);
        FD_SET(pair[0], &reading);
        return ::select(pair[0] + 1, &reading, nullptr, nullptr, nullptr);
    });
    ended_by_timeout("epoll_wait", [&] {
        epoll_event event;
        return ::epoll_wait(set, &event, 1, -1);
    });
    iovec part{buffer.data(), buffer.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    mmsghdr messages[2]{};
    messages[0].msg_hdr = messages[1].msg_hdr = message;
    ended_by_timeout("recvfrom", [&] { return ::recvfrom(pair[0], buffer.data(), 1, 0, nullptr, nullptr); });
    ended_by_timeout("recvmsg", [&] { return ::recvmsg(pair[0], &message, 0); });
    ended_by_timeout("recvmmsg", [&] { return ::recvmmsg(pair[0], messages, 2, 0, nullptr); });
    ended_by_timeout("readv", [&] { return ::readv(pipe_ends[0], &part, 1); });
    ended_by_timeout("tee", [&] { return ::tee(pipe_ends[0], other_pipe[1], 100, 0); });
    ended_by_timeout("splice", [&] { return ::splice(pair[0], nullptr, pipe_ends[1], nullptr, 100, 0); });
    ended_by_timeout("ppoll", [&] {
        pollfd entry{pair[0], POLLIN, 0};
        return ::ppoll(&entry, 1, nullptr, nullptr);
    });
    ended_by_timeout("pselect", [&] {
        fd_set reading;
        FD_ZERO(&reading);
        FD_SET(pair[0], &reading);
        return ::pselect(pair[0] + 1, &reading, nullptr, nullptr, nullptr, nullptr);
    });
    ended_by_timeout("epoll_pwait2", [&] {
        epoll_event event;
        return ::epoll_pwait2(set, &event, 1, nullptr, nullptr);
    });
    ended_by_timeout("read from a timerfd", [&] {
        const int timer = ::timerfd_create(CLOCK_MONOTONIC, 0);
        std::uint64_t count;
        const ssize_t result = ::read(timer, &count, sizeof count);
        const int error = errno;
        ::close(timer);
        errno = error;
        return result;
    });
    static char much[8 << 20];
    // What has been sent by then counts: the call has succeeded in part, and the next one fails.
    CHECK_FALSE(green::with_timeout(2ms, [&] {
        const ssize_t sent = ::send(pair[0], much, sizeof much, 0);
        CHECK(sent > 0);
        CHECK(sent < static_cast<ssize_t>(sizeof much));
        CHECK(::send(pair[0], much, sizeof much, 0) == -1);
        CHECK(errno == ECANCELED);
        green::yield();
    }));
    CHECK(::recv(pair[1], buffer.data(), 1, 0) == 1);
    // The other ways to send, to a socket and a pipe that are full by now.
    while (::write(pipe_ends[1], much, 4096) > 0 && !full(pipe_ends[1])) {}
    part = {much, sizeof much};
    message.msg_iov = &part;
    messages[0].msg_hdr = message;
    fill(pair[0]);
    ended_by_timeout("send", [&] { return ::send(pair[0], much, sizeof much, 0); });
    ended_by_timeout("sendto", [&] { return ::sendto(pair[0], much, sizeof much, 0, nullptr, 0); });
    ended_by_timeout("sendmsg", [&] { return ::sendmsg(pair[0], &message, 0); });
    ended_by_timeout("sendmmsg", [&] { return ::sendmmsg(pair[0], messages, 1, 0); });
    ended_by_timeout("write to a socket", [&] { return ::write(pair[0], much, sizeof much); });
    ended_by_timeout("write to a pipe", [&] { return ::write(pipe_ends[1], much, sizeof much); });
    ended_by_timeout("writev to a pipe", [&] { return ::writev(pipe_ends[1], &part, 1); });
    const int file = ::memfd_create("green-test", 0);
    REQUIRE(::ftruncate(file, 100'000) == 0);
    ended_by_timeout("sendfile", [&] { return ::sendfile(pair[0], file, nullptr, 100'000); });
    CHECK_FALSE((::fcntl(pair[0], F_GETFL) & O_NONBLOCK));
    ::close(file);
    for (int fd : {pipe_ends[0], pipe_ends[1], other_pipe[0], other_pipe[1]}) ::close(fd);
    ::close(listener);
    ::close(set);
}

TEST_CASE_FIXTURE(patched, "connect parks until the peer has answered, and a timeout ends it") {
    // A listener whose queue is full does not answer a SYN.
    loopback_listener listener(0);
    std::vector<int> clients;
    bool connected_in_time = true;
    for (int i = 0; i < 8 && connected_in_time; ++i) {
        clients.push_back(::socket(AF_INET, SOCK_STREAM, 0));
        connected_in_time = green::with_timeout(20ms, [&] {
            if (::connect(clients.back(), listener.address(), listener.size) < 0) CHECK(errno == ECANCELED);
            green::yield();
        });
        CHECK_FALSE((::fcntl(clients.back(), F_GETFL) & O_NONBLOCK));
    }
    CHECK_FALSE(connected_in_time);
    for (int fd : clients) ::close(fd);
}

TEST_CASE_FIXTURE(patched, "connect to a listener without room waits for it, as a blocking one does") {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    std::snprintf(at.sun_path + 1, sizeof at.sun_path - 1, "green-connect-%d", ::getpid());
    auto address = reinterpret_cast<const sockaddr*>(&at);
    const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
    REQUIRE(::bind(listener, address, sizeof at) == 0);
    REQUIRE(::listen(listener, 0) == 0);
    std::vector<int> clients;
    green::group connecting;
    int connected = 0;
    for (int i = 0; i < 5; ++i) {
        clients.push_back(::socket(AF_UNIX, SOCK_STREAM, 0));
        connecting.spawn([&, fd = clients.back()] { connected += ::connect(fd, address, sizeof at) == 0; });
    }
    green::sleep(10ms);
    CHECK(connected < 5);
    for (int i = 0; i < 5; ++i) clients.push_back(::accept(listener, nullptr, nullptr));
    connecting.join();
    CHECK(connected == 5);
    for (int fd : clients) ::close(fd);
    ::close(listener);
}

TEST_CASE_FIXTURE(patched, "a busy loop of calls that need not wait lets the others run") {
    socket_pair pair;
    bool stop = false;
    auto other = green::spawn([&] {
        green::sleep(1ms);
        stop = true;
    });
    long turns = 0;
    for (; !stop; ++turns) {
        char c = 'x';
        REQUIRE(::send(pair[0], &c, 1, 0) == 1);
        REQUIRE(::recv(pair[1], &c, 1, 0) == 1);
    }
    CHECK(turns > 0);
    stop = false;
    auto third = green::spawn([&] { stop = true; });
    while (!stop) {
        pollfd entry{pair[0], POLLIN, 0};
        REQUIRE(::poll(&entry, 1, 0) == 0);
    }
}

TEST_CASE_FIXTURE(patched, "a busy loop of calls that never wait lets the others run") {
    socket_pair pair;
    std::array<char, 4> bytes{};
    iovec part{bytes.data(), bytes.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    mmsghdr messages[1]{};
    messages[0].msg_hdr = message;
    auto lets_others_run = [&](const char* what, auto call) {
        INFO(what);
        bool stop = false;
        auto other = green::spawn([&] { stop = true; });
        int tries = 0;
        while (!stop && ++tries < 1'000'000) call();
        CHECK(stop);
    };
    lets_others_run("recv", [&] { CHECK(::recv(pair[0], bytes.data(), 1, MSG_DONTWAIT) == -1); });
    lets_others_run("recvfrom", [&] { ::recvfrom(pair[0], bytes.data(), 1, MSG_DONTWAIT, nullptr, nullptr); });
    lets_others_run("recvmsg", [&] { ::recvmsg(pair[0], &message, MSG_DONTWAIT); });
    lets_others_run("recvmmsg", [&] { ::recvmmsg(pair[0], messages, 1, MSG_DONTWAIT, nullptr); });
    CHECK(errno == EAGAIN);
    fill(pair[0]);
    lets_others_run("send", [&] { CHECK(::send(pair[0], bytes.data(), 1, MSG_DONTWAIT) == -1); });
    lets_others_run("sendto", [&] { ::sendto(pair[0], bytes.data(), 1, MSG_DONTWAIT, nullptr, 0); });
    lets_others_run("sendmsg", [&] { ::sendmsg(pair[0], &message, MSG_DONTWAIT); });
    lets_others_run("sendmmsg", [&] { ::sendmmsg(pair[0], messages, 1, MSG_DONTWAIT); });
    CHECK(errno == EAGAIN);
}

TEST_CASE_FIXTURE(patched, "splice into a socket that is full parks") {
    socket_pair pair;
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    REQUIRE(::fcntl(ends[1], F_SETPIPE_SZ, 1 << 20) >= 1 << 20);
    const int small = 8192;
    REQUIRE(::setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small) == 0);
    const std::vector<char> much(900'000, 'x');
    const ssize_t size = ::write(ends[1], much.data(), much.size());
    auto reader = green::spawn([&] {
        std::vector<char> into(1 << 16);
        ssize_t total = 0;
        while (total < size) total += ::read(pair[1], into.data(), into.size());
        return total;
    });
    CHECK(::splice(ends[0], nullptr, pair[0], nullptr, much.size(), 0) == size);
    CHECK(reader.get() == size);
    CHECK_FALSE((::fcntl(pair[0], F_GETFL) & O_NONBLOCK));
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST_CASE_FIXTURE(patched, "a write to an eventfd waits for room, and a read of a terminal for its VTIME, beside others") {
    const int counter = ::eventfd(5, 0);
    std::uint64_t most = std::numeric_limits<std::uint64_t>::max() - 1, seen = 0;
    auto reader = green::spawn([&] {
        green::sleep(1ms);
        return ::read(counter, &seen, sizeof seen);
    });
    CHECK(::write(counter, &most, sizeof most) == sizeof most);
    CHECK(reader.get() == sizeof seen);
    CHECK(seen == 5);
    ::close(counter);

    int master, terminal;
    REQUIRE(::openpty(&master, &terminal, nullptr, nullptr, nullptr) == 0);
    termios modes{};
    ::cfmakeraw(&modes);
    modes.c_cc[VMIN] = 0;
    modes.c_cc[VTIME] = 100;
    REQUIRE(::tcsetattr(terminal, TCSANOW, &modes) == 0);
    auto typist = green::spawn([&] {
        green::sleep(1ms);
        return ::write(master, "x", 1);
    });
    char c = 0;
    CHECK(::read(terminal, &c, 1) == 1);
    CHECK(typist.get() == 1);
    ::close(terminal);
    ::close(master);
}

TEST_CASE_FIXTURE(patched, "both ends of a FIFO are opened on one thread, and a timeout ends the wait for the other one") {
    const std::string name = "/tmp/green-fifo-" + std::to_string(::getpid());
    ::unlink(name.c_str());
    REQUIRE(::mkfifo(name.c_str(), 0600) == 0);
    auto writer = green::spawn([&] { std::ofstream(name) << "hello\n"; });
    std::string line;
    std::ifstream reader(name);
    CHECK(std::getline(reader, line));
    CHECK(line == "hello");
    writer.join();
    reader.close();
    for (int way : {O_RDONLY, O_WRONLY}) {
        int error = 0;
        CHECK_FALSE(green::with_timeout(2ms, [&] {
            error = ::open(name.c_str(), way) < 0 ? errno : 0;
            green::yield();
        }));
        CHECK(error == ECANCELED);
    }
    CHECK(::open(name.c_str(), O_WRONLY | O_NONBLOCK) == -1);  // nobody reads, no longer
    ::unlink(name.c_str());
}

TEST_CASE_FIXTURE(patched, "green's own waits and patched ones share a descriptor") {
    socket_pair pair;
    bool green_saw = false;
    auto waiting = green::spawn([&] { green_saw = green::wait_readable(pair[0]); });
    auto reading = green::spawn([&] {
        pollfd entry{pair[0], POLLIN, 0};
        return ::poll(&entry, 1, -1);
    });
    green::yield();
    REQUIRE(::send(pair[1], "x", 1, 0) == 1);
    waiting.join();
    CHECK(green_saw);
    CHECK(reading.get() == 1);
}

TEST_CASE_FIXTURE(patched, "select waits for room to write") {
    socket_pair pair;
    fill(pair[0]);
    auto waiting = green::spawn([&] {
        fd_set writing;
        FD_ZERO(&writing);
        FD_SET(pair[0], &writing);
        timeval limit{5, 0};
        return ::select(pair[0] + 1, nullptr, &writing, nullptr, &limit);
    });
    green::sleep(1ms);
    CHECK(waiting.state() == green::fiber_state::parked);
    std::vector<char> much(1 << 20);
    const auto begin = std::chrono::steady_clock::now();
    while (::recv(pair[1], much.data(), much.size(), MSG_DONTWAIT) > 0) {}
    CHECK(waiting.get() == 1);
    CHECK(std::chrono::steady_clock::now() - begin < 4s);
}

TEST_CASE_FIXTURE(patched, "MSG_PEEK with MSG_WAITALL waits for all that it is to look at") {
    loopback_listener listener(8);  // over a unix socket it does not wait
    const int client = ::socket(AF_INET, SOCK_STREAM, 0), on = 1;
    REQUIRE(::connect(client, listener.address(), listener.size) == 0);
    REQUIRE(::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0);
    const int accepted = ::accept(listener.fd, nullptr, nullptr);
    std::array<char, 4> buffer{};
    auto looking = green::spawn([&] { return ::recv(accepted, buffer.data(), 3, MSG_PEEK | MSG_WAITALL); });
    for (const char* piece : {"a", "b", "c"}) {
        green::sleep(1ms);
        CHECK(looking.state() == green::fiber_state::parked);
        REQUIRE(::send(client, piece, 1, 0) == 1);
    }
    CHECK(looking.get() == 3);
    CHECK(std::string(buffer.data()) == "abc");
    CHECK(::recv(accepted, buffer.data(), 4, 0) == 3);
    ::close(client);
    ::close(accepted);
}

TEST_CASE_FIXTURE(patched, "an accepted number that was closed unseen is waited for anew") {
    loopback_listener listener(8);
    int numbers[2];
    for (int& number : numbers) {
        const int client = ::socket(AF_INET, SOCK_STREAM, 0);
        REQUIRE(::connect(client, listener.address(), listener.size) == 0);
        number = ::accept(listener.fd, nullptr, nullptr);
        char c;
        auto reader = green::spawn([&] { return ::recv(number, &c, 1, 0); });
        green::sleep(1ms);
        REQUIRE(::send(client, "x", 1, 0) == 1);
        CHECK(green::with_timeout(2s, [&] { CHECK(reader.get() == 1); }));
        reader.kill();
        if (&number == &numbers[0])
            ::syscall(SYS_close, number);
        else
            ::close(number);
        ::close(client);
    }
    CHECK(numbers[0] == numbers[1]);
}

TEST_CASE_FIXTURE(patched, "what the child of a vfork closes stays open here") {
    socket_pair pair;
    auto reader = green::spawn([&] {
        char c;
        return ::recv(pair[0], &c, 1, 0);
    });
    green::sleep(1ms);
    const int number = pair[0];
    const pid_t child = ::vfork();
    if (child == 0) {
        ::close(number);
        ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);
    green::sleep(1ms);
    CHECK(reader.state() == green::fiber_state::parked);
    REQUIRE(::send(pair[1], "x", 1, 0) == 1);
    CHECK(reader.get() == 1);
}

TEST_CASE_FIXTURE(patched, "a program that closes all that it has not opened leaves the hub alone") {
    auto goes_on = [] {
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return false;
        auto reader = green::spawn([&] {
            char c;
            return ::recv(ends[0], &c, 1, 0);
        });
        green::sleep(1ms);
        if (::send(ends[1], "x", 1, 0) != 1) return false;
        bool came = false;
        const bool in_time = green::with_timeout(1s, [&] { came = reader.get() == 1; });
        ::close(ends[0]);
        ::close(ends[1]);
        return in_time && came;
    };
    CHECK(goes_on());
    for (int way = 0; way < 3; ++way) {
        const pid_t child = ::fork();  // the test's own descriptors are to stay
        if (child == 0) {
            if (way == 0)
                ::close_range(3, ~0u, 0);
            else if (way == 1)
                ::closefrom(3);
            else
                for (int fd = 3; fd < 2000; ++fd) ::close(fd);
            ::_exit(goes_on() ? 0 : 1);
        }
        int status = -1;
        CHECK(::waitpid(child, &status, 0) == child);
        CAPTURE(way);
        CHECK(status == 0);
    }
}

TEST_CASE_FIXTURE(support::leak_check, "two fibers of a thread pass much through a pipe") {
    monkeypatch::patch_all();
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const std::vector<char> much(1 << 20, 'x');
    auto writer = green::spawn([&] {
        const iovec parts[] = {{const_cast<char*>(much.data()), 0}, {const_cast<char*>(much.data()), much.size()}};
        CHECK(::write(ends[1], much.data(), much.size()) == static_cast<ssize_t>(much.size()));
        CHECK(::writev(ends[1], parts, 2) == static_cast<ssize_t>(much.size()));
        ::close(ends[1]);
    });
    std::size_t arrived = 0;
    std::array<char, 10'000> piece;
    for (ssize_t count; (count = ::read(ends[0], piece.data(), piece.size())) > 0;) arrived += static_cast<std::size_t>(count);
    writer.join();
    CHECK(arrived == 2 * much.size());
    ::close(ends[0]);
}
