// SPDX-License-Identifier: BSL-1.0
// The crawlers: the same crawl, waiting in four ways. Each is a file of its own; fiber.cpp and coro.cpp differ only
// where the models do, so that `diff` shows it.
#pragma once

#include "crawler/crawl.h"
#include "crawler/options.h"

namespace crawler {

/// See crawl_all in program.h. One fiber per page, written as if each had a thread of its own. Parks the calling fiber.
void crawl_on_fibers(crawl& job, const options& chosen, int interrupt_fd);

/// The same with one stackless task per page. Parks the calling fiber.
void crawl_on_tasks(crawl& job, const options& chosen, int interrupt_fd);

/// The same with one native thread per job and blocking calls, by libcurl. Blocks the calling thread.
void crawl_on_threads(crawl& job, const options& chosen, int interrupt_fd);

/// On fibers again, with blocking calls by libcurl, which the patch (monkeypatch/) must have taken over. Parks the calling
/// fiber.
void crawl_patched(crawl& job, const options& chosen, int interrupt_fd);

}  // namespace crawler
