// SPDX-License-Identifier: BSL-1.0
// The names of symbols.def as numbers, and how to get from a function to its number.
#pragma once

#include <cstddef>
#include <iterator>
#include <string_view>

#include <green/monkeypatch/fortified.h>

#include <dirent.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netdb.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

namespace green::monkeypatch {

enum class family : unsigned {
#define GREEN_FAMILY(name) name,
#include <green/monkeypatch/families.def>
#undef GREEN_FAMILY
};

namespace detail {

enum class symbol : unsigned {
#define GREEN_SYMBOL(family, name, words) name,
#include <green/monkeypatch/symbols.def>
#undef GREEN_SYMBOL
};

struct symbol_facts {
    const char* name;
    family of;
};
inline constexpr symbol_facts symbols[] = {
#define GREEN_SYMBOL(family_, name, words) {#name, family::family_},
#include <green/monkeypatch/symbols.def>
#undef GREEN_SYMBOL
};
inline constexpr std::size_t symbol_count = std::size(symbols);

// The number of a libc function that the patch knows, by its address.
template <auto Function>
struct number_of;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"  // sigset(3) and its like, which old programs have
#define GREEN_SYMBOL(family, name, words)                      \
    template <>                                                \
    struct number_of<&::name> {                                \
        static constexpr symbol value = symbol::name;          \
    };
#include <green/monkeypatch/symbols.def>
#undef GREEN_SYMBOL
#pragma GCC diagnostic pop

template <auto Function>
inline constexpr symbol symbol_of = number_of<Function>::value;

}  // namespace detail

}  // namespace green::monkeypatch
