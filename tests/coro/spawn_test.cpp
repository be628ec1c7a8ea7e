// SPDX-License-Identifier: BSL-1.0
// Spawned tasks: joining, killing, links, scopes, and the ends of things.
#include <green/coro/spawn.h>

#include <green/green.h>
#include <green/inspect/fibers.h>

#include <support/build_variant.h>
#include <support/child.h>
#include <support/contains.h>
#include <support/fixture.h>
#include <support/limits.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <malloc.h>
#include <unistd.h>

using namespace std::chrono_literals;
namespace coro = green::coro;
using support::contains;

namespace {
coro::task<void> nap(green::duration d) {
    co_await coro::sleep(d);
}

// As many as the heap of a hub takes at first: a page of deadlines and pointers, without the first three.
std::size_t room_for_timers() {
    return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) / 16 - 3;
}

// All that malloc(3) could still give: blocks of ever smaller sizes, which are never given back.
void use_up_memory() {
    static std::array<void* volatile, 10'000> blocks;  // the compiler does without those that nobody looks at
    for (std::size_t bytes = 1 << 16, i = 0; bytes >= 512; bytes /= 2)
        while (void* block = i < blocks.size() ? std::malloc(bytes) : nullptr) blocks[i++] = block;
}
}  // namespace

// With memory left over from tasks that have ended, so that it is the heap of timers that cannot grow.
SCENARIO_IN_CHILD(no_memory_for_a_timer) {
    auto wait = [](std::shared_ptr<int>) -> coro::task<void> { co_return; };
    auto owned = std::make_shared<int>();
    std::vector<coro::join_handle<void>> tasks;
    const std::size_t full = room_for_timers();
    while (tasks.size() < full) tasks.push_back(coro::spawn_after(1h, wait, owned));
    tasks.reserve(1000);
    for (int i = 0; i < 20; ++i) tasks.push_back(coro::spawn(wait, owned));
    green::yield();
    tasks.resize(full);
    {
        support::no_memory_left limit;
        use_up_memory();
        try {
            for (;;) tasks.push_back(coro::spawn_after(1h, wait, owned));
        } catch (const std::bad_alloc&) {
        }
    }
    std::printf("%zu wait, %ld hold on to it\n", tasks.size(), owned.use_count() - 1);
    for (auto& each : tasks) each.kill_soon();
    for (auto& each : tasks) green::block_on(each);
    std::printf("%ld\n", owned.use_count() - 1);
    green::block_on(coro::spawn_after(0s, wait, owned));
}

TEST_CASE("no memory for the timer of a task is an error that leaves nothing behind" * doctest::skip(support::with_sanitizer)) {
    auto end = support::run_child("no_memory_for_a_timer");
    CHECK(end.exit_status == 0);
    const std::string all = std::to_string(room_for_timers());
    CHECK(end.output == all + " wait, " + all + " hold on to it\n0\n");
}

// Far more than the standard library's own reserve has exceptions for.
static std::vector<coro::join_handle<void>> many_asleep() {
    std::vector<coro::join_handle<void>> tasks;
    for (int i = 0; i < 5'000; ++i) tasks.push_back(coro::spawn(nap(1h)));
    green::yield();
    return tasks;
}

SCENARIO_IN_CHILD(kill_without_memory) {
    auto tasks = many_asleep();
    const support::no_memory_left limit;
    use_up_memory();
    for (auto& each : tasks) each.kill_soon();
    green::yield();
    std::printf("%ld\n", std::count_if(tasks.begin(), tasks.end(), [](auto& each) { return each.was_killed(); }));
}

SCENARIO_IN_CHILD(end_without_memory) {
    many_asleep();
    static const support::no_memory_left limit;
    use_up_memory();
}

TEST_CASE("killing needs no memory for each victim" * doctest::skip(support::with_sanitizer)) {
    auto end = support::run_child("kill_without_memory");
    CHECK(end.exit_status == 0);
    CHECK(end.output == "5000\n");
}

TEST_CASE("main may return when there is no memory left" * doctest::skip(support::with_sanitizer)) {
    auto end = support::run_child("end_without_memory");
    CHECK(end.exit_status == 0);
    CHECK(end.errors == "");
}

static coro::task<void> fail_as(std::string what) {
    co_await coro::yield();
    throw std::runtime_error(what);
}

SCENARIO_IN_CHILD(nobody_takes_it_from_a_task) {
    coro::spawn({.name = "function"}, fail_as("1"));
    coro::spawn({.name = "lambda"}, [] { return fail_as("2"); });
    coro::spawn({.name = "with arguments"}, [](std::string what) -> coro::task<void> { co_await fail_as(what); }, "3");
    coro::spawn({.name = "unstarted"}, fail_as("4")).kill_soon(std::make_exception_ptr(std::runtime_error("5")));
    coro::spawn_on(green::hub::current(), {.name = "posted"}, fail_as("6"));
    green::sleep(10ms);
}

TEST_CASE("an exception that nobody takes from a task is reported with its name and origin") {
    const std::string errors = support::run_child("nobody_takes_it_from_a_task").errors;
    const auto line_of = [&](std::string name) {
        const auto at = errors.find("green: task \"" + name + "\" of ");
        return at == errors.npos ? "no line of " + name : errors.substr(at, errors.find('\n', at) - at);
    };
    CAPTURE(errors);
    for (const char* name : {"function", "unstarted", "posted"}) CHECK(contains(line_of(name), "fail_as(std::string)"));
    for (const char* name : {"lambda", "with arguments"})
        CHECK(contains(line_of(name), "of scenario_nobody_takes_it_from_a_task()::"));
    CHECK(line_of("lambda").ends_with("that nobody took: 2"));
}

// With its frame, its block, its timer and its handle.
TEST_CASE_FIXTURE(support::virtual_time,
                  "a sleeping task takes at most 400 bytes" * doctest::skip(support::with_sanitizer)) {
    auto second = []() -> coro::task<void> { co_await coro::sleep(1s); };
    constexpr std::size_t count = 30'000;  // nearly a full heap of timers, which grows to twice its size
    std::vector<coro::join_handle<void>> all;
    all.reserve(count);
    const auto before = mallinfo2();
    for (std::size_t i = 0; i < count; ++i) all.push_back(coro::spawn(second()));
    green::yield();
    const auto asleep = mallinfo2();
    const std::size_t used_bytes = asleep.uordblks + asleep.hblkhd - before.uordblks - before.hblkhd;
    CHECK(used_bytes / count + sizeof(coro::join_handle<void>) <= 400);
    for (auto& each : all) green::block_on(each);
}

TEST_CASE_FIXTURE(support::leak_check,
                  "get() gives the result again and again, and moves it out of a handle that goes") {
    auto make = []() -> coro::task<std::string> { co_return "text"; };
    auto handle = coro::spawn(make());
    auto twice = [&]() -> coro::task<void> {
        CHECK(co_await handle.get() == "text");
        CHECK(co_await handle.get() == "text");
        std::string taken = co_await std::move(handle).get();
        CHECK(taken == "text");
    };
    green::block_on(twice());

    auto only_moved = []() -> coro::task<std::unique_ptr<int>> { co_return std::make_unique<int>(3); };
    auto moves = [&]() -> coro::task<void> {
        std::unique_ptr<int> taken = co_await coro::spawn(only_moved()).get();
        CHECK(*taken == 3);
    };
    green::block_on(moves());
    std::unique_ptr<int> taken = green::block_on(coro::spawn(only_moved()));
    CHECK(*taken == 3);
    int referenced = 1;
    auto refers = [&]() -> coro::task<int&> { co_return referenced; };
    CHECK(&green::block_on(coro::spawn(refers())) == &referenced);
    CHECK(green::block_on(coro::with_timeout(std::chrono::seconds(1), refers())) == 1);
}

TEST_CASE_FIXTURE(support::leak_check,
                  "a task that cannot be spawned, because a value cannot be copied to it, is destroyed unstarted") {
    struct unique {
        explicit unique(bool) {}
        unique(const unique&) { throw std::runtime_error("one of a kind"); }
    };
    static green::inheritable_fiber_local<std::optional<unique>> value;
    auto argument = std::make_shared<int>();
    green::spawn([&] {
        value->emplace(true);
        auto body = [](std::shared_ptr<int>) -> coro::task<void> { co_return; };
        CHECK_THROWS_WITH(coro::spawn(body(argument)), "one of a kind");
    }).join();
    CHECK(argument.use_count() == 1);
}

TEST_CASE_FIXTURE(support::leak_check, "get() throws what the task threw; join() does not") {
    auto thrower = []() -> coro::task<int> {
        co_await coro::yield();
        throw std::runtime_error("broken");
    };
    auto handle = coro::spawn(thrower());
    auto check = [&]() -> coro::task<void> {
        co_await handle.join();
        CHECK_FALSE(handle.succeeded());
        CHECK_THROWS_WITH(co_await handle.get(), "broken");
    };
    green::block_on(check());
}

TEST_CASE_FIXTURE(support::virtual_time, "join_for() gives up in time, and leaves the task alone") {
    auto handle = coro::spawn(nap(1s));
    auto check = [&]() -> coro::task<void> {
        CHECK_FALSE(co_await handle.join_for(100ms));
        CHECK_FALSE(handle.ended());
        CHECK(co_await handle.join_for(2s));
    };
    green::block_on(check());
}

TEST_CASE_FIXTURE(support::leak_check, "a task killed before it started never runs, and its links fire") {
    bool ran = false, linked = false;
    auto handle = coro::spawn([&]() -> coro::task<void> {
        ran = true;
        co_return;
    });
    handle.link([&] { linked = true; });
    green::block_on([](auto victim) -> coro::task<void> { co_await victim.kill(); }(handle));
    green::yield();
    CHECK_FALSE(ran);
    CHECK(linked);
    CHECK(handle.was_killed());
}

TEST_CASE_FIXTURE(support::virtual_time, "a kill unwinds every level of a sleeping task before it returns") {
    std::string log;
    struct at_scope_end {
        std::string& log;
        const char* what;
        ~at_scope_end() { log += what; }
    };
    auto inner = [&]() -> coro::task<void> {
        at_scope_end last{log, "inner;"};
        co_await coro::sleep(1h);
    };
    auto handle = coro::spawn([&]() -> coro::task<void> {
        at_scope_end last{log, "outer;"};
        co_await inner();
    });
    green::sleep(1ms);
    green::block_on([](auto victim) -> coro::task<void> { co_await victim.kill(); }(handle));
    CHECK(log == "inner;outer;");
    CHECK(handle.was_killed());
}

TEST_CASE_FIXTURE(support::leak_check, "get() of a task that was killed says that there is no result") {
    auto handle = coro::spawn([]() -> coro::task<int> { co_return 1; });
    handle.kill_soon();
    auto check = [&]() -> coro::task<void> { CHECK_THROWS_AS(co_await handle.get(), green::no_result); };
    green::block_on(check());
}

TEST_CASE_FIXTURE(support::leak_check, "a task that joins itself is told so") {
    coro::task_handle self;
    auto handle = coro::spawn([&]() -> coro::task<bool> {
        try {
            co_await self.join();
        } catch (const std::system_error& error) {
            co_return error.code() == std::errc::resource_deadlock_would_occur;
        }
        co_return false;
    });
    self = handle;
    CHECK(green::block_on(handle));
}

TEST_CASE_FIXTURE(support::virtual_time, "a timeout around a task cuts its waits short, by identity") {
    auto outer = []() -> coro::task<std::string> {
        std::string log;
        green::timeout patient(10s);
        {
            green::timeout hasty(100ms);
            try {
                co_await nap(1s);
            } catch (const green::cancelled& request) {
                log += hasty.owns(request) ? "inner;" : "?";
                log += patient.owns(request) ? "?" : "";
            }
        }
        co_await nap(1s);
        log += patient.expired() ? "?" : "outer still armed;";
        try {
            co_await nap(1min);
        } catch (const green::cancelled& request) {
            log += patient.owns(request) ? "outer;" : "?";
        }
        co_return log;
    };
    CHECK(green::block_on(outer()) == "inner;outer still armed;outer;");
    CHECK(green::block_on(coro::spawn(outer())) == "inner;outer still armed;outer;");
}

TEST_CASE_FIXTURE(support::virtual_time, "a cancelled scope refuses every further wait, and others still run") {
    int refused = 0;
    auto stubborn = coro::spawn([&]() -> coro::task<void> {
        green::cancel_scope scope;
        scope.cancel();
        while (refused < 1000) {
            try {
                co_await coro::sleep(1s);
            } catch (const green::cancelled&) {
                ++refused;
            }
        }
    });
    green::block_on(stubborn);
    CHECK(refused == 1000);
}

TEST_CASE_FIXTURE(support::leak_check, "a shielded wait runs through a kill, which strikes afterwards") {
    std::string log;
    auto handle = coro::spawn([&]() -> coro::task<void> {
        {
            green::cancel_scope shield({.shielded = true});
            co_await coro::sleep(20ms);
            log += "shielded;";
        }
        co_await coro::sleep(1h);
        log += "?";
    });
    green::sleep(1ms);
    handle.kill_soon();
    green::block_on([](auto h) -> coro::task<void> { co_await h.join(); }(handle));
    CHECK(log == "shielded;");
    CHECK(handle.was_killed());
}

SCENARIO_IN_CHILD(careless_task) {
    coro::spawn({.name = "careless"}, []() -> coro::task<void> {
        co_await coro::yield();
        throw std::runtime_error("lost");
    });
    for (int i = 0; i < 3; ++i) green::yield();
}

TEST_CASE("an exception that nobody takes is reported once, with the task's name") {
    const std::string errors = support::run_child("careless_task").errors;
    CHECK(errors.starts_with("green: task \"careless\" of "));
    CHECK(errors.ends_with(" ended with an exception that nobody took: lost\n"));
    CHECK(std::count(errors.begin(), errors.end(), '\n') == 1);
}

TEST_CASE("a thread that ends unwinds the tasks that are still suspended") {
    bool unwound = false;
    std::thread([&] {
        struct at_end {
            bool& flag;
            ~at_end() { flag = true; }
        };
        coro::spawn([&]() -> coro::task<void> {
            at_end last{unwound};
            co_await coro::sleep(1h);
        });
        green::sleep(1ms);
    }).join();
    CHECK(unwound);
}

TEST_CASE_FIXTURE(support::leak_check, "a dump lists tasks with what they wait for") {
    auto handle = coro::spawn({.name = "sleeper"}, nap(1h));
    green::sleep(1ms);
    bool found = false;
    for (const auto& each : green::inspect::fibers())
        if (each.name == "sleeper") found = each.situation.starts_with("sleep, timer in") && each.stack_size_bytes == 0;
    CHECK(found);
    green::block_on([](auto h) -> coro::task<void> { co_await h.kill(); }(handle));
}

SCENARIO_IN_CHILD(gets_from_an_empty_join_handle) { (void)coro::join_handle<int>().get(); }
SCENARIO_IN_CHILD(joins_an_empty_join_handle) { (void)coro::join_handle<void>().join(); }

TEST_CASE("an empty handle says that it names no task, and aborts") {
    for (const char* scenario : {"gets_from_an_empty_join_handle", "joins_an_empty_join_handle"}) {
        CAPTURE(scenario);
        auto end = support::run_child(scenario);
        CHECK(end.signal == SIGABRT);
        CHECK(end.errors.find("names no fiber or task") != std::string::npos);
    }
}

TEST_CASE("one that is to start later ends with its thread, and takes name and arguments like another") {
    green::agent_handle later, named;
    int given = 0;
    std::thread([&] {
        auto keep = [&](int n) -> coro::task<void> {
            given = n;
            co_return;
        };
        later = coro::spawn_after(1h, keep, 1);
        const auto soon = coro::spawn_after(1ms, {.name = "named"}, keep, 2);
        named = soon;
        green::block_on(soon);
    }).join();
    CHECK(later.was_killed());
    CHECK(named.name() == "named");
    CHECK(given == 2);
}
