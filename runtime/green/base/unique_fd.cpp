// SPDX-License-Identifier: BSL-1.0
#include <green/base/unique_fd.h>

#include <green/sys/calls.h>

namespace green {

void unique_fd::reset(int fd) noexcept {
    if (fd_ >= 0) sys::close(fd_);
    fd_ = fd;
}

}  // namespace green
