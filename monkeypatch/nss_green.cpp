// SPDX-License-Identifier: BSL-1.0
// libnss_green.so.2: under that name libc looks for a source of host names that is called "green". It stands where
// nsswitch.conf(5) says "dns", and does what the patch has told it; see green/monkeypatch/lookup.cpp.
#include <green/monkeypatch/name_source.h>

using green::monkeypatch::detail::name_source;

extern "C" {

// Set before libc hears of the source.
const name_source* green_name_source = nullptr;

nss_status _nss_green_gethostbyname_r(const char* name, hostent* into, char* buffer, std::size_t size_bytes, int* error,
                                      int* host_error) {
    return green_name_source->by_name(name, into, buffer, size_bytes, error, host_error);
}

nss_status _nss_green_gethostbyname2_r(const char* name, int family, hostent* into, char* buffer,
                                       std::size_t size_bytes, int* error, int* host_error) {
    return green_name_source->by_name2(name, family, into, buffer, size_bytes, error, host_error);
}

nss_status _nss_green_gethostbyname3_r(const char* name, int family, hostent* into, char* buffer,
                                       std::size_t size_bytes, int* error, int* host_error,
                                       std::int32_t* seconds_to_live, char** canonical) {
    return green_name_source->by_name3(name, family, into, buffer, size_bytes, error, host_error, seconds_to_live,
                                       canonical);
}

nss_status _nss_green_gethostbyname4_r(const char* name, gaih_addrtuple** found, char* buffer, std::size_t size_bytes,
                                       int* error, int* host_error, std::int32_t* seconds_to_live) {
    return green_name_source->by_name4(name, found, buffer, size_bytes, error, host_error, seconds_to_live);
}

nss_status _nss_green_gethostbyaddr_r(const void* address, socklen_t address_size_bytes, int family, hostent* into,
                                      char* buffer, std::size_t size_bytes, int* error, int* host_error) {
    return green_name_source->by_address2(address, address_size_bytes, family, into, buffer, size_bytes, error,
                                          host_error, nullptr);
}

nss_status _nss_green_gethostbyaddr2_r(const void* address, socklen_t address_size_bytes, int family, hostent* into,
                                       char* buffer, std::size_t size_bytes, int* error, int* host_error,
                                       std::int32_t* seconds_to_live) {
    return green_name_source->by_address2(address, address_size_bytes, family, into, buffer, size_bytes, error,
                                          host_error, seconds_to_live);
}

}  // extern "C"
