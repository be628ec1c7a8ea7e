// SPDX-License-Identifier: BSL-1.0
// A grep that is fed: it keeps its place, and is given a file's lines one by one.
//
//     build/samples/10_grep-coro [FILE]
//
// grep() is written as a loop that asks for a line. Two tasks meet at a channel that holds none, so that no list of
// lines is ever made, and neither side calls the other back. Without FILE it reads a few lines of its own. You will
// see the lines with "green" in them, and their numbers.
#include <green/green.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>

namespace coro = green::coro;
using lines = green::channel<std::string>;

coro::task<void> grep(std::string_view pattern, lines& from) {
    for (int number = 1;; ++number) {
        const std::optional<std::string> line = co_await coro::receive(from);
        if (!line) co_return;
        if (line->find(pattern) != line->npos) std::cout << number << ": " << *line << '\n';
    }
}

coro::task<void> feed(std::istream& file, lines& to) {
    for (std::string line; std::getline(file, line);) co_await coro::send(to, line);
    to.close();
}

int main(int count, char** words) {
    lines between;
    auto greens = coro::spawn(grep("green", between));
    if (count > 1) {
        std::ifstream file(words[1]);
        file.peek();  // a directory can be opened, but not read
        if (!file) return std::perror(words[1]), 2;
        green::block_on(feed(file, between));
    } else {
        std::istringstream file("red\ngreen\nblue\nevergreen\n");
        green::block_on(feed(file, between));
    }
    green::block_on(greens);
}
