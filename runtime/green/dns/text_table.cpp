// SPDX-License-Identifier: BSL-1.0
#include <green/dns/text_table.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>

namespace green::dns::detail {

std::vector<std::vector<std::string>> read_table(const std::string& path) {
    constexpr std::string_view blanks = " \t\r\n";
    std::vector<std::vector<std::string>> table;
    // stdio, and not a stream of std: libstdc++'s read(2) is a name that a patch may take.
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"), &std::fclose);
    if (!file) return table;
    char* buffer = nullptr;
    std::size_t capacity = 0;
    for (ssize_t size; (size = ::getline(&buffer, &capacity, file.get())) >= 0;) {
        std::string_view line(buffer, static_cast<std::size_t>(size));
        line = line.substr(0, line.find('#'));
        std::vector<std::string> fields;
        for (std::size_t at = 0; (at = line.find_first_not_of(blanks, at)) != line.npos;) {
            const std::size_t end = std::min(line.find_first_of(blanks, at), line.size());
            fields.emplace_back(line.substr(at, end - at));
            at = end;
        }
        if (!fields.empty()) table.push_back(std::move(fields));
    }
    std::free(buffer);
    return table;
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

}  // namespace green::dns::detail
