// SPDX-License-Identifier: BSL-1.0
// What of C++'s standard library waits, on main, on threads, before main and after it: standard_library DIRECTORY, and
// lines on its standard input.
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>
#include <iostream>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <sys/stat.h>

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

namespace {

struct waits_before_and_after {
    explicit waits_before_and_after(const char* name) : name(name) {
        std::this_thread::sleep_for(1ms);
        std::cout << name << " comes\n";
    }
    ~waits_before_and_after() {
        std::this_thread::sleep_for(1ms);
        std::cout << name << " goes" << std::endl;
    }
    const char* name;
} global("a global");

std::string second_thread_says = std::async(std::launch::async, [] {
    std::this_thread::sleep_for(1ms);
    return std::string("a thread before main");
}).get();

void sleeps() {
    const auto began = clock_type::now();
    std::this_thread::sleep_for(3ms);
    std::this_thread::sleep_until(clock_type::now() + 2ms);
    std::this_thread::sleep_until(std::chrono::system_clock::now() + 2ms);
    std::this_thread::sleep_for(-1s);
    std::cout << "slept: " << (clock_type::now() - began >= 7ms) << '\n';
}

void reads_fifo(const std::filesystem::path& place) {
    const auto path = place / "fifo";
    ::mkfifo(path.c_str(), 0600);
    std::jthread writer([&] {
        std::ofstream out(path);
        for (int i = 0; i < 3; ++i) {
            std::this_thread::sleep_for(1ms);
            out << "line " << i << std::endl;
        }
        out << std::string(200'000, 'x');
    });
    std::ifstream in(path);
    for (std::string line; std::getline(in, line);) std::cout << line.substr(0, 10) << ' ' << line.size() << '\n';
    std::filesystem::remove(path);
}

void reads_input() {
    std::string word;
    while (std::cin >> word) std::cout << "read " << word << '\n';
    std::cout << "at its end: " << std::cin.eof() << '\n';
}

void walks(const std::filesystem::path& place) {
    std::filesystem::create_directories(place / "a/b/c");
    std::ofstream(place / "a/b/c/file") << "content";
    std::filesystem::copy(place / "a", place / "copy", std::filesystem::copy_options::recursive);
    std::set<std::string> found;
    for (const auto& each : std::filesystem::recursive_directory_iterator(place))
        found.insert(each.path().lexically_relative(place).string());
    for (const auto& each : found) std::cout << each << '\n';
    std::cout << "copied " << std::filesystem::file_size(place / "copy/b/c/file") << '\n';
    std::cout << "removed " << std::filesystem::remove_all(place / "a") + std::filesystem::remove_all(place / "copy") << '\n';
}

void runs_threads() {
    std::once_flag once;
    int calls = 0;
    std::vector<std::future<int>> results;
    for (int i = 0; i < 8; ++i)
        results.push_back(std::async(std::launch::async, [&, i] {
            std::call_once(once, [&] {
                std::this_thread::sleep_for(2ms);
                ++calls;
            });
            static const int slow = [] {  // the others wait until it is there
                std::this_thread::sleep_for(2ms);
                return 100;
            }();
            return slow + i;
        }));
    int sum = 0;
    for (auto& each : results) sum += each.get();
    std::cout << "sum " << sum << ", called " << calls << '\n';

    std::mutex lock;
    std::condition_variable changed;
    bool done = false;
    std::unique_lock held(lock);
    std::cout << "nobody notifies: " << (changed.wait_for(held, 5ms) == std::cv_status::timeout) << '\n';
    std::jthread notifier([&] {
        std::this_thread::sleep_for(3ms);
        std::lock_guard guard(lock);
        done = true;
        changed.notify_one();
    });
    std::cout << "notified: " << changed.wait_for(held, 60s, [&] { return done; }) << '\n';
    held.unlock();

    std::promise<int> answer;
    auto later = answer.get_future();
    std::cout << "not ready: " << (later.wait_for(2ms) == std::future_status::timeout) << '\n';
    answer.set_value_at_thread_exit(1);
    std::cout << "once more: " << std::async(std::launch::deferred, [] { return 5; }).get() << '\n';
}

}  // namespace

int main(int count, char** words) {
    static waits_before_and_after local("a static");
    if (count != 2) return 2;
    std::cout << second_thread_says << '\n';
    sleeps();
    reads_fifo(words[1]);
    reads_input();
    walks(words[1]);
    runs_threads();
    try {
        std::this_thread::sleep_for(1ms);
        throw std::runtime_error("thrown after a wait");
    } catch (const std::exception& error) {
        std::cout << error.what() << '\n';
    }
}
