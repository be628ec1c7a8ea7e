// SPDX-License-Identifier: BSL-1.0
// Names that are in a hosts file (hosts(5)).
#pragma once

#include <green/base/address.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace green::dns::detail {

// Reads its file at the first question, and again when the file has changed. A file that cannot be read is empty, as
// for every resolver. Does not park; reading the file blocks the thread as briefly as libc's own look-up would.
class hosts_file {
  public:
    explicit hosts_file(std::string path) : path_(std::move(path)) {}

    // All addresses of that name or alias, in the order of the file. Case does not count, nor does a final dot.
    const std::vector<ip_address>& addresses_of(std::string_view name);
    // The first name of that address; empty when there is none.
    std::string name_of(const ip_address& address);

  private:
    struct stamp {
        std::int64_t modified_ns = -1;
        std::int64_t size_bytes = -1;
        std::uint64_t inode = 0;
        bool operator==(const stamp&) const = default;
    };
    void refresh();

    std::string path_;
    stamp read_at_;
    std::unordered_map<std::string, std::vector<ip_address>> addresses_;
    std::unordered_map<ip_address, std::string> names_;
};

}  // namespace green::dns::detail
