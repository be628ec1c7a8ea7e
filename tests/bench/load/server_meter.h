// SPDX-License-Identifier: BSL-1.0
// Reads from outside what another process has used: CPU time, and on request its system calls. Knows nothing
// of what that process serves.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <string>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

namespace bench {

struct server_reading {
    std::chrono::nanoseconds cpu{0};
    std::uint64_t system_calls = 0;
    std::uint64_t epoll_ctls = 0;
};

// A meter for the process `pid`.
//
// CPU time comes from the process's own clock, which the kernel brings up to date to the nanosecond when
// asked; /proc/PID/stat would be off by up to a hundredth of a second. System calls are counted by two
// tracepoints opened on the main thread and on threads started later. A counting tracepoint records nothing
// and stops nobody, but still adds some tens of nanoseconds to each system call: read CPU time and system
// calls in separate runs.
class server_meter {
  public:
    // pid 0 makes a meter that reads zeros. Counting needs root, or kernel.perf_event_paranoid at -1;
    // can_count_calls tells whether the kernel agreed.
    server_meter(pid_t pid, bool count_calls);
    ~server_meter();
    server_meter(const server_meter&) = delete;
    server_meter& operator=(const server_meter&) = delete;

    bool can_count_calls() const { return all_calls_ >= 0 && epoll_ctls_ >= 0; }
    server_reading read() const;

  private:
    static int open_counter(pid_t pid, const char* tracepoint);
    static std::uint64_t value_of(int counter);

    pid_t pid_;
    clockid_t clock_{};
    int all_calls_ = -1;
    int epoll_ctls_ = -1;
};

inline server_meter::server_meter(pid_t pid, bool count_calls) : pid_(pid) {
    if (pid_ != 0 && ::clock_getcpuclockid(pid_, &clock_) != 0) pid_ = 0;
    if (pid_ == 0 || !count_calls) return;
    all_calls_ = open_counter(pid_, "raw_syscalls/sys_enter");
    epoll_ctls_ = open_counter(pid_, "syscalls/sys_enter_epoll_ctl");
}

inline server_meter::~server_meter() {
    if (all_calls_ >= 0) ::close(all_calls_);
    if (epoll_ctls_ >= 0) ::close(epoll_ctls_);
}

inline server_reading server_meter::read() const {
    server_reading reading;
    timespec time{};
    if (pid_ != 0 && ::clock_gettime(clock_, &time) == 0) {
        reading.cpu = std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
    }
    reading.system_calls = value_of(all_calls_);
    reading.epoll_ctls = value_of(epoll_ctls_);
    return reading;
}

// Returns a descriptor to read the count from, or -1 where the kernel does not allow it.
inline int server_meter::open_counter(pid_t pid, const char* tracepoint) {
    std::ifstream file(std::string("/sys/kernel/tracing/events/") + tracepoint + "/id");
    perf_event_attr attributes{};
    attributes.size = sizeof attributes;
    attributes.type = PERF_TYPE_TRACEPOINT;
    attributes.inherit = 1;
    if (!(file >> attributes.config)) return -1;
    return static_cast<int>(
        ::syscall(SYS_perf_event_open, &attributes, pid, /*cpu=*/-1, /*group=*/-1, PERF_FLAG_FD_CLOEXEC));
}

inline std::uint64_t server_meter::value_of(int counter) {
    std::uint64_t value = 0;
    if (counter < 0 || ::read(counter, &value, sizeof value) != sizeof value) return 0;
    return value;
}

}  // namespace bench
