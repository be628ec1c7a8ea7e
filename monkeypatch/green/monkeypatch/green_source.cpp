// SPDX-License-Identifier: BSL-1.0
#include <green/monkeypatch/green_source.h>

#include <green/monkeypatch/lookup.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>

#include <dlfcn.h>
#include <netinet/in.h>
#include <resolv.h>

namespace green::monkeypatch::detail {

namespace {

using dns::detail::server_answer;

name_source libc_source{};

// Where a result and an error go.
struct errors {
    int* error;
    int* host_error;

    nss_status say(nss_status status, int which_host_error, int which_error) const noexcept {
        *error = which_error;
        return say(status, which_host_error);
    }
    nss_status say(nss_status status, int which_host_error) const noexcept {
        *host_error = which_host_error;
        return status;
    }
    nss_status want_of_space() const noexcept { return say(NSS_STATUS_TRYAGAIN, NETDB_INTERNAL, ERANGE); }

    // As libc's source "dns" reports the like.
    nss_status failure(const server_answer& answer) const noexcept {
        const std::error_code& why = answer.error;
        if (why == dns::errc::no_name) return say(NSS_STATUS_NOTFOUND, HOST_NOT_FOUND);
        if (why == dns::errc::no_data) return say(NSS_STATUS_NOTFOUND, NO_DATA);
        if (why == dns::errc::fail) return say(NSS_STATUS_NOTFOUND, NO_RECOVERY);
        if (why == dns::errc::again || why == dns::errc::timed_out || why == dns::errc::canceled)
            return say(answer.last_error == dns::errc::no_name || answer.last_error == dns::errc::no_data
                           ? NSS_STATUS_NOTFOUND
                           : NSS_STATUS_UNAVAIL,
                       TRY_AGAIN, EAGAIN);
        if (why == std::errc::interrupted) return say(NSS_STATUS_TRYAGAIN, NETDB_INTERNAL, ECANCELED);
        if (why == std::errc::not_enough_memory) return say(NSS_STATUS_TRYAGAIN, NETDB_INTERNAL, ENOMEM);
        return say(NSS_STATUS_UNAVAIL, NETDB_INTERNAL, why.value());  // too_many_files_open and its like
    }
};

// The caller's buffer, given away from the front.
class space {
  public:
    space(char* buffer, std::size_t size_bytes) noexcept : at_(buffer), left_bytes_(size_bytes) {}

    // Null when there is not enough left.
    template <class T>
    T* array(std::size_t count) noexcept {
        void* aligned = at_;
        if (!std::align(alignof(T), count * sizeof(T), aligned, left_bytes_)) return nullptr;
        T* const first = static_cast<T*>(aligned);
        at_ = reinterpret_cast<char*>(first + count);
        left_bytes_ -= count * sizeof(T);
        return first;
    }
    char* text(std::string_view words) noexcept {
        char* const copy = array<char>(words.size() + 1);
        if (copy) *std::copy(words.begin(), words.end(), copy) = '\0';
        return copy;
    }

  private:
    char* at_;
    std::size_t left_bytes_;
};

std::size_t size_bytes_of(int family) noexcept {
    return family == AF_INET6 ? sizeof(in6_addr) : sizeof(in_addr);
}

// False when there is not enough space.
bool write(const server_answer& answer, int family, hostent& into, space out) noexcept {
    into.h_addrtype = family;
    into.h_length = static_cast<int>(size_bytes_of(family));
    into.h_aliases = out.array<char*>(answer.aliases.size() + 1);
    into.h_addr_list = out.array<char*>(answer.addresses.size() + 1);
    if (!into.h_aliases || !into.h_addr_list) return false;
    char** address = into.h_addr_list;
    for (const ip_address& each : answer.addresses) {
        // Programs read them as in_addr and in6_addr.
        std::uint32_t* const words = out.array<std::uint32_t>(size_bytes_of(family) / sizeof(std::uint32_t));
        if (!words) return false;
        std::memcpy(words, each.to_v6_bytes().data(), size_bytes_of(family));
        *address++ = reinterpret_cast<char*>(words);
    }
    *address = nullptr;
    char** alias = into.h_aliases;
    for (const std::string& each : answer.aliases)
        if (!(*alias++ = out.text(each))) return false;
    *alias = nullptr;
    return (into.h_name = out.text(answer.name)) != nullptr;
}

nss_status by_name3(const char* name, int family, hostent* into, char* buffer, std::size_t size_bytes, int* error,
                    int* host_error, std::int32_t* seconds_to_live, char** canonical) try {
    lookup* const call = lookup::running();
    if (!call)
        return libc_source.by_name3(name, family, into, buffer, size_bytes, error, host_error, seconds_to_live,
                                    canonical);
    const errors report{error, host_error};
    if (family != AF_INET && family != AF_INET6) return report.say(NSS_STATUS_UNAVAIL, NO_DATA, EAFNOSUPPORT);
    if (!*name) return report.say(NSS_STATUS_NOTFOUND, NO_RECOVERY);
    const server_answer& answer = call->ask(name, family == AF_INET ? address_family::v4 : address_family::v6);
    if (answer.error) return report.failure(answer);
    if (!write(answer, family, *into, {buffer, size_bytes})) return report.want_of_space();
    if (canonical) *canonical = into->h_name;
    return report.say(NSS_STATUS_SUCCESS, NETDB_SUCCESS);
} catch (const std::bad_alloc&) {
    return errors{error, host_error}.say(NSS_STATUS_TRYAGAIN, NETDB_INTERNAL, ENOMEM);
}

// Unlike by_name3, which is for canonical names, libc asks here for nothing that cannot be the name of a host.
nss_status by_name2(const char* name, int family, hostent* into, char* buffer, std::size_t size_bytes, int* error,
                    int* host_error) {
    if (!lookup::running()) return libc_source.by_name2(name, family, into, buffer, size_bytes, error, host_error);
    if (*name && !::res_hnok(name)) return errors{error, host_error}.say(NSS_STATUS_NOTFOUND, HOST_NOT_FOUND);
    return by_name3(name, family, into, buffer, size_bytes, error, host_error, nullptr, nullptr);
}

nss_status by_name(const char* name, hostent* into, char* buffer, std::size_t size_bytes, int* error,
                   int* host_error) {
    if (!lookup::running()) return libc_source.by_name(name, into, buffer, size_bytes, error, host_error);
    return by_name2(name, AF_INET, into, buffer, size_bytes, error, host_error);
}

nss_status by_name4(const char* name, gaih_addrtuple** found, char* buffer, std::size_t size_bytes, int* error,
                    int* host_error, std::int32_t* seconds_to_live) try {
    lookup* const call = lookup::running();
    if (!call) return libc_source.by_name4(name, found, buffer, size_bytes, error, host_error, seconds_to_live);
    const errors report{error, host_error};
    if (!*name || !::res_hnok(name)) return report.say(NSS_STATUS_NOTFOUND, HOST_NOT_FOUND);
    const server_answer& answer = call->ask(name, address_family::any);
    if (answer.error) return report.failure(answer);

    space out(buffer, size_bytes);
    char* canonical = out.text(answer.name);
    if (!canonical) return report.want_of_space();
    gaih_addrtuple** next = found;
    for (const ip_address& each : answer.addresses) {
        // Older versions of libc give the first one.
        gaih_addrtuple* const tuple = next == found && *found ? *found : out.array<gaih_addrtuple>(1);
        if (!tuple) return report.want_of_space();
        *tuple = {.next = nullptr, .name = canonical, .family = each.is_v6() ? AF_INET6 : AF_INET, .addr = {},
                  .scopeid = 0};
        std::memcpy(tuple->addr, each.to_v6_bytes().data(), size_bytes_of(tuple->family));
        *next = tuple;
        next = &tuple->next;
    }
    return report.say(NSS_STATUS_SUCCESS, NETDB_SUCCESS);
} catch (const std::bad_alloc&) {
    return errors{error, host_error}.say(NSS_STATUS_TRYAGAIN, NETDB_INTERNAL, ENOMEM);
}

// A v4 address in the clothes of a v6 one is asked for as what it is, as by libc.
ip_address to_address(const unsigned char* bytes, int family) noexcept {
    ip_address::v6_bytes v6{};
    std::copy_n(bytes, size_bytes_of(family), v6.begin());
    in6_addr whole;
    std::memcpy(&whole, v6.data(), sizeof whole);
    if (family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&whole) && !IN6_IS_ADDR_V4COMPAT(&whole)) return ip_address(v6);
    const unsigned char* const v4 = family == AF_INET6 ? bytes + 12 : bytes;
    return ip_address(ip_address::v4_bytes{v4[0], v4[1], v4[2], v4[3]});
}

nss_status by_address2(const void* address, socklen_t address_size_bytes, int family, hostent* into, char* buffer,
                       std::size_t size_bytes, int* error, int* host_error, std::int32_t* seconds_to_live) try {
    lookup* const call = lookup::running();
    if (!call)
        return libc_source.by_address2(address, address_size_bytes, family, into, buffer, size_bytes, error,
                                       host_error, seconds_to_live);
    const errors report{error, host_error};
    if ((family != AF_INET && family != AF_INET6) || address_size_bytes < size_bytes_of(family))
        return report.say(NSS_STATUS_UNAVAIL, NETDB_INTERNAL, EAFNOSUPPORT);
    const ip_address asked = to_address(static_cast<const unsigned char*>(address), family);
    const server_answer& answer = call->ask(asked);
    if (answer.error) {
        const nss_status status = report.failure(answer);
        return *host_error == NETDB_INTERNAL ? status : NSS_STATUS_NOTFOUND;  // silence too, says libc
    }
    if (!write(answer, asked.is_v6() ? AF_INET6 : AF_INET, *into, {buffer, size_bytes})) return report.want_of_space();
    return report.say(NSS_STATUS_SUCCESS, NETDB_SUCCESS);
} catch (const std::bad_alloc&) {
    return errors{error, host_error}.say(NSS_STATUS_TRYAGAIN, NETDB_INTERNAL, ENOMEM);
}

template <class Function>
bool find(void* library, const char* name, Function*& into) noexcept {
    return (into = reinterpret_cast<Function*>(::dlsym(library, name))) != nullptr;
}

}  // namespace

// They are in libc itself since glibc 2.34, which libnss_dns.so.2 then only refers to.
bool find_libc_source() noexcept {
    void* const library = ::dlopen("libnss_dns.so.2", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    return library && find(library, "_nss_dns_gethostbyname_r", libc_source.by_name) &&
           find(library, "_nss_dns_gethostbyname2_r", libc_source.by_name2) &&
           find(library, "_nss_dns_gethostbyname3_r", libc_source.by_name3) &&
           find(library, "_nss_dns_gethostbyname4_r", libc_source.by_name4) &&
           find(library, "_nss_dns_gethostbyaddr2_r", libc_source.by_address2);
}

const name_source& green_source() noexcept {
    static constexpr name_source ours{&by_name, &by_name2, &by_name3, &by_name4, &by_address2};
    return ours;
}

}  // namespace green::monkeypatch::detail
