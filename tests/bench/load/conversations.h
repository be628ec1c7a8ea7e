// SPDX-License-Identifier: BSL-1.0
// What a load says to a server and what it expects to hear: requests of one size, answers of one size, each known from
// its number alone, so that none has to be kept while it is under way. Knows no sockets.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace bench {

// Everything comes back. A message starts with its number, which no other of the run has.
class echoed_bytes {
  public:
    explicit echoed_bytes(std::size_t size) : pattern_(size, '\0') {
        for (std::size_t i = 0; i < size; ++i) pattern_[i] = static_cast<char>(i * 37 + (i >> 8) + 11);
    }
    std::size_t request_size() const { return pattern_.size(); }
    std::size_t answer_size() const { return pattern_.size(); }
    void prepare(char* request) const { std::memcpy(request, pattern_.data(), pattern_.size()); }
    void number(char* request, std::uint64_t number) const { std::memcpy(request, &number, sizeof number); }
    // Whether `part`, which starts at `offset` of the answer to `number`, is as it must be.
    bool is_right(const char* part, std::size_t offset, std::size_t size, std::uint64_t number) const {
        if (offset < sizeof number) {
            const std::size_t head = std::min(size, sizeof number - offset);
            if (std::memcmp(part, reinterpret_cast<const char*>(&number) + offset, head) != 0) return false;
            part += head, offset += head, size -= head;
        }
        return std::memcmp(part, pattern_.data() + offset, size) == 0;
    }
    static bool is_timed(std::uint64_t) { return true; }

  private:
    std::string pattern_;
};

// Of the workload `mixed`: one request in a hundred is slow. Only the fast ones are timed.
class lines {
  public:
    static std::size_t request_size() { return 5; }
    static std::size_t answer_size() { return 3; }
    static void prepare(char*) {}
    static void number(char* request, std::uint64_t number) {
        std::memcpy(request, is_timed(number) ? "fast\n" : "slow\n", 5);
    }
    static bool is_right(const char* part, std::size_t offset, std::size_t size, std::uint64_t) {
        return std::memcmp(part, "ok\n" + offset, size) == 0;
    }
    static bool is_timed(std::uint64_t number) { return (number * 0x9e3779b97f4a7c15u >> 33) % 100 != 0; }
};

}  // namespace bench
