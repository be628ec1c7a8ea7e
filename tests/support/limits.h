// SPDX-License-Identifier: BSL-1.0
// Running out of what the system gives.
#pragma once

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace support {

// While it lives, the process has less of a resource than it had (setrlimit(2)).
class lowered_limit {
  public:
    lowered_limit(int resource, rlim_t limit) : resource_(static_cast<__rlimit_resource>(resource)) {
        ::getrlimit(resource_, &before_);
        const rlimit low{limit, before_.rlim_max};
        ::setrlimit(resource_, &low);
    }
    ~lowered_limit() { ::setrlimit(resource_, &before_); }
    lowered_limit(const lowered_limit&) = delete;
    lowered_limit& operator=(const lowered_limit&) = delete;

  private:
    __rlimit_resource resource_;
    rlimit before_{};
};

// While it lives, no descriptor can be opened: EMFILE.
class no_descriptors_left : lowered_limit {
  public:
    no_descriptors_left() : lowered_limit(RLIMIT_NOFILE, lowest_free()) {}

  private:
    static rlim_t lowest_free() {
        const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        ::close(fd);
        return static_cast<rlim_t>(fd);
    }
};

// While it lives, no address space can be had: ENOMEM. Not under a sanitizer, which needs more all the time.
class no_memory_left : lowered_limit {
  public:
    no_memory_left() : lowered_limit(RLIMIT_AS, 0) {}
};

}  // namespace support
