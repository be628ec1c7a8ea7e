// SPDX-License-Identifier: BSL-1.0
// A patched call that may have to wait, by its name, and the counting of those that do (statistics.h).
//
//     waiting_call call("recv")         what a call has from its beginning on
//     counted_park parked(call)         around each of its waits: the call counts once, the time of all
//
// Every wait of the patch goes through interruptible_wait(), or is a question to name servers (lookup.cpp): there they
// are counted. As long as nobody gathers statistics a wait costs one relaxed load more.
#pragma once

#include <green/base/time.h>

#include <atomic>
#include <cstdint>

namespace green::monkeypatch::detail {

extern constinit std::atomic<bool> parks_are_counted;

class waiting_call {
  public:
    // `name` is one of symbols.def, and not a copy.
    waiting_call(const char* name) noexcept : name_(name) {}
    waiting_call(const waiting_call&) = delete;
    waiting_call& operator=(const waiting_call&) = delete;

    const char* name() const noexcept { return name_; }

  private:
    friend class counted_park;
    const char* name_;
    bool is_counted_ = false;
};

struct park_counter;

class counted_park {
  public:
    explicit counted_park(waiting_call& call) noexcept {
        if (parks_are_counted.load(std::memory_order_relaxed)) [[unlikely]] begin(call);
    }
    ~counted_park() {
        if (counter_) [[unlikely]] end();
    }
    counted_park(const counted_park&) = delete;
    counted_park& operator=(const counted_park&) = delete;

  private:
    void begin(waiting_call& call) noexcept;
    void end() noexcept;

    park_counter* counter_ = nullptr;  // null: not counted
};

void forget_parks() noexcept;  // in the child of a fork

// What has been counted of symbols[index], with the waits that go on. Any thread.
struct park_count {
    std::uint64_t calls = 0;
    duration time{};
};
park_count parks_of(std::size_t index) noexcept;

}  // namespace green::monkeypatch::detail
