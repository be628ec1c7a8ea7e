// SPDX-License-Identifier: BSL-1.0
// The crawl on fibers that know of no runtime while they fetch: each page by libcurl's easy interface, which blocks, and
// under the patch parks. All else as fiber.cpp.
#include "crawler/crawlers.h"
#include "crawler/curl_transfer.h"

#include <green/green.h>

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace crawler {

namespace {

using clock = steady_clock;
// Its rules are fetched by the first fiber that needs them; others wait.
using site = site_of_pages<green::event>;

// A fiber that serves a stretch of code and has no end of its own.
struct killed_at_end {
    green::fiber<void> helper;
    ~killed_at_end() { helper.kill_soon(); }
};

class patched_crawler {
  public:
    patched_crawler(crawl& job, const options& chosen) : job_(job), chosen_(chosen), free_jobs_(chosen.jobs) {}

    void run(int interrupt_fd) {
        green::with_task_group([&](green::task_group& pages) {
            std::optional<killed_at_end> listener;
            if (interrupt_fd >= 0) listener.emplace(green::spawn([&] { listen(interrupt_fd, pages); }));
            start_pages(pages);
        });
    }

  private:
    void listen(int interrupt_fd, green::task_group& pages) {
        green::wait_readable(interrupt_fd);
        stopped_ = true;
        job_.interrupt();
        pages.cancel();
    }

    void start_pages(green::task_group& pages) {
        for (;;) {
            free_jobs_.acquire();
            frontier::next_result next = job_.next(clock::now());
            while (!next.item && !next.finished) {
                changed_.clear();
                changed_.wait_until(next.wake_at.value_or(green::never));
                next = job_.next(clock::now());
            }
            if (next.finished) return;
            pages.spawn([this, item = std::move(*next.item)] { visit_page(item); });
        }
    }

    void visit_page(visit item) {
        fetch_page(item);
        free_jobs_.release();
        changed_.set();
    }

    void fetch_page(const visit& item) {
        if (item.target.is_https()) return job_.skip(item, "https is not spoken here", clock::now());
        if (chosen_.obey_robots) {
            const std::shared_ptr<const site> known = site_of(item.target);
            if (stopped_ || !may_fetch(item, *known, job_, clock::now())) return;
        }
        fetched answer = fetch(item.target, item.target.text(), false);
        if (!stopped_) job_.finish(item, std::move(answer), clock::now());
    }

    std::shared_ptr<const site> site_of(const url& page) {
        const std::string origin(page.origin());
        auto [place, is_first] = sites_.try_emplace(origin);
        if (!is_first) {
            const std::shared_ptr<site> known = place->second;
            known->known.wait();
            return known;
        }
        const auto fresh = place->second = std::make_shared<site>();
        fetched answer = fetch(page, origin + "/robots.txt", true);
        if (stopped_) return fresh;
        learn_rules(*fresh, std::move(answer), job_, chosen_, page);
        if (fresh->failure) sites_.erase(origin);  // the next one that needs them asks again
        fresh->known.set();
        return fresh;
    }

    // A handle keeps its connections: the one that was used last is the likeliest to have one to this host.
    fetched fetch(const url& page, const std::string& target, bool is_robots_txt) {
        curl_handle web(nullptr, &curl_easy_cleanup);
        if (idle_.empty()) {
            web.reset(curl_easy_init());
        } else {
            web = std::move(idle_.back());
            idle_.pop_back();
        }
        fetched got = fetch_by_curl(web.get(), chosen_, page, target, is_robots_txt, stopped_);
        idle_.push_back(std::move(web));
        return got;
    }

    crawl& job_;
    const options& chosen_;
    green::semaphore free_jobs_;
    green::event changed_;  // a page has ended: there may be more to do, or nothing
    std::map<std::string, std::shared_ptr<site>> sites_;  // by origin
    std::vector<curl_handle> idle_;
    std::atomic<bool> stopped_ = false;
};

}  // namespace

void crawl_patched(crawl& job, const options& chosen, int interrupt_fd) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    patched_crawler(job, chosen).run(interrupt_fd);
    curl_global_cleanup();
}

}  // namespace crawler
