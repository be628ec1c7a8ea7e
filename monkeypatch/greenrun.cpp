// SPDX-License-Identifier: BSL-1.0
// Runs a program as it is, with the patch: libgreen-monkeypatch.so is preloaded, and main() is the main fiber of a hub.
//
//     greenrun [--no-FAMILY…] [--stats] PROGRAM [ARGUMENT…]
//
// With --stats each process, of the program and of what it starts, says at its end on standard error which calls have
// parked, and what has blocked the hub.
//
// The program keeps the process, its number, its descriptors and its exit status. Exit status of greenrun itself: 2 wrong
// use, 126 the program cannot be run, 127 there is no such program; as env(1).
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

namespace {

constexpr const char* library_name = "libgreen-monkeypatch.so";
constexpr std::string_view families[] = {
#define GREEN_FAMILY(name) #name,
#include <green/monkeypatch/families.def>
#undef GREEN_FAMILY
};

void print_usage(FILE* to) {
    std::fputs("usage: greenrun [--no-FAMILY...] [--stats] PROGRAM [ARGUMENT...]\nfamilies:", to);
    for (std::string_view each : families) std::fprintf(to, " %s", each.data());
    std::fputc('\n', to);
}

[[noreturn]] void refuse(const std::string& why) {
    std::fprintf(stderr, "greenrun: %s\n", why.c_str());
    print_usage(stderr);
    std::exit(2);
}

// Beside this program, as in the build, or where an installation puts it.
std::string find_library() {
    namespace fs = std::filesystem;
    const fs::path here = fs::read_symlink("/proc/self/exe").parent_path();
    for (const fs::path& directory : {here, here / ".." / GREENRUN_LIBRARY_DIRECTORY})
        if (fs::exists(directory / library_name)) return fs::canonical(directory / library_name).string();
    std::fprintf(stderr, "greenrun: there is no %s beside it, nor in %s/../%s\n", library_name, here.c_str(),
                 GREENRUN_LIBRARY_DIRECTORY);
    std::exit(126);
}

}  // namespace

int main(int count, char** words) {
    std::vector<std::string_view> wanted(std::begin(families), std::end(families));
    bool with_statistics = false;
    int at = 1;
    for (; at < count && words[at][0] == '-'; ++at) {
        const std::string_view option = words[at];
        if (option == "--") {
            ++at;
            break;
        }
        if (option == "--stats") {
            with_statistics = true;
            continue;
        }
        if (option == "--help") {
            print_usage(stdout);
            return 0;
        }
        const std::string_view unwanted = option.starts_with("--no-") ? option.substr(5) : "";
        if (std::ranges::find(families, unwanted) == std::end(families)) refuse("unknown option " + std::string(option));
        std::erase(wanted, unwanted);
    }
    if (at >= count) refuse("no program");

    std::string list;
    for (std::string_view each : wanted) list.append(list.empty() ? "" : ",").append(each);
    if (with_statistics) list.append(list.empty() ? "" : ",").append("--stats");
    ::setenv("GREENRUN", list.c_str(), 1);
    const char* before = std::getenv("LD_PRELOAD");
    const std::string library = find_library();
    if (library.find_first_of(" :") != std::string::npos) {
        std::fprintf(stderr, "greenrun: %s: the dynamic loader takes no path with a space or a colon in it\n", library.c_str());
        return 126;
    }
    const std::string preload = library + (before && *before ? std::string(":") + before : "");
    ::setenv("LD_PRELOAD", preload.c_str(), 1);

    ::execvp(words[at], words + at);
    const int why = errno;
    const bool is_there = why == ENOENT && ::access(words[at], F_OK) == 0;
    std::fprintf(stderr, "greenrun: cannot run %s: %s\n", words[at], is_there ? "its interpreter is missing" : std::strerror(why));
    return why == ENOENT ? 127 : 126;
}
