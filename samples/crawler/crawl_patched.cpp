// SPDX-License-Identifier: BSL-1.0
// The crawler on fibers with a blocking HTTP client, libcurl, under the patch; all else as crawl_fiber.cpp.
//
//     build/samples/crawler/crawl-patched [options] URL...        (--help lists them)
#include "crawler/crawlers.h"
#include "crawler/program.h"

#include <green/monkeypatch/patch.h>

int main(int argc, char** argv) {
    green::monkeypatch::patch_all();
    return crawler::run_program(argc, argv, crawler::crawl_patched);
}
