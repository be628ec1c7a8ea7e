// SPDX-License-Identifier: BSL-1.0
// The promises that both models make, kept by fibers; see promises.inc.
#include <green/green.h>

#include <support/fixture.h>

#include <doctest/doctest.h>

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

// What the bodies call, by the names of green::coro.
namespace model {

template <class T = void>
using task = T;

template <class... Args>
auto spawn(Args&&... args) { return green::spawn(std::forward<Args>(args)...); }
template <class... Args>
auto spawn(green::pool& in, Args&&... args) { return in.spawn(std::forward<Args>(args)...); }
template <class... Args>
auto spawn_after(green::duration d, Args&&... args) { return green::spawn_after(d, std::forward<Args>(args)...); }
template <class Handle>
decltype(auto) get(Handle&& handle) requires requires { handle.get(); } { return std::forward<Handle>(handle).get(); }
template <class Handle>
void join(Handle& handle) { handle.join(); }
template <class Handle>
void kill(Handle& handle) { handle.kill(); }

inline void sleep(green::duration d) { green::sleep(d); }
inline void yield() { green::yield(); }

template <class Semaphore>
void acquire(Semaphore& s) { s.acquire(); }
template <class Semaphore>
bool try_acquire_for(Semaphore& s, green::duration d) { return s.try_acquire_for(d); }
template <class Mutex>
void lock(Mutex& m) { m.lock(); }
template <class Mutex>
bool try_lock_for(Mutex& m, green::duration d) { return m.try_lock_for(d); }
template <class Mutex>
void lock_shared(Mutex& m) { m.lock_shared(); }
inline std::unique_lock<green::mutex> scoped_lock(green::mutex& m) { return std::unique_lock(m); }
template <class Predicate>
void wait(green::condition_variable& cv, std::unique_lock<green::mutex>& lock, Predicate pred) { cv.wait(lock, pred); }
inline std::cv_status wait_for(green::condition_variable& cv, std::unique_lock<green::mutex>& lock, green::duration d) {
    return cv.wait_for(lock, d);
}
template <class Thing>
void wait(Thing& thing) { green::wait_all(thing); }
template <class Thing>
bool wait_for(Thing& thing, green::duration d) { return green::wait_all_for(d, thing); }
template <class... Things>
std::size_t wait_any(Things&... things) { return green::wait_any(things...); }
template <class... Things>
std::optional<std::size_t> wait_any_for(green::duration d, Things&... things) {
    return green::wait_any_for(d, things...);
}
template <class... Things>
void wait_all(Things&... things) { green::wait_all(things...); }
template <class... Things>
bool wait_all_for(green::duration d, Things&... things) { return green::wait_all_for(d, things...); }
template <class Range>
void joinall(Range& all, bool raise_error = false) { green::joinall(all, raise_error); }
template <class Range>
void killall(Range& all) { green::killall(all); }
template <class Group>
bool join_for(Group& all, green::duration d) { return all.join_for(d); }
template <class Handle>
void add(green::pool& to, const Handle& member) { to.add(member); }
template <class Range, class F>
auto map(green::pool& by, Range&& items, F f) { return by.map(items, f); }
template <class Thing>
void arrive_and_wait(Thing& thing) { thing.arrive_and_wait(); }
template <class Queue, class Item>
void put(Queue& q, Item item) { q.put(std::move(item)); }
template <class Queue, class Item>
bool put_for(Queue& q, Item item, green::duration d) { return q.put_for(std::move(item), d); }
template <class Queue>
auto get_for(Queue& q, green::duration d) { return q.get_for(d); }
template <class Channel, class Item>
void send(Channel& c, Item item) { c.send(std::move(item)); }
template <class Channel>
auto receive(Channel& c) { return c.receive(); }
template <class... Cases>
std::size_t select(Cases&&... cases) { return green::select(std::forward<Cases>(cases)...); }
template <class F>
auto with_timeout(green::duration d, F f) { return green::with_timeout(d, f); }
template <class F>
auto with_task_group(F f) { return green::with_task_group(f); }
template <class F>
auto shield(F f) { return green::shield(f); }

inline green::tcp_stream connect(const green::endpoint& to, const green::connect_options& options = {}) {
    return green::connect(to, options);
}
inline green::tcp_stream connect(const std::string& host, int port, const green::connect_options& options = {}) {
    return green::connect(host, port, options);
}
inline green::tcp_stream accept(green::tcp_listener& from, green::time_point deadline = green::never) {
    return from.accept(deadline);
}
inline std::size_t read_some(green::tcp_stream& from, std::span<std::byte> buffer) { return from.read_some(buffer); }
inline std::size_t read_some(green::tcp_stream& from, std::span<std::byte> buffer, std::error_code& error) {
    return from.read_some(buffer, error);
}
inline void read_exactly(green::tcp_stream& from, std::span<std::byte> buffer) { green::read_exactly(from, buffer); }
inline std::size_t read_until(green::tcp_stream& from, std::string& text, std::string_view delimiter,
                              std::size_t limit = 1 << 20) {
    return green::read_until(from, text, delimiter, limit);
}
inline bool wait_readable(int fd, green::time_point deadline = green::never) {
    return green::wait_readable(fd, deadline);
}
inline bool wait_writable(int fd) { return green::wait_writable(fd); }
inline void write_all(green::tcp_stream& to, std::string_view text) { green::write_all(to, text); }
inline std::vector<green::endpoint> lookup(const std::string& name, const std::string& service = {}) {
    return green::dns::default_resolver().lookup(name, service);
}

}  // namespace model

#define AWAIT
#define RETURN return
#define LATER(call) [&] { return call; }
#define IN_BOTH_MODELS(name, description)                                  \
    static void name();                                                    \
    TEST_CASE_FIXTURE(support::virtual_time, description " (fibers)") {    \
        green::spawn(name).get();                                          \
    }                                                                      \
    static void name()

#include "promises.inc"
