// SPDX-License-Identifier: BSL-1.0
#include <green/dns/hosts_file.h>

#include <green/dns/text_table.h>

#include <sys/stat.h>

namespace green::dns::detail {

void hosts_file::refresh() {
    stamp now;
    struct stat found;
    if (!path_.empty() && ::stat(path_.c_str(), &found) == 0)
        now = {found.st_mtim.tv_sec * std::int64_t{1'000'000'000} + found.st_mtim.tv_nsec, found.st_size, found.st_ino};
    if (now == read_at_) return;
    addresses_.clear();
    names_.clear();
    for (const auto& fields : read_table(path_)) {
        const auto address = ip_address::try_parse(fields[0]);
        if (!address || fields.size() < 2) continue;
        for (std::size_t i = 1; i < fields.size(); ++i) addresses_[lower(fields[i])].push_back(*address);
        names_.try_emplace(*address, fields[1]);
    }
    read_at_ = now;
}

const std::vector<ip_address>& hosts_file::addresses_of(std::string_view name) {
    static const std::vector<ip_address> none;
    refresh();
    if (name.ends_with('.')) name.remove_suffix(1);
    auto found = addresses_.find(lower(name));
    return found == addresses_.end() ? none : found->second;
}

std::string hosts_file::name_of(const ip_address& address) {
    refresh();
    auto found = names_.find(address);
    return found == names_.end() ? std::string() : found->second;
}

}  // namespace green::dns::detail
