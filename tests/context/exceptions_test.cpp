// SPDX-License-Identifier: BSL-1.0
// What belongs to the flow and not to the thread: caught exceptions, errno, the rounding mode.
#include <green/context/context.h>

#include <green/green.h>

#include <support/fixture.h>

#include <doctest/doctest.h>

#include <cerrno>
#include <cfenv>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace {
std::string message(const std::exception_ptr& e) {
    try {
        if (!e) return "none";
        std::rethrow_exception(e);
    } catch (const std::exception& error) {
        return error.what();
    }
}
}  // namespace

TEST_CASE_FIXTURE(support::leak_check, "fibers suspended each inside its own catch keep their own exceptions") {
    std::vector<green::fiber<std::string>> fibers;
    for (int i = 0; i < 5; ++i)
        fibers.push_back(green::spawn([i] {
            try {
                throw std::runtime_error("exception " + std::to_string(i));
            } catch (const std::exception& e) {
                // They leave their handlers in another order than they entered them.
                for (int turn = 0; turn < 5 - i; ++turn) green::yield();
                CHECK(message(std::current_exception()) == e.what());
                return message(std::current_exception());
            }
        }));
    for (int i = 0; i < 5; ++i) CHECK(fibers[static_cast<std::size_t>(i)].get() == "exception " + std::to_string(i));
}

TEST_CASE_FIXTURE(support::leak_check, "a bare rethrow after a switch throws the fiber's own exception") {
    auto rethrowing = [](const char* what) {
        return green::spawn([what]() -> std::string {
            try {
                try {
                    throw std::runtime_error(what);
                } catch (...) {
                    green::yield();
                    throw;
                }
            } catch (const std::exception& e) {
                return e.what();
            }
        });
    };
    auto one = rethrowing("one"), other = rethrowing("other");
    CHECK(one.get() == "one");
    CHECK(other.get() == "other");
}

TEST_CASE_FIXTURE(support::leak_check, "a new fiber has no exception, wherever it is spawned") {
    try {
        throw std::runtime_error("the spawner's");
    } catch (...) {
        auto fresh = green::spawn([] {
            CHECK(std::uncaught_exceptions() == 0);
            return message(std::current_exception());
        });
        CHECK(fresh.get() == "none");
        CHECK(message(std::current_exception()) == "the spawner's");
    }
}

TEST_CASE_FIXTURE(support::leak_check, "a switch while a stack is being unwound leaves the other fiber out of it") {
    int seen_by_other = -1, seen_by_self = -1;
    struct yields {
        int& seen;
        ~yields() {
            green::yield();
            seen = std::uncaught_exceptions();
        }
    };
    auto unwinding = green::spawn([&] {
        try {
            yields guard{seen_by_self};
            throw std::runtime_error("up");
        } catch (const std::exception&) {
        }
    });
    auto other = green::spawn([&] {
        seen_by_other = std::uncaught_exceptions();
        try {
            throw std::logic_error("independent");
        } catch (const std::logic_error&) {
        }
    });
    unwinding.join();
    other.join();
    CHECK(seen_by_other == 0);
    CHECK(seen_by_self == 1);
}

TEST_CASE_FIXTURE(support::leak_check, "exceptions nest on each side of a switch") {
    auto nested = [](int depth) {
        auto descend = [](auto& self, int left) -> int {
            if (left == 0) return 0;
            try {
                throw left;
            } catch (int caught) {
                green::yield();
                int below = self(self, left - 1);
                green::yield();
                return caught + below;
            }
        };
        return descend(descend, depth);
    };
    auto one = green::spawn(nested, 10), other = green::spawn(nested, 20);
    CHECK(one.get() == 55);
    CHECK(other.get() == 210);
    CHECK(!std::current_exception());
}

TEST_CASE_FIXTURE(support::leak_check, "errno belongs to the fiber") {
    auto sets = [](int value) {
        return green::spawn([value] {
            CHECK(errno == 0);
            errno = value;
            green::yield();
            green::sleep(1us);
            return errno;
        });
    };
    errno = 1;
    auto one = sets(ENOENT), other = sets(EBUSY);
    CHECK(one.get() == ENOENT);
    CHECK(other.get() == EBUSY);
    CHECK(errno == 1);
}

TEST_CASE_FIXTURE(support::leak_check, "the rounding mode belongs to the fiber") {
    auto rounds = [](int mode) {
        return green::spawn([mode] {
            std::fesetround(mode);
            green::yield();
            const bool kept = std::fegetround() == mode;
            std::fesetround(FE_TONEAREST);
            return kept;
        });
    };
    auto up = rounds(FE_UPWARD), down = rounds(FE_DOWNWARD);
    CHECK(up.get());
    CHECK(down.get());
    CHECK(std::fegetround() == FE_TONEAREST);
}
