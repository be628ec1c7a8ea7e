// SPDX-License-Identifier: BSL-1.0
// What resolv.conf says (resolv.conf(5)).
#pragma once

#include <green/base/address.h>
#include <green/base/time.h>

#include <string>
#include <vector>

namespace green::dns::detail {

// The lines nameserver, search, domain (the last of the two counts), and options ndots, timeout, attempts, rotate; what
// else there is, is passed over. A file that cannot be read is empty, which means a server on this machine.
struct resolv_conf {
    std::vector<endpoint> servers{};
    std::vector<std::string> search{};
    int dots = 1;
    duration timeout = std::chrono::seconds(2);
    int try_count = 3;
    bool rotate = false;

    static resolv_conf read(const std::string& path);
};

}  // namespace green::dns::detail
