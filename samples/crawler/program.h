// SPDX-License-Identifier: BSL-1.0
// What the crawler programs share around the crawl: command line, result file, Ctrl-C, summary, exit status.
#pragma once

#include "crawler/crawl.h"
#include "crawler/options.h"

#include <functional>

namespace crawler {

/// Fetches everything that `job` has to do; returns when it is finished, or interrupted. `interrupt_fd` becomes
/// readable when the user has had enough: then job.interrupt() is called and what is under way is given up. It is not
/// read, and may be -1 for none.
using crawl_all = std::function<void(crawl& job, const options& chosen, int interrupt_fd)>;

/// A crawler's main(): returns its exit status, an exit_status or 128 plus the number of the signal that stopped it.
int run_program(int argc, char** argv, const crawl_all& fetch_everything);

}  // namespace crawler
