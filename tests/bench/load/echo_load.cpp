// SPDX-License-Identifier: BSL-1.0
// The client of the echo benches: keeps requests in flight on each of many connections, checks every byte that comes
// back, and reads from outside what the server spent meanwhile.
//
//     echo-load --port N [--connections 100] [--seconds 2] [--warm-up 0.3] [--requests N] [--core N]
//               [--size 64 | --lines] [--in-flight 1] [--churn] [--greedy N] [--latency]
//               [--server-pid PID] [--count-calls]
//
// Requests are of --size bytes, at least 8; with --lines they are those of the workload `mixed`, one in a hundred
// slow. Without --churn the connections are opened first and live through the whole run. With --churn each connection
// carries one request: connect, ask, read the answer, close, and the next one takes its place. --greedy N adds
// connections that keep 64 requests in flight. The measured window opens after the warm-up and closes after --seconds
// or --requests, whichever is first; a connection or a request counts when its answer has been checked.
//
// Prints one line of key=value words:
//
//     connections requests seconds requests_per_second
//     p50_us p99_us p999_us                                              with --latency: from asking to the checked
//                                                                        answer; of fast requests and of connections
//                                                                        that are not greedy only
//     polite_per_second greedy_per_second                                with --greedy
//     server_cpu_ns_per_request server_busy                              with --server-pid
//     system_calls_per_request epoll_ctls_in_window epoll_ctls_per_connection      with --count-calls
//
// Exits with 1 if an answer is wrong, or if none comes for five seconds; with 3 if system calls cannot be counted.
#include <getopt.h>
#include <sched.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "client_load.h"
#include "conversations.h"
#include "server_meter.h"

namespace {

using clock_type = std::chrono::steady_clock;
using seconds_type = std::chrono::duration<double>;

struct load_options {
    bench::load_shape shape;
    std::size_t size_bytes = 64;
    bool lines = false;
    seconds_type duration{2};
    seconds_type warm_up{0.3};
    std::uint64_t requests = UINT64_MAX;
    bool count_calls = false;
    int core = -1;
    pid_t server_pid = 0;
};

void pin_to(int core) {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET(core, &cores);
    if (::sched_setaffinity(0, sizeof cores, &cores) < 0) bench::fail("sched_setaffinity");
}

[[noreturn]] void refuse(const char* program) {
    std::fprintf(stderr,
                 "usage: %s --port N [--connections N] [--seconds S] [--warm-up S] [--requests N] [--core N]\n"
                 "       [--size BYTES | --lines] [--in-flight N] [--churn] [--greedy N] [--latency]\n"
                 "       [--server-pid PID] [--count-calls]\n",
                 program);
    std::exit(2);
}

constexpr option names[] = {
    {"port", 1, nullptr, 'p'},       {"connections", 1, nullptr, 'n'}, {"seconds", 1, nullptr, 's'},
    {"warm-up", 1, nullptr, 'w'},    {"requests", 1, nullptr, 'r'},    {"churn", 0, nullptr, 'c'},
    {"core", 1, nullptr, 'k'},       {"server-pid", 1, nullptr, 'i'},  {"count-calls", 0, nullptr, 'x'},
    {"size", 1, nullptr, 'b'},       {"lines", 0, nullptr, 'l'},       {"in-flight", 1, nullptr, 'f'},
    {"greedy", 1, nullptr, 'g'},     {"latency", 0, nullptr, 't'},     {nullptr, 0, nullptr, 0}};

// Returns whether there is an option of this letter.
bool take_option(int letter, const char* word, load_options& options) {
    auto number = [&] { return std::strtoull(word, nullptr, 10); };
    switch (letter) {
        case 'p': options.shape.port = static_cast<std::uint16_t>(number()); return true;
        case 'n': options.shape.connections = number(); return true;
        case 'f': options.shape.in_flight = number(); return true;
        case 'g': options.shape.greedy_connections = number(); return true;
        case 'c': options.shape.churn = true; return true;
        case 't': options.shape.latency = true; return true;
        case 'b': options.size_bytes = number(); return true;
        case 'l': options.lines = true; return true;
        case 's': options.duration = seconds_type(std::atof(word)); return true;
        case 'w': options.warm_up = seconds_type(std::atof(word)); return true;
        case 'r': options.requests = number(); return true;
        case 'k': options.core = std::atoi(word); return true;
        case 'i': options.server_pid = std::atoi(word); return true;
        case 'x': options.count_calls = true; return true;
        default: return false;
    }
}

load_options parse(int count, char** words) {
    load_options options;
    for (int letter; (letter = ::getopt_long(count, words, "", names, nullptr)) != -1;)
        if (!take_option(letter, optarg, options)) refuse(words[0]);
    const bench::load_shape& shape = options.shape;
    if (shape.port == 0 || shape.connections < 1 || shape.in_flight < 1 || options.size_bytes < 8) refuse(words[0]);
    if (shape.churn && (shape.in_flight > 1 || shape.greedy_connections > 0)) refuse(words[0]);
    return options;
}

// What the server spent between two readings, as key=value words on one line.
void report_server(const load_options& options, double requests, seconds_type elapsed,
                   const bench::server_reading& before, const bench::server_reading& after, bool counted) {
    if (options.server_pid != 0) {
        const double cpu_ns = static_cast<double>((after.cpu - before.cpu).count());
        std::printf(" server_cpu_ns_per_request=%.1f server_busy=%.3f", cpu_ns / requests,
                    cpu_ns / (elapsed.count() * 1e9));
    }
    if (counted) {
        std::printf(" system_calls_per_request=%.4f epoll_ctls_in_window=%llu",
                    static_cast<double>(after.system_calls - before.system_calls) / requests,
                    static_cast<unsigned long long>(after.epoll_ctls - before.epoll_ctls));
    }
}

template <class Load>
void report_clients(const load_options& options, Load& load, std::uint64_t requests, std::uint64_t greedy,
                    seconds_type elapsed) {
    const double all = static_cast<double>(requests), of_greedy = static_cast<double>(greedy);
    std::printf("connections=%zu requests=%llu seconds=%.3f requests_per_second=%.0f", options.shape.connections,
                static_cast<unsigned long long>(requests), elapsed.count(), all / elapsed.count());
    if (options.shape.latency) {
        const bench::histogram& times = load.latencies();
        std::printf(" p50_us=%.1f p99_us=%.1f p999_us=%.1f", times.percentile_us(0.5), times.percentile_us(0.99),
                    times.percentile_us(0.999));
    }
    if (options.shape.greedy_connections > 0) {
        std::printf(" polite_per_second=%.0f greedy_per_second=%.0f", (all - of_greedy) / elapsed.count(),
                    of_greedy / elapsed.count());
    }
}

template <class Conversation>
void run(Conversation conversation, const load_options& options, const bench::server_meter& meter) {
    bench::client_load load(std::move(conversation), options.shape);
    const bench::server_reading fresh = meter.read();
    load.open_all();
    for (auto end = clock_type::now() + options.warm_up; clock_type::now() < end;) load.pass();

    const std::uint64_t answered_before = load.answered(), greedy_before = load.greedy_answered();
    load.latencies().clear();
    const auto start = clock_type::now();
    const bench::server_reading before = meter.read();
    while (clock_type::now() - start < options.duration && load.answered() - answered_before < options.requests) {
        load.pass();
    }
    const bench::server_reading after = meter.read();
    const seconds_type elapsed = clock_type::now() - start;

    const std::uint64_t requests = load.answered() - answered_before;
    report_clients(options, load, requests, load.greedy_answered() - greedy_before, elapsed);
    report_server(options, static_cast<double>(std::max<std::uint64_t>(requests, 1)), elapsed, before, after,
                  meter.can_count_calls());
    if (meter.can_count_calls()) {
        const double connections = static_cast<double>(options.shape.churn ? load.answered() : options.shape.connections);
        std::printf(" epoll_ctls_per_connection=%.3f",
                    static_cast<double>(after.epoll_ctls - fresh.epoll_ctls) / connections);
    }
    std::printf("\n");
    load.abort_all();
}

}  // namespace

int main(int count, char** words) {
    const load_options options = parse(count, words);
    if (options.core >= 0) pin_to(options.core);
    const bench::server_meter meter(options.server_pid, options.count_calls);
    if (options.count_calls && !meter.can_count_calls()) {
        std::fprintf(stderr, "echo-load: this kernel does not let us count system calls\n");
        return 3;
    }
    if (options.lines)
        run(bench::lines{}, options, meter);
    else
        run(bench::echoed_bytes(options.size_bytes), options, meter);
}
