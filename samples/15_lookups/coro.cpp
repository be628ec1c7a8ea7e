// SPDX-License-Identifier: BSL-1.0
// Several names looked up at the same time: all of them together take as long as the slowest.
//
//     build/samples/15_lookups-coro [NAME...]
//
// Without NAMEs it asks a name server of its own, which takes 200 ms for each answer. An error belongs to one name.
// You will see three addresses and an error, and that the names were asked for at the same time.
#include "dns_server/dns_server.h"

#include <green/green.h>

#include <cstdio>
#include <string>
#include <system_error>
#include <vector>

using namespace std::chrono_literals;
namespace coro = green::coro;

green::duration one_after_the_other{};  // what it would take: the times of all look-ups together

coro::task<std::string> address_of(green::dns::resolver& resolver, std::string name) {
    const auto began = green::hub::current().now();
    std::string answer;
    try {
        const auto found = co_await coro::lookup(resolver, name);
        answer = found.front().address.to_string();
    } catch (const std::system_error& error) {
        answer = error.code().message();
    }
    one_after_the_other += green::hub::current().now() - began;
    co_return answer;
}

coro::task<void> look_up_all(green::dns::resolver& resolver, std::vector<std::string> names) {
    std::vector<coro::join_handle<std::string>> all;
    for (const std::string& name : names) all.push_back(coro::spawn(address_of(resolver, name)));
    for (std::size_t i = 0; i < names.size(); ++i) {
        const std::string address = co_await all[i].get();
        std::printf("%s: %s\n", names[i].c_str(), address.c_str());
    }
}

int main(int count, char** words) {
    if (count > 1) {
        green::block_on(look_up_all(green::dns::default_resolver(), {words + 1, words + count}));
        return 0;
    }
    dns_sample::dns_server server;
    for (int i = 1; i <= 3; ++i) {
        const std::string name = "host-" + std::to_string(i) + ".example";
        server.add(name, green::ip_address::parse("192.0.2." + std::to_string(i)));
        server.set_delay(name, 200ms);
    }
    green::dns::resolver resolver({.servers = {server.where()}});
    const auto began = green::hub::current().now();
    green::block_on(look_up_all(resolver, {"host-1.example", "host-2.example", "host-3.example", "nobody.example"}));
    const auto took = green::hub::current().now() - began;
    std::puts(took < one_after_the_other ? "at the same time" : "one after the other");
}
