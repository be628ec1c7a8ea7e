// SPDX-License-Identifier: BSL-1.0
#include <green/io/fd_event.h>

#include <algorithm>
#include <string>

#include <sys/epoll.h>

namespace green::detail {

void fd_event::describe(std::string& out, const void* object) {
    const auto& self = *static_cast<const fd_event*>(object);
    constexpr std::size_t most_named = 8;
    const char* before = "fd ";
    for (const watched_fd& each : self.watched_.first(std::min(self.watched_.size(), most_named))) {
        if (!each.state) continue;
        out += before + std::to_string(each.fd) + (each.events & EPOLLOUT ? " writable" : " readable");
        before = " or fd ";
    }
    if (self.watched_.size() > most_named) out += " or one of " + std::to_string(self.watched_.size() - most_named) + " more";
}

}  // namespace green::detail
