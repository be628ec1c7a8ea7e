// SPDX-License-Identifier: BSL-1.0
// What the programs of all peers share: one command line, one line of results. Knows no runtime, so that two programs
// differ in nothing but how they do the work.
//
//     PROGRAM WORKLOAD [SIZE [SECONDS]] [key=value ...]     does the work once, and prints what it took as key=value words
//     PROGRAM                                               lists its workloads
//
// A program is made of up to three source files (NAME.cpp, NAME_serving.cpp, NAME_names.cpp), each of which says what it can do:
//
//     const peer::workloads here{
//         {"switch", peer::each([](std::size_t size, std::uint64_t n) { return ring(size, n); })},
//         {"sleepers", peer::sleepers<fiber_sleepers>()},
//         {"echo", [](const peer::request&) { serve_echo(); }},
//     };
//
// Workloads are described in README.md. One that serves prints `port=N` when it listens, and ends by SIGTERM.
// The programs in Go and Python (go/, python/) speak the same command line.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>
#include <time.h>

#include "../process_memory.h"

namespace peer {

using clock = std::chrono::steady_clock;
using nanoseconds = std::chrono::duration<double, std::nano>;

struct request {
    std::size_t size;
    nanoseconds time;  // about so long one that repeats itself goes on
    std::map<std::string, std::string> named{};  // the words key=value

    // The number behind `key=`; without it the program ends.
    std::uint16_t port(const char* key) const {
        const auto found = named.find(key);
        if (found == named.end()) {
            std::fprintf(stderr, "this workload wants %s=PORT\n", key);
            std::exit(2);
        }
        return static_cast<std::uint16_t>(std::strtoul(found->second.c_str(), nullptr, 10));
    }
};
using work = std::function<void(const request&)>;

inline std::map<std::string, work>& known() {
    static std::map<std::string, work> all;
    return all;
}

struct workloads {
    workloads(std::initializer_list<std::pair<const char*, work>> some) {
        for (const auto& [name, does] : some) known().emplace(name, does);
    }
};

template <class Body>
nanoseconds timed(Body&& body) {
    const auto start = clock::now();
    body();
    return clock::now() - start;
}

// The same in this process's processor time.
template <class Body>
nanoseconds cpu_timed(Body&& body) {
    auto now = [] {
        timespec t{};
        ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        return nanoseconds(static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec));
    };
    const nanoseconds start = now();
    body();
    return now() - start;
}

// Makes the compiler believe that somebody looks at `value`.
template <class Value>
void keep(const Value& value) {
    asm volatile("" : : "r"(&value) : "memory");
}

// `measure(size, n)` does an operation n times, or a little more often: it returns how long that took and how often it
// was, without preparations. Prints what one takes; the first, shorter turns warm up whatever gets warm.
struct repeated {
    nanoseconds spent;
    std::uint64_t operations;
};

template <class Measure>
double measured_ns(Measure measure, const request& wanted) {
    std::uint64_t n = 64;
    for (;;) {
        const repeated done = measure(wanted.size, n);
        if (done.spent * 4 >= wanted.time || n > (1ull << 40)) break;
        n *= 2;
    }
    const repeated done = measure(wanted.size, n * 3);
    return done.spent.count() / static_cast<double>(done.operations);
}
template <class Measure>
work each(Measure measure) {
    return [measure](const request& wanted) { std::printf("ns=%.3f\n", measured_ns(measure, wanted)); };
}
// The same of what goes on in many places at a time: prints how many there are in a second.
template <class Measure>
work rate(Measure measure) {
    return [measure](const request& wanted) { std::printf("per_second=%.1f\n", 1e9 / measured_ns(measure, wanted)); };
}

// Does something once, `size` of them, and prints how long it took.
template <class Body>
work once(Body body) {
    return [body](const request& wanted) {
        body(wanted.size / 100 + 1);  // what gets warm
        const nanoseconds spent = timed([&] { body(wanted.size); });
        std::printf("seconds=%.6f\n", spent.count() / 1e9);
    };
}

// Deadlines, the same in every program: long ones, as time-outs have them, which do not pass while something is measured,
// and short ones. Neither grows with i: a timer is armed among the others and not behind them all.
inline std::chrono::milliseconds far_away(std::uint64_t i) {
    return std::chrono::milliseconds(60'000 + i * 7919 % 3'600'000);
}
inline std::chrono::microseconds soon(std::uint64_t i) {
    return std::chrono::microseconds(i * 7919 % 10'000);
}

// Takes about a fifth of a microsecond: two hundred steps of Knuth's generator (The Art of Computer Programming 2, 3.3.4).
[[gnu::noinline]] inline void compute(std::uint64_t& state) {
    std::uint64_t now = state;
    for (int i = 0; i < 200; ++i) now = now * 6364136223846793005u + 1442695040888963407u;
    state = now;
}

// Two threads lock the same one again and again, and compute as long without it.
template <class Mutex>
repeated mutex_between_threads(std::size_t, std::uint64_t n) {
    Mutex lock;
    std::uint64_t state = 0;
    auto contend = [&] {
        std::uint64_t own = 0;
        for (std::uint64_t i = 0; i < n / 2; ++i) {
            {
                std::lock_guard held(lock);
                compute(state);
            }
            compute(own);
        }
    };
    return {timed([&] {
                std::jthread other(contend);
                contend();
            }),
            n};
}

// Many that sleep to the same moment. Sleepers is constructed from their number and that moment, and returns when all
// sleep; its wait() when all have gone on. How far away the moment must be is found out with some of them,
// whose memory counts, for it is used again: twice as long as they let expect, or `patience=` times.
template <class Sleepers>
work sleepers() {
    return [](const request& wanted) {
        const auto given = wanted.named.find("patience");
        const double patience = given == wanted.named.end() ? 2 : std::strtod(given->second.c_str(), nullptr);
        const auto margin = std::chrono::milliseconds(wanted.size <= 100'000 ? 300 : 700);
        const std::size_t sample = std::max<std::size_t>(1000, wanted.size / 20);
        Sleepers(10, clock::now()).wait();  // what a runtime has before its first sleeper is not counted
        const auto before = bench::read_process_memory();
        nanoseconds start_of_sample{0};
        {
            const auto begun = clock::now();
            Sleepers some(sample, begun + margin);
            start_of_sample = clock::now() - begun;
            some.wait();
        }
        const auto begun = clock::now();
        const double how_many = static_cast<double>(wanted.size);
        const auto needed = start_of_sample * (patience * how_many / static_cast<double>(sample));
        const auto moment = begun + margin + std::chrono::duration_cast<clock::duration>(needed);
        Sleepers all(wanted.size, moment);
        const auto asleep_at = clock::now();
        const auto asleep = bench::read_process_memory();
        if (clock::now() >= moment) {
            std::fprintf(stderr, "some went on before all slept: the machine was busy\n");
            std::exit(1);
        }
        all.wait();
        const auto woken_at = clock::now();
        auto kib_more = [&](auto kind) { return static_cast<double>(asleep.*kind - before.*kind); };
        const double resident_kib = kib_more(&bench::process_memory::resident_kib);
        const double tables_kib = kib_more(&bench::process_memory::page_table_kib);
        std::printf("bytes_each=%.1f resident_bytes_each=%.1f start_ns=%.1f wake_ns=%.1f\n",
                    (resident_kib + tables_kib) * 1024 / how_many, resident_kib * 1024 / how_many,
                    nanoseconds(asleep_at - begun).count() / how_many, nanoseconds(woken_at - moment).count() / how_many);
    };
}

inline int run(int count, char** words) {
    if (count < 2) {
        for (const auto& [name, unused] : known()) std::puts(name.c_str());
        return 0;
    }
    const auto found = known().find(words[1]);
    if (found == known().end()) {
        std::fprintf(stderr, "%s: no workload is called '%s' here\n", words[0], words[1]);
        return 2;
    }
    std::vector<const char*> plain;
    std::map<std::string, std::string> named;
    for (int i = 2; i < count; ++i) {
        const char* equals = std::strchr(words[i], '=');
        if (equals)
            named.emplace(std::string(static_cast<const char*>(words[i]), equals), equals + 1);
        else
            plain.push_back(words[i]);
    }
    const std::size_t size = plain.size() > 0 ? std::strtoull(plain[0], nullptr, 10) : 2;
    const double seconds = plain.size() > 1 ? std::strtod(plain[1], nullptr) : 0.2;
    found->second({size, nanoseconds(seconds * 1e9), named});
    return 0;
}

}  // namespace peer
