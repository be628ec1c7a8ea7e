// SPDX-License-Identifier: BSL-1.0
// Measures small operations against each other in one run. Knows nothing of green.
//
//     int main(int count, char** words) {
//         bench::comparison comparison(count, words);
//         comparison.add({"bare jump", [](std::uint64_t n) { return bench::timed([n] { jump(n); }); }});
//         comparison.add({"yield", measure_yield, .limit = 1.5});
//         return comparison.run();
//     }
//
// Candidates take turns (A B C, A B C, ...), so that a machine that slows down for a second slows all of
// them. Each turn lasts some milliseconds and gives one mean; over the rounds the least and the median are
// kept. The first candidate is the unit: the ratios, and the limits, are in its least time. The least is what
// the code costs when nothing disturbs it; the median beside it shows how much did.
//
// Command line of every such bench: [--rounds 15] [--milliseconds 10] [--core N] [--only TEXT] [--json].
// --only keeps the unit and the candidates whose name contains TEXT. It exits with 0 even if a limit is
// exceeded, because a bench is not a timed test; the table marks the row.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <utility>
#include <vector>
#include <sched.h>

namespace bench {

using nanoseconds = std::chrono::duration<double, std::nano>;

struct candidate {
    std::string name;
    // Does exactly that many operations and returns the time they took, without what it took to prepare them.
    std::function<nanoseconds(std::uint64_t)> measure;
    double limit = 0;            // in units; 0 means that the row is there for comparison only
    std::uint64_t multiple = 1;  // the count passed to `measure` is a multiple of this
};

// Returns how long `body` took.
template <class Body>
nanoseconds timed(Body&& body) {
    auto start = std::chrono::steady_clock::now();
    body();
    return std::chrono::steady_clock::now() - start;
}

// Makes the compiler believe that somebody looks at `value`, so that computing it is not optimised away.
template <class Value>
void keep(const Value& value) {
    asm volatile("" : : "r"(&value) : "memory");
}

// Ties the calling thread to one core for good. Returns false when there is no such core.
inline bool pin_to_core(int core) {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET(core, &cores);
    return ::sched_setaffinity(0, sizeof cores, &cores) == 0;
}

class comparison {
  public:
    comparison(int count, char** words);
    // The first candidate added is the unit.
    void add(candidate one);
    // Measures and prints. Returns the exit status for main.
    int run();

  private:
    struct row {
        candidate what;
        std::uint64_t operations = 1;
        std::vector<double> samples;  // nanoseconds per operation, one per round
        double least = 0;
        double median = 0;
        double ratio = 0;
    };

    void calibrate(row& one) const;
    void summarise();
    void print_table() const;
    void print_json() const;
    [[noreturn]] static void refuse(const char* program);

    std::vector<row> rows_;
    int rounds_ = 15;
    double turn_milliseconds_ = 10;
    std::string only_;
    bool json_ = false;
};

inline comparison::comparison(int count, char** words) {
    for (int i = 1; i < count; ++i) {
        auto is = [&](const char* name) { return std::strcmp(words[i], name) == 0; };
        if (is("--json")) {
            json_ = true;
            continue;
        }
        if (i + 1 == count) refuse(words[0]);
        const char* value = words[i + 1];
        if (is("--rounds")) {
            rounds_ = std::max(1, std::atoi(value));
        } else if (is("--milliseconds")) {
            turn_milliseconds_ = std::atof(value);
        } else if (is("--only")) {
            only_ = value;
        } else if (!is("--core") || !pin_to_core(std::atoi(value))) {
            refuse(words[0]);
        }
        ++i;
    }
}

inline void comparison::add(candidate one) {
    bool wanted = rows_.empty() || one.name.find(only_) != std::string::npos;
    if (wanted) rows_.push_back({.what = std::move(one), .samples = {}});
}

inline int comparison::run() {
    for (row& one : rows_) calibrate(one);
    for (int round = 0; round < rounds_; ++round) {
        for (row& one : rows_) {
            nanoseconds spent = one.what.measure(one.operations);
            one.samples.push_back(spent.count() / static_cast<double>(one.operations));
        }
    }
    summarise();
    json_ ? print_json() : print_table();
    return 0;
}

// Finds how many operations fill a turn, which also warms caches, predictors and pools.
inline void comparison::calibrate(row& one) const {
    std::uint64_t multiple = one.what.multiple;
    nanoseconds turn(turn_milliseconds_ * 1e6);
    one.operations = multiple;
    for (;;) {
        nanoseconds spent = one.what.measure(one.operations);
        if (spent >= turn / 2) {
            double scale = turn / spent;
            one.operations = static_cast<std::uint64_t>(static_cast<double>(one.operations) * scale);
            break;
        }
        one.operations *= 2;
    }
    one.operations = std::max(multiple, one.operations / multiple * multiple);
}

inline void comparison::summarise() {
    for (row& one : rows_) {
        std::sort(one.samples.begin(), one.samples.end());
        one.least = one.samples.front();
        one.median = one.samples[one.samples.size() / 2];
        one.ratio = one.least / rows_.front().least;
    }
}

inline void comparison::print_table() const {
    std::printf("%-44s %11s %11s %9s %8s\n", "", "least ns", "median ns", "units", "at most");
    for (const row& one : rows_) {
        std::printf("%-44s %11.2f %11.2f %9.2f", one.what.name.c_str(), one.least, one.median, one.ratio);
        if (one.what.limit > 0) {
            std::printf(" %8.2f%s", one.what.limit, one.ratio > one.what.limit ? "  exceeded" : "");
        }
        std::printf("\n");
    }
}

inline void comparison::print_json() const {
    const char* separator = "[";
    for (const row& one : rows_) {
        std::printf("%s\n {\"name\": \"%s\", \"least_ns\": %.4f, \"median_ns\": %.4f, \"units\": %.4f",
                    separator, one.what.name.c_str(), one.least, one.median, one.ratio);
        if (one.what.limit > 0) std::printf(", \"limit\": %.4f", one.what.limit);
        std::printf("}");
        separator = ",";
    }
    std::printf("\n]\n");
}

inline void comparison::refuse(const char* program) {
    std::fprintf(stderr, "usage: %s [--rounds N] [--milliseconds N] [--core N] [--only TEXT] [--json]\n",
                 program);
    std::exit(2);
}

}  // namespace bench
