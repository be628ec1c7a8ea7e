// SPDX-License-Identifier: BSL-1.0
// A million sleeping fibers, or tasks, in one process: what each occupies, whether each fiber has a guard, and whether
// all wake up.
//
//     build/tests/bench/million [--fibers 1000000] [--stack-kib 64] [--bare | --tasks] [--json]
//
// Every fiber sleeps to the same moment, which lies far enough ahead for all of them to have been spawned before it;
// "seconds to wake" counts from there until the last one has been joined. Resident memory and page tables are
// differences between before the first spawn and after the last fiber has fallen asleep, divided by the number of
// fibers; everything the runtime keeps for them is in it. --bare measures suspended contexts without a runtime: the
// floor (one page of stack, and the page table entries of 64 KiB); --tasks the other model. The limits the project set
// itself are 4.6 KiB resident, 0.2 KiB of page tables, and no mapping per fiber; 400 bytes per task. A million fibers
// need about 5 GiB of memory.
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>
#include <green/green.h>

#include "harness.h"
#include "process_memory.h"
#include "reference/bare_sleepers.h"

namespace {

struct million_options {
    std::size_t fibers = 1'000'000;
    std::size_t stack_size_bytes = 65536;
    bool bare = false;
    bool tasks = false;
    bool json = false;
};

struct million_result {
    bench::process_memory before, asleep;
    std::uint64_t guards_before = 0, guards_asleep = 0;
    bench::nanoseconds falling_asleep{0}, waking{0};
    std::size_t finished = 0;
};

million_options parse(int count, char** words) {
    million_options options;
    for (int i = 1; i < count; ++i) {
        auto is = [&](const char* name) { return std::strcmp(words[i], name) == 0; };
        if (is("--bare")) {
            options.bare = true;
        } else if (is("--tasks")) {
            options.tasks = true;
        } else if (is("--json")) {
            options.json = true;
        } else if (is("--fibers") && i + 1 < count) {
            options.fibers = std::strtoull(words[++i], nullptr, 10);
        } else if (is("--stack-kib") && i + 1 < count) {
            options.stack_size_bytes = std::strtoull(words[++i], nullptr, 10) * 1024;
        } else {
            std::fprintf(stderr, "usage: %s [--fibers N] [--stack-kib N] [--bare | --tasks] [--json]\n", words[0]);
            std::exit(2);
        }
    }
    return options;
}

// `count` fibers that sleep to the same moment.
class green_sleepers {
  public:
    green_sleepers(std::size_t count, std::size_t stack_size_bytes)
        : moment_(green::clock::now() + std::chrono::seconds(2) + count * std::chrono::microseconds(25)) {
        fibers_.reserve(count);
        for (std::size_t i = 0; i < count; ++i) {
            fibers_.push_back(green::spawn({.stack_size_bytes = stack_size_bytes}, [this] {
                ++fallen_asleep_;
                green::sleep_until(moment_);
                ++finished_;
            }));
            if (i % 1000 == 0) green::yield();
        }
        while (fallen_asleep_ < count) green::yield();
        asleep_ = finished_ == 0;
    }

    bool all_asleep() const { return asleep_ && finished_ == 0; }

    bench::nanoseconds wake_all() {
        for (auto& one : fibers_) one.join();
        return green::clock::now() - moment_;
    }

    std::size_t finished() const { return finished_; }

  private:
    green::time_point moment_;
    std::vector<green::fiber<void>> fibers_;
    std::size_t fallen_asleep_ = 0;
    std::size_t finished_ = 0;
    bool asleep_ = false;
};

// `count` tasks that do.
class task_sleepers {
  public:
    task_sleepers(std::size_t count, std::size_t)
        : moment_(green::clock::now() + std::chrono::seconds(2) + count * std::chrono::microseconds(5)) {
        tasks_.reserve(count);
        for (std::size_t i = 0; i < count; ++i) tasks_.push_back(green::coro::spawn(sleep()));
        while (fallen_asleep_ < count) green::yield();
        asleep_ = finished_ == 0;
    }

    bool all_asleep() const { return asleep_ && finished_ == 0; }

    bench::nanoseconds wake_all() {
        for (auto& one : tasks_) green::block_on(one);
        return green::clock::now() - moment_;
    }

    std::size_t finished() const { return finished_; }

  private:
    green::coro::task<void> sleep() {
        ++fallen_asleep_;
        co_await green::coro::sleep_until(moment_);
        ++finished_;
    }

    green::time_point moment_;
    std::vector<green::coro::join_handle<void>> tasks_;
    std::size_t fallen_asleep_ = 0;
    std::size_t finished_ = 0;
    bool asleep_ = false;
};

// Sleepers is constructed from the number of fibers and the stack size and returns when all are asleep;
// wake_all() returns when all have finished, and how long that took.
template <class Sleepers>
million_result measure(const million_options& options) {
    million_result result;
    result.guards_before = bench::count_guards();
    result.before = bench::read_process_memory();
    auto start = std::chrono::steady_clock::now();
    Sleepers sleepers(options.fibers, options.stack_size_bytes);
    result.falling_asleep = std::chrono::steady_clock::now() - start;
    result.asleep = bench::read_process_memory();
    result.guards_asleep = bench::count_guards();
    if (!sleepers.all_asleep()) {
        std::fprintf(stderr, "million: some woke up before all were asleep; this machine is too slow\n");
        std::exit(1);
    }
    result.waking = sleepers.wake_all();
    result.finished = sleepers.finished();
    return result;
}

void print(const million_options& options, const million_result& result) {
    double fibers = static_cast<double>(options.fibers);
    double resident = static_cast<double>(result.asleep.resident_kib - result.before.resident_kib) / fibers;
    double tables = static_cast<double>(result.asleep.page_table_kib - result.before.page_table_kib) / fibers;
    long long mappings = static_cast<long long>(result.asleep.mapping_count) -
                         static_cast<long long>(result.before.mapping_count);
    unsigned long long guards = result.guards_asleep - result.guards_before;
    const char* form =
        options.json
            ? "{\"fibers\": %zu, \"stack_kib\": %zu, \"resident_kib_each\": %.3f, "
              "\"page_table_kib_each\": %.3f, \"new_mappings\": %lld, \"guards\": %llu, "
              "\"asleep_seconds\": %.3f, \"woken_seconds\": %.3f, \"finished\": %zu}\n"
            : "fibers               %12zu\nstack KiB            %12zu\n"
              "resident KiB each    %12.3f\npage table KiB each  %12.3f\n"
              "new mappings         %12lld\nguards               %12llu\n"
              "seconds to sleep     %12.3f\nseconds to wake      %12.3f\nfinished             %12zu\n";
    std::printf(form, options.fibers, options.stack_size_bytes / 1024, resident, tables, mappings, guards,
                result.falling_asleep.count() / 1e9, result.waking.count() / 1e9, result.finished);
}

}  // namespace

int main(int count, char** words) {
    million_options options = parse(count, words);
    million_result result =
        options.bare    ? measure<bench::bare_sleepers>(options)
        : options.tasks ? measure<task_sleepers>(options)
                        : measure<green_sleepers>(options);
    print(options, result);
    return result.finished == options.fibers ? 0 : 1;
}
