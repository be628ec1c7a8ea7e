// SPDX-License-Identifier: BSL-1.0
// A crawler and link checker on fibers.
//
//     build/samples/crawler/crawl-fiber [options] URL...        (--help lists them)
//
// Shows a progress line on a terminal, and at the end what it found: pages, broken links, and where they were linked
// from. Ctrl-C stops it and keeps what was found. Exit status: see report.h.
#include "crawler/crawlers.h"
#include "crawler/program.h"

int main(int argc, char** argv) {
    return crawler::run_program(argc, argv, crawler::crawl_on_fibers);
}
