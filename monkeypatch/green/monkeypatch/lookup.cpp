// SPDX-License-Identifier: BSL-1.0
#include <green/monkeypatch/lookup.h>

#include <green/monkeypatch/green_source.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string_view>
#include <utility>

#include <dlfcn.h>
#include <netdb.h>
#include <nss.h>

namespace green::monkeypatch::detail {

namespace {

[[gnu::tls_model("initial-exec")]] thread_local constinit lookup* running_lookup = nullptr;

// What nsswitch.conf(5) says of host names. As for libc, the last line counts, and # begins no comment within a line.
std::string sources_of_hosts() {
    constexpr std::string_view blanks = " \t\r\n\f\v";
    std::string sources = "files dns";
    // stdio, and not a stream of std: its read(2) is a name that the patch takes.
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/etc/nsswitch.conf", "re"), &std::fclose);
    char* buffer = nullptr;
    std::size_t capacity = 0;
    for (ssize_t size; file && (size = ::getline(&buffer, &capacity, file.get())) >= 0;) {
        std::string_view line(buffer, static_cast<std::size_t>(size));
        line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
        if (!line.starts_with("hosts")) continue;
        line.remove_prefix(std::string_view("hosts").size());
        const std::size_t first = std::min(line.find_first_not_of(" \t\r\n\f\v:"), line.size());
        if (first > 0) sources = line.substr(first);
    }
    std::free(buffer);
    return sources;
}

// The same with "green" for each "dns" that is a source, and not in the brackets of an action; empty when there is none.
std::string with_green(std::string_view sources) {
    bool found = false;
    std::string changed;
    while (!sources.empty()) {
        std::size_t size = std::min(sources.find_first_of(" \t\r\n\f\v["), sources.size());
        if (size == 0) size = sources[0] == '[' ? std::min(sources.find(']'), sources.size() - 1) + 1 : 1;
        const std::string_view part = sources.substr(0, size);
        found |= part == "dns";
        changed += part == "dns" ? "green" : part;
        sources.remove_prefix(size);
    }
    return found ? changed : std::string();
}

// libnss_green.so.2 lies beside the library of the patch. libc will ask the dynamic loader for it by its plain name, and
// gets the one that is loaded here.
bool load_module() {
    Dl_info here;
    if (!::dladdr(reinterpret_cast<void*>(&load_module), &here)) return false;
    const auto path = std::filesystem::path(here.dli_fname).parent_path() / "libnss_green.so.2";
    void* const module = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    auto* const source =
        module ? static_cast<const name_source**>(::dlsym(module, "green_name_source")) : nullptr;
    if (source) *source = &green_source();
    return source != nullptr;
}

bool set_up() noexcept try {
    const int error_before = errno;
    const std::string sources = with_green(sources_of_hosts());
    const bool done = !sources.empty() && find_libc_source() && load_module() &&
                      ::__nss_configure_lookup("hosts", sources.c_str()) == 0;
    errno = error_before;
    return done;
} catch (...) {
    return false;
}

}  // namespace

bool can_look_up() noexcept {
    if (!taken_over(family::names)) return false;
    static const bool done = set_up();
    return done;
}

lookup::lookup(const char* call) noexcept : outer_(std::exchange(running_lookup, this)), call_(call) {}

lookup::~lookup() {
    running_lookup = outer_;
}

lookup* lookup::running() noexcept {
    return running_lookup;
}

// While this fiber is parked, others make calls of their own.
template <class Ask>
const dns::detail::server_answer& lookup::answer_to(std::string question, Ask ask) {
    if (question == question_) return answer_;
    const int host_error_before = h_errno;
    running_lookup = nullptr;
    try {
        counted_park parked(call_);
        answer_ = ask(dns::default_resolver());
    } catch (...) {  // there is no resolver for want of memory or descriptors
        answer_ = {.error = std::make_error_code(std::errc::not_enough_memory)};
    }
    running_lookup = this;
    h_errno = host_error_before;
    was_cancelled_ |= answer_.error == std::errc::interrupted;
    question_ = std::move(question);
    return answer_;
}

const dns::detail::server_answer& lookup::ask(const char* name, address_family family) {
    return answer_to(std::to_string(static_cast<int>(family)) + name,
                     [&](dns::resolver& by) { return by.ask_servers(name, family); });
}

const dns::detail::server_answer& lookup::ask(const ip_address& address) {
    return answer_to("address " + address.to_string(), [&](dns::resolver& by) { return by.ask_servers(address); });
}

}  // namespace green::monkeypatch::detail
