// SPDX-License-Identifier: BSL-1.0
// The crawler on stackless tasks; all else as crawl_fiber.cpp.
//
//     build/samples/crawler/crawl-coro [options] URL...        (--help lists them)
#include "crawler/crawlers.h"
#include "crawler/program.h"

int main(int argc, char** argv) {
    return crawler::run_program(argc, argv, crawler::crawl_on_tasks);
}
