// SPDX-License-Identifier: BSL-1.0
// What the patch has done for a program, in figures: which calls parked, and what blocked the hubs all the same.
//
//     green::monkeypatch::patch_all();
//     green::monkeypatch::gather_statistics();
//     serve();
//     std::cerr << to_text(green::monkeypatch::statistics_so_far());
//
// greenrun --stats prints them when the program ends.
#pragma once

#include <green/base/time.h>
#include <green/monkeypatch/symbols.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace green::monkeypatch {

// How often a function was called and how long that took, all together.
struct call_statistics {
    char name[40] = "";
    std::uint64_t count = 0;
    duration time{};
};

// At most `size()` of them, longest first.
class call_list {
  public:
    const call_statistics* begin() const noexcept { return calls_.data(); }
    const call_statistics* end() const noexcept { return calls_.data() + size_; }
    std::size_t size() const noexcept { return size_; }
    const call_statistics& operator[](std::size_t index) const noexcept { return calls_[index]; }
    call_statistics total() const noexcept;

    // What has the same name becomes one.
    void add(const call_statistics& more) noexcept;
    void sort() noexcept;

  private:
    static constexpr std::size_t most = 160;
    static_assert(detail::symbol_count <= most);
    std::array<call_statistics, most> calls_{};
    std::size_t size_ = 0;
};

struct statistics {
    duration since{};  // they began to be gathered
    // Bits by `family`, and how many names of libc are taken over.
    unsigned families = 0;
    std::size_t name_count = 0;
    // Calls that have parked, in all threads, those that are parked now among them. A call that need not wait is not
    // counted.
    call_list parked;
    // What threads with a hub slept in beside the hub's own wait, by the libc function or else the system call. Seen by a
    // look every millisecond: times are estimates, and counts at least.
    call_list blocked;
    duration computing{};               // of these threads, estimated likewise; also waiting for a processor
    duration longest_without_a_turn{};  // in which a thread's fibers did not give way to each other
    // Why nothing was seen of what blocks, or not all; null when it was.
    const char* trouble = nullptr;
    int trouble_error = 0;  // its errno
};

// From now on statistics are gathered, for the whole process and for good. A thread is started for it that looks at the
// hubs' threads, and at the calling one if it has called patch_all(), until the calling thread ends. In the child of a
// fork they begin anew. May be repeated. Does not park.
void gather_statistics() noexcept;
// All zero when none are gathered. Any thread, also in a signal handler. Does not park.
statistics statistics_so_far() noexcept;
// As greenrun --stats prints them. Throws std::bad_alloc.
std::string to_text(const statistics& of);

}  // namespace green::monkeypatch
