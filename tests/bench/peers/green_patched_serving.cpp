// SPDX-License-Identifier: BSL-1.0
// What is written for native threads, on fibers under green's patch: serving. See posix_serving.h.
#include <green/green.h>
#include <green/monkeypatch/patch.h>

#include <utility>

#include "blocking_http.h"
#include "peer.h"
#include "posix_serving.h"

namespace {

constexpr std::size_t stack_size_bytes = 64 * 1024;

template <class Function>
void start(Function function) {
    green::spawn({.stack_size_bytes = stack_size_bytes}, std::move(function));
}

template <class Serve>
void serve_each(Serve serve) {
    green::monkeypatch::patch_all();
    peer::posix::serve_each([](auto f) { start(f); }, serve);
}

const peer::workloads here{
    {"echo", [](const peer::request&) { serve_each(peer::posix::echo); }},
    {"http", [](const peer::request&) { serve_each(peer::serve_http); }},
    {"proxy",
     [](const peer::request& wanted) {
         serve_each([upstream = wanted.port("upstream")](int client) {
             peer::posix::proxy(client, upstream, [](auto f) { start(f); });
         });
     }},
    {"mixed", [](const peer::request&) { serve_each(peer::posix::mixed); }},
};

}  // namespace
