// SPDX-License-Identifier: BSL-1.0
// A grep that is fed: it keeps its place, and is given a file's lines one by one.
//
//     build/samples/10_grep-fiber [FILE]
//
// grep() is written as a loop that asks for a line. Whoever has the lines switches to it with each, so that no list of
// them is ever made, and neither side calls the other back. Without FILE it reads a few lines of its own. You will
// see the lines with "green" in them, and their numbers.
#include <green/green.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>

using grep_flow = green::greenlet<void(std::string_view)>;

void grep(std::string_view pattern, std::string_view line) {
    for (int number = 1;; ++number) {
        if (line.find(pattern) != line.npos) std::cout << number << ": " << line << '\n';
        line = green::switch_to_parent<std::string_view>();
    }
}

void feed(std::istream& file, grep_flow& to) {
    for (std::string line; std::getline(file, line);) to.switch_to(line);
}

int main(int count, char** words) {
    grep_flow greens([](std::string_view line) { grep("green", line); });
    if (count > 1) {
        std::ifstream file(words[1]);
        file.peek();  // a directory can be opened, but not read
        if (!file) return std::perror(words[1]), 2;
        feed(file, greens);
    } else {
        std::istringstream file("red\ngreen\nblue\nevergreen\n");
        feed(file, greens);
    }
}
