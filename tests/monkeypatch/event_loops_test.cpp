// SPDX-License-Identifier: BSL-1.0
// Event loops of others on fibers: Boost.Asio's and libuv's wait in epoll_wait, and only their fiber does.
#include <green/monkeypatch/patch.h>

#include <green/green.h>

#include <support/child.h>
#include <support/fixture.h>
#include <support/other_hub.h>

#include <boost/asio.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

#ifdef HAVE_LIBUV
#include <uv.h>
#endif

using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

// Another fiber that sleeps again and again; it counts how often it could.
class bystander {
  public:
    bystander()
        : fiber_(green::spawn([this] {
              while (::usleep(500) == 0) ++turns_;
          })) {}
    ~bystander() { fiber_.kill(); }
    int turns() const { return turns_; }

  private:
    int turns_ = 0;
    green::fiber<void> fiber_;
};

// Two that pass a number back and forth until it is large, and a timer that ticks meanwhile.
class asio_players {
  public:
    asio_players() : left_(context_), right_(context_), timer_(context_) {
        asio::local::connect_pair(left_, right_);
        receive(left_, at_left_);
        receive(right_, at_right_);
        tick();
        send(left_, 0);
    }
    std::size_t run() { return context_.run(); }
    int last() const { return last_; }
    int ticks() const { return ticks_; }

  private:
    using socket = asio::local::stream_protocol::socket;
    static constexpr int enough = 50;

    void tick() {
        timer_.expires_after(1ms);
        timer_.async_wait([this](boost::system::error_code error) {
            if (error || last_ == enough) return;  // may have expired before it was cancelled
            ++ticks_;
            tick();
        });
    }
    void send(socket& from, int number) {
        asio::write(from, asio::buffer(&number, sizeof number));
    }
    void receive(socket& at, int& number) {
        asio::async_read(at, asio::buffer(&number, sizeof number), [&](boost::system::error_code error, std::size_t) {
            if (error) return;
            last_ = number;
            if (number == enough) {
                timer_.cancel();
                left_.close();
                right_.close();
                return;
            }
            ::usleep(100);  // blocking code in a handler parks as well
            send(at, number + 1);
            receive(at, number);
        });
    }

    asio::io_context context_;
    socket left_, right_;
    asio::steady_timer timer_;
    int at_left_ = 0, at_right_ = 0, last_ = 0, ticks_ = 0;
};

}  // namespace

TEST_CASE_FIXTURE(support::leak_check, "Asio's loop runs on a fiber, and the others run meanwhile") {
    green::monkeypatch::patch_all();
    bystander other;
    asio_players players;
    auto loop = green::spawn([&] { return players.run(); });
    CHECK(loop.get() > 0);
    CHECK(players.last() == 50);
    CHECK(players.ticks() > 0);
    CHECK(other.turns() > 5);
}


TEST_CASE_FIXTURE(support::leak_check, "another fiber posts to Asio's loop, stops it, and it runs again") {
    green::monkeypatch::patch_all();
    asio::io_context context;
    asio::steady_timer far(context, 1h);  // without any input or output it would wait for a condition variable
    far.async_wait([](auto) {});
    auto loop = green::spawn([&] { return context.run(); });
    green::event posted;
    ::usleep(1000);
    asio::post(context, [&] { posted.set(); });
    posted.wait();
    context.stop();
    CHECK(loop.get() == 1);
    context.restart();
    far.cancel();
    CHECK(context.run() == 1);
}

TEST_CASE_FIXTURE(support::leak_check, "Asio's loops on several threads' fibers do not know of each other") {
    green::monkeypatch::patch_all();
    bystander other;
    support::other_hub second;
    asio_players here, there;
    auto remote = green::spawn_on(*second, [&] { return there.run(); });
    auto local = green::spawn([&] { return here.run(); });
    CHECK(local.get() > 0);
    CHECK(remote.get() > 0);
    CHECK(here.last() == 50);
    CHECK(there.last() == 50);
}

#ifdef HAVE_LIBUV

namespace {

// A loop with a timer that ticks, a pipe on which it talks to itself, a child, a look-up, and a file read in libuv's own threads.
class uv_program {
  public:
    explicit uv_program(uv_loop_t* shared = nullptr) : loop_(shared ? shared : &own_) {
        if (!shared) must(uv_loop_init(&own_));
        uv_timer_init(loop_, &timer_);
        timer_.data = this;
        uv_timer_start(&timer_, [](uv_timer_t* timer) { self(timer).tick(); }, 1, 1);
        uv_file ends[2];
        must(uv_pipe(ends, UV_NONBLOCK_PIPE, UV_NONBLOCK_PIPE));
        uv_pipe_init(loop_, &reader_, 0);
        uv_pipe_init(loop_, &writer_, 0);
        reader_.data = this;
        uv_pipe_open(&reader_, ends[0]);
        uv_pipe_open(&writer_, ends[1]);
        uv_read_start(
            reinterpret_cast<uv_stream_t*>(&reader_),
            [](uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
                auto& space = self(handle).space_;
                *buffer = uv_buf_init(space.data(), space.size());
            },
            [](uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) {
                if (size > 0) self(stream).read_.append(buffer->base, static_cast<std::size_t>(size));
            });
        start_child();
        lookup_.data = this;
        auto looked_up = [](uv_getaddrinfo_t* request, int status, addrinfo* found) {
            self(request).found_ = status == 0;
            uv_freeaddrinfo(found);
        };
        must(uv_getaddrinfo(loop_, &lookup_, looked_up, "localhost", "80", nullptr));
        work_.data = this;
        uv_queue_work(loop_, &work_, [](uv_work_t*) { ::usleep(2000); }, [](uv_work_t* done, int) { self(done).worked_ = true; });
    }
    ~uv_program() {
        if (loop_ == &own_) must(uv_loop_close(&own_));
    }
    void run() { must(uv_run(loop_, UV_RUN_DEFAULT)); }
    void print() const {
        std::printf("%zu letters, child %d, found %d, worked %d\n", read_.size(), static_cast<int>(exit_status_), found_, worked_);
    }

  private:
    static constexpr std::size_t ticks_wanted = 20;

    static void must(int result) {
        if (result == 0) return;
        std::puts(uv_strerror(result));
        std::exit(1);
    }
    template <class Handle>
    static uv_program& self(Handle* handle) { return *static_cast<uv_program*>(handle->data); }

    void start_child() {
        static char shell[] = "sh", option[] = "-c", command[] = "sleep 0.01; exit 3";
        static char* words[] = {shell, option, command, nullptr};
        uv_process_options_t options{};
        options.file = "sh";
        options.args = words;
        options.exit_cb = [](uv_process_t* process, std::int64_t status, int) {
            self(process).exit_status_ = status;
            uv_close(reinterpret_cast<uv_handle_t*>(process), nullptr);
        };
        child_.data = this;
        must(uv_spawn(loop_, &child_, &options));
    }
    void tick() {
        if (++ticks_ > ticks_wanted) {
            if (read_.size() < ticks_wanted) return;
            for (auto* each : {reinterpret_cast<uv_handle_t*>(&timer_), reinterpret_cast<uv_handle_t*>(&reader_),
                               reinterpret_cast<uv_handle_t*>(&writer_)})
                uv_close(each, nullptr);
            return;
        }
        char letter[] = "x";
        uv_buf_t buffer = uv_buf_init(letter, 1);
        must(uv_try_write(reinterpret_cast<uv_stream_t*>(&writer_), &buffer, 1) - 1);
    }

    uv_loop_t own_{}, *loop_;
    uv_timer_t timer_{};
    uv_pipe_t reader_{}, writer_{};
    uv_process_t child_{};
    uv_getaddrinfo_t lookup_{};
    uv_work_t work_{};
    std::array<char, 100> space_{};
    std::string read_;
    std::size_t ticks_ = 0;
    std::int64_t exit_status_ = -1;
    bool found_ = false, worked_ = false;
};

}  // namespace

// In processes of their own, because libuv's threads stay, and would take signals that other tests send.
SCENARIO_IN_CHILD(uv_default) {
    green::monkeypatch::patch_all();
    bystander other;
    uv_program program(uv_default_loop());
    green::spawn([&] { program.run(); }).join();
    program.print();
    std::printf("the other ran: %d\n", other.turns() > 5);
}

SCENARIO_IN_CHILD(uv_many) {
    green::monkeypatch::patch_all();
    bystander other;
    std::vector<std::unique_ptr<uv_program>> programs;
    for (int i = 0; i < 3; ++i) programs.push_back(std::make_unique<uv_program>());
    green::group fibers;
    for (auto& each : programs) fibers.spawn([&] { each->run(); });
    fibers.join();
    for (auto& each : programs) each->print();
    programs.clear();

    // Under the numbers that libuv has closed, by syscall(SYS_close), nothing of it is left.
    for (int i = 0; i < 20; ++i) {
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return;
        auto writer = green::spawn([&] {
            ::usleep(100);
            return ::write(ends[1], "x", 1);
        });
        char c;
        if (::read(ends[0], &c, 1) != 1) std::puts("nothing read");
        writer.join();
    }
}

TEST_CASE("libuv's default loop runs on a fiber, and the others run meanwhile") {
    const auto end = support::run_child("uv_default");
    CHECK(end.exit_status == 0);
    CHECK(end.output == "20 letters, child 3, found 1, worked 1\nthe other ran: 1\n");
}

TEST_CASE("several of libuv's loops run on several fibers of one thread, and leave nothing behind") {
    const auto end = support::run_child("uv_many");
    CHECK(end.exit_status == 0);
    const std::string one = "20 letters, child 3, found 1, worked 1\n";
    CHECK(end.output == one + one + one);
}

#endif
