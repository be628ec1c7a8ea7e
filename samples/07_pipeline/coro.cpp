// SPDX-License-Identifier: BSL-1.0
// Two sources, one sink, and select() between them.
//
//     build/samples/07_pipeline-coro
//
// Numbers are squared on their way through a channel; the sink takes from whichever channel has something, until both
// have ended, and gives up when nothing comes for a second. You will see 791, the sum of the squares of 1 to 10 and
// of the numbers 100 to 103.
#include <green/green.h>

#include <cstdio>
#include <optional>

using namespace std::chrono_literals;
namespace coro = green::coro;

coro::task<void> count(green::channel<int>& out, int from, int to) {
    for (int n = from; n <= to; ++n) co_await coro::send(out, n);
    out.close();
}

coro::task<void> square(green::channel<int>& in, green::channel<int>& out) {
    while (auto n = co_await coro::receive(in)) co_await coro::send(out, *n * *n);
    out.close();
}

coro::task<void> run() {
    green::channel<int> low, high, squares;
    coro::spawn(count(low, 1, 10));
    coro::spawn(count(high, 100, 103));
    coro::spawn(square(low, squares));

    int sum = 0, open = 2;
    auto add = [&](std::optional<int> n) { n ? sum += *n : --open; };
    bool squares_open = true, high_open = true;
    while (open > 0) {
        if (squares_open && high_open)
            co_await coro::select(green::on_receive(squares, [&](auto n) { add(n), squares_open = n.has_value(); }),
                                  green::on_receive(high, [&](auto n) { add(n), high_open = n.has_value(); }),
                                  green::on_timeout(1s, [&] { open = 0; }));
        else
            add(co_await coro::receive(squares_open ? squares : high));
    }
    std::printf("sum %d\n", sum);
}

int main() {
    green::block_on(run());
}
