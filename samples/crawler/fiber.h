// SPDX-License-Identifier: BSL-1.0
// The crawl on fibers: one fiber per page, written as if each had a thread of its own.
#pragma once

#include "crawler/crawl.h"
#include "crawler/options.h"

namespace crawler {

/// See crawl_all in program.h. Parks the calling fiber.
void crawl_on_fibers(crawl& job, const options& chosen, int interrupt_fd);

}  // namespace crawler
