// SPDX-License-Identifier: BSL-1.0
// The command line of the programs whose instructions are counted.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>

namespace bench {

struct path {
    const char* name;
    void (*walk)(unsigned times);
};

// NAME TIMES: walks that way so often. Without words: the names. Returns the exit status for main.
inline int walk(std::span<const path> paths, int count, char** words) {
    for (const path& each : paths) {
        if (count < 2) std::puts(each.name);
        if (count == 3 && std::strcmp(words[1], each.name) == 0) {
            each.walk(static_cast<unsigned>(std::atoi(words[2])));
            return 0;
        }
    }
    return count < 2 ? 0 : 2;
}

}  // namespace bench
