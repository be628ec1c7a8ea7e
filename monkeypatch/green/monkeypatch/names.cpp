// SPDX-License-Identifier: BSL-1.0
// Family names: host names to addresses and back (getaddrinfo(3), getnameinfo(3), gethostbyname(3)). The work is libc's
// own, on the fiber; see lookup.h. Lists are libc's, so that freeaddrinfo(3) is, too.
#include <green/fiber/local.h>
#include <green/monkeypatch/lookup.h>
#include <green/monkeypatch/patch.h>

#include <cerrno>
#include <memory>
#include <new>

#include <netdb.h>

namespace green::monkeypatch {

namespace {

using detail::can_look_up;
using detail::lookup;

// The functions without _r return storage of their own, each its own, which the next call overwrites. On a fiber it is
// the fiber's, until it ends: one that parks finds its last answer unchanged.
class last_answer {
  public:
    // `look_up(into, buffer, size, found, host_error)` is the function with _r.
    template <class LookUp>
    hostent* fill(LookUp look_up) {
        int host_error = NETDB_SUCCESS;
        hostent* found = nullptr;
        for (;;) {
            if (!buffer_) buffer_.reset(new char[size_bytes_]);
            const int error = look_up(&entry_, buffer_.get(), size_bytes_, &found, &host_error);
            if (error != ERANGE || host_error != NETDB_INTERNAL) break;
            size_bytes_ *= 2;
            buffer_.reset();
        }
        if (host_error != NETDB_SUCCESS) h_errno = host_error;
        return found;
    }

  private:
    hostent entry_{};
    std::size_t size_bytes_ = 1024;
    std::unique_ptr<char[]> buffer_;
};

struct last_answers {
    last_answer by_name, by_name2, by_address;
};

last_answers& answers_of_this_fiber() {
    static auto* const each = new fiber_local<last_answers>;  // never destroyed: fibers end after static destructors
    return **each;
}

hostent* fail(int error) noexcept {
    h_errno = NETDB_INTERNAL;
    errno = error;
    return nullptr;
}

// A function with _r, which is given `asked` and the caller's storage.
template <class Function, class... Asked>
int look_up(const char* name, Function* libc, hostent** found, int* host_error, Asked... asked) {
    if (!can_look_up()) return libc(asked..., found, host_error);
    lookup call(name);
    const int error = libc(asked..., found, host_error);
    if (!call.was_cancelled()) return error;
    *found = nullptr;
    *host_error = NETDB_INTERNAL;
    return errno = ECANCELED;
}

// The same into the fiber's storage. Servers are asked once, however often the storage has to grow.
template <class Function, class... Asked>
hostent* look_up(const char* name, last_answer last_answers::*which, Function* libc, Asked... asked) try {
    lookup call(name);
    hostent* const found =
        (answers_of_this_fiber().*which).fill([&](auto... into) { return libc(asked..., into...); });
    return call.was_cancelled() ? fail(ECANCELED) : found;
} catch (const std::bad_alloc&) {
    return fail(ENOMEM);
}

}  // namespace

}  // namespace green::monkeypatch

using namespace green::monkeypatch;

extern "C" {

int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** found) {
    const auto libc = original<&::getaddrinfo>();
    if (!node || !can_look_up()) return libc(node, service, hints, found);
    lookup call("getaddrinfo");
    const int error = libc(node, service, hints, found);
    if (!call.was_cancelled()) return error;
    if (error == 0) ::freeaddrinfo(*found);  // another source knew it
    errno = ECANCELED;
    return EAI_SYSTEM;
}

int getnameinfo(const sockaddr* address, socklen_t size_bytes, char* host, socklen_t host_size_bytes, char* service,
                socklen_t service_size_bytes, int flags) {
    const auto libc = original<&::getnameinfo>();
    if (!can_look_up()) return libc(address, size_bytes, host, host_size_bytes, service, service_size_bytes, flags);
    lookup call("getnameinfo");
    const int error = libc(address, size_bytes, host, host_size_bytes, service, service_size_bytes, flags);
    if (!call.was_cancelled()) return error;
    errno = ECANCELED;
    return EAI_SYSTEM;
}

int gethostbyname_r(const char* name, hostent* into, char* buffer, size_t size_bytes, hostent** found,
                    int* host_error) {
    return look_up("gethostbyname_r", original<&::gethostbyname_r>(), found, host_error, name, into, buffer,
                   size_bytes);
}

int gethostbyname2_r(const char* name, int family, hostent* into, char* buffer, size_t size_bytes, hostent** found,
                     int* host_error) {
    return look_up("gethostbyname2_r", original<&::gethostbyname2_r>(), found, host_error, name, family, into, buffer,
                   size_bytes);
}

int gethostbyaddr_r(const void* address, socklen_t address_size_bytes, int family, hostent* into, char* buffer,
                    size_t size_bytes, hostent** found, int* host_error) {
    return look_up("gethostbyaddr_r", original<&::gethostbyaddr_r>(), found, host_error, address, address_size_bytes,
                   family, into, buffer, size_bytes);
}

hostent* gethostbyname(const char* name) {
    if (!can_look_up()) return original<&::gethostbyname>()(name);
    return look_up("gethostbyname", &last_answers::by_name, original<&::gethostbyname_r>(), name);
}

hostent* gethostbyname2(const char* name, int family) {
    if (!can_look_up()) return original<&::gethostbyname2>()(name, family);
    return look_up("gethostbyname2", &last_answers::by_name2, original<&::gethostbyname2_r>(), name, family);
}

hostent* gethostbyaddr(const void* address, socklen_t size_bytes, int family) {
    if (!can_look_up()) return original<&::gethostbyaddr>()(address, size_bytes, family);
    return look_up("gethostbyaddr", &last_answers::by_address, original<&::gethostbyaddr_r>(), address, size_bytes,
                   family);
}

}  // extern "C"
