// SPDX-License-Identifier: BSL-1.0
// What greenrun prints is tested by stats_test.py.
#include <green/monkeypatch/statistics.h>

#include <green/green.h>
#include <green/monkeypatch/patch.h>

#include <support/fixture.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace std::chrono_literals;
using namespace green::monkeypatch;

namespace {

const call_statistics* find(const call_list& calls, std::string_view name) {
    auto found = std::ranges::find(calls, name, [](const call_statistics& each) { return std::string_view(each.name); });
    return found == calls.end() ? nullptr : found;
}

// In a child, for they are gathered for good.
template <class Check>
bool holds_in_child(Check check) {
    const pid_t child = ::fork();
    if (child == 0) {
        gather_statistics();
        ::_exit(check() ? 0 : 1);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    return status == 0;
}

void block_for(green::duration d) {
    const timespec wanted{0, static_cast<long>(d.count())};
    ::syscall(SYS_nanosleep, &wanted, nullptr);
}

}  // namespace

TEST_CASE("nothing is counted before statistics are gathered") {
    patch_all();
    ::usleep(1);
    const statistics none = statistics_so_far();
    CHECK(none.parked.size() == 0);
    CHECK(none.since == green::duration::zero());
}

TEST_CASE("a call that is parked still counts, with the time until now") {
    patch_all();
    CHECK(holds_in_child([] {
        int pair[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) return false;
        char byte;
        auto reader = green::spawn([&] { return ::recv(pair[0], &byte, 1, 0); });
        ::usleep(20'000);
        const statistics seen = statistics_so_far();
        const call_statistics* const going_on = find(seen.parked, "recv");
        if (!going_on || going_on->count != 1 || going_on->time < 15ms) return false;
        if (::write(pair[1], "x", 1) != 1 || reader.get() != 1) return false;
        const statistics later = statistics_so_far();
        const call_statistics* const ended = find(later.parked, "recv");
        return ended->count == 1 && ended->time >= going_on->time && find(later.parked, "usleep")->count == 1;
    }));
}

TEST_CASE("every hub is looked at, and threads without one are not") {
    patch_all();
    CHECK(holds_in_child([] {
        std::thread([] { block_for(200ms); }).join();
        const bool native_is_seen = find(statistics_so_far().blocked, "nanosleep");
        std::thread([] {
            green::sleep(1ms);
            block_for(200ms);
        }).join();
        const statistics seen = statistics_so_far();
        const call_statistics* const blocked = find(seen.blocked, "nanosleep");
        return !native_is_seen && blocked && blocked->time >= 100ms && seen.longest_without_a_turn >= 100ms &&
               !seen.trouble && to_text(seen).find("\n  nanosleep ") != std::string::npos;
    }));
}

TEST_CASE("the thread that looks does not hide a deadlock") {
    patch_all();
    CHECK(holds_in_child([] {
        green::event never_set;
        try {
            never_set.wait();
        } catch (const green::would_block_forever&) {
            return true;
        }
        return false;
    }));
}

TEST_CASE("of equal names a list makes one, and puts the longest first") {
    call_list calls;
    calls.add({.name = "read", .count = 1, .time = 1s});
    calls.add({.name = "write", .count = 1, .time = 2s});
    calls.add({.name = "read", .count = 2, .time = 3s});
    calls.sort();
    REQUIRE(calls.size() == 2);
    CHECK(std::string_view(calls[0].name) == "read");
    CHECK(calls[0].count == 3);
    CHECK(calls[0].time == 4s);
    CHECK(calls.total().count == 4);
    CHECK(calls.total().time == 6s);
}
