// SPDX-License-Identifier: BSL-1.0
// A source of host names as libc knows them (nsswitch.conf(5), "hosts"): what libnss_green.so.2 and the patch say to
// each other. Knows neither green's resolver nor fibers.
#pragma once

#include <cstddef>
#include <cstdint>

#include <netdb.h>
#include <nss.h>
#include <sys/socket.h>

namespace green::monkeypatch::detail {

// The functions of a source, as libc calls them (glibc manual, "NSS Module Function Internals"): results go into the
// caller's buffer; TRYAGAIN with ERANGE and NETDB_INTERNAL asks for a larger one.
struct name_source {
    nss_status (*by_name)(const char* name, hostent* into, char* buffer, std::size_t size_bytes, int* error,
                          int* host_error);
    nss_status (*by_name2)(const char* name, int family, hostent* into, char* buffer, std::size_t size_bytes,
                           int* error, int* host_error);
    nss_status (*by_name3)(const char* name, int family, hostent* into, char* buffer, std::size_t size_bytes,
                           int* error, int* host_error, std::int32_t* seconds_to_live, char** canonical);
    nss_status (*by_name4)(const char* name, gaih_addrtuple** found, char* buffer, std::size_t size_bytes, int* error,
                           int* host_error, std::int32_t* seconds_to_live);
    nss_status (*by_address2)(const void* address, socklen_t address_size_bytes, int family, hostent* into,
                              char* buffer, std::size_t size_bytes, int* error, int* host_error,
                              std::int32_t* seconds_to_live);
};

}  // namespace green::monkeypatch::detail
