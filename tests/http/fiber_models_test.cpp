// SPDX-License-Identifier: BSL-1.0
// The client's promises, kept for fibers; see models.inc.
#include <http/packing.h>
#include <http/support.h>

#include <utility>

using namespace support;

// What the bodies call, by the names of green::coro.
namespace model {

template <class T = void>
using task = T;

template <class F>
auto spawn(F f) { return green::spawn(std::move(f)); }
template <class T>
decltype(auto) get(const green::fiber<T>& handle) { return handle.get(); }
template <class T>
void kill(const green::fiber<T>& handle) { handle.kill(); }
inline void sleep(green::duration d) { green::sleep(d); }
template <class F>
auto with_timeout(green::duration d, F f) { return green::with_timeout(d, f); }

inline http::response get(http::session& by, const std::string& url, const http::request_options& o = {}) {
    return by.get(url, o);
}
inline http::response head(http::session& by, const std::string& url) { return by.head(url); }
inline http::response post(http::session& by, const std::string& url, const http::body_source& body,
                           const std::string& type) {
    return by.post(url, body, type);
}
inline http::response request(http::session& by, const std::string& method, const std::string& url,
                              const http::headers& extra, const http::body_source& body,
                              const http::request_options& o = {}) {
    return by.request(method, url, extra, body, o);
}
inline std::string read_all(http::response& from) { return from.read_all(); }
inline std::string read_all(http::response& from, std::size_t limit_bytes) { return from.read_all(limit_bytes); }
inline std::size_t read_some(http::response& from, std::span<std::byte> buffer) { return from.read_some(buffer); }

}  // namespace model

#define AWAIT
#define RETURN return
#define LATER(call) [&] { return call; }
#define IN_BOTH_MODELS(name, description)                           \
    static void name(surroundings& here);                           \
    TEST_CASE_FIXTURE(virtual_time, description " (fibers)") {      \
        surroundings here;                                          \
        green::spawn([&] { name(here); }).get();                    \
    }                                                               \
    static void name([[maybe_unused]] surroundings& here)

#include "models.inc"
