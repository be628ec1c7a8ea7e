// SPDX-License-Identifier: BSL-1.0
// The crawl on native threads: one per job, each with a blocking HTTP client of its own (libcurl's easy interface), and
// one lock around all that they decide. What the system schedules, it cannot cancel: Ctrl-C is noticed by libcurl when
// it next asks, once a second at least.
#include "crawler/crawlers.h"
#include "crawler/curl_transfer.h"

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace crawler {

namespace {

using clock = steady_clock;
// Its rules are fetched by the first thread that needs them; others wait.
using site = site_of_pages<bool>;
class thread_crawler {
  public:
    thread_crawler(crawl& job, const options& chosen) : job_(job), chosen_(chosen), unfinished_count_(chosen.jobs) {
        if (all_ended_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
    }
    ~thread_crawler() { close(all_ended_); }

    void run(int interrupt_fd) {
        std::vector<std::jthread> workers;
        start(workers);
        pollfd either[] = {{all_ended_, POLLIN, 0}, {interrupt_fd, POLLIN, 0}};
        while (poll(either, 2, -1) < 0 && errno == EINTR) {}
        if (either[1].revents & POLLIN) stop();
        workers.clear();  // waits for them
        if (failure_) std::rethrow_exception(failure_);
    }

  private:
    void start(std::vector<std::jthread>& workers) {
        workers.reserve(chosen_.jobs);
        try {
            while (workers.size() < chosen_.jobs) workers.emplace_back([this] { work(); });
        } catch (const std::system_error& error) {
            stop();  // those that have begun would go on to the end of the crawl
            throw std::system_error(error.code(), "cannot start thread " + std::to_string(workers.size() + 1) + " of " +
                                                      std::to_string(chosen_.jobs) + ", ask for fewer --jobs");
        }
    }

    void stop() {
        const std::lock_guard guard(lock_);
        stopped_ = true;
        job_.interrupt();
        changed_.notify_all();
        rules_came_.notify_all();
    }

    void work() {
        const curl_handle web(curl_easy_init(), &curl_easy_cleanup);
        try {
            if (!web) throw std::bad_alloc();
            visit_pages(web.get());
        } catch (...) {
            const std::lock_guard guard(lock_);
            if (!failure_) failure_ = std::current_exception();
            stopped_ = true;
            rules_came_.notify_all();
        }
        changed_.notify_all();
        if (--unfinished_count_ == 0) eventfd_write(all_ended_, 1);
    }

    void visit_pages(CURL* web) {
        std::unique_lock guard(lock_);
        for (;;) {
            frontier::next_result next = job_.next(clock::now());
            if (next.finished || stopped_) return;
            if (next.item) {
                visit_page(web, *next.item, guard);
                changed_.notify_all();
            } else if (next.wake_at) {
                changed_.wait_until(guard, *next.wake_at);
            } else {
                changed_.wait(guard);
            }
        }
    }

    void visit_page(CURL* web, const visit& item, std::unique_lock<std::mutex>& guard) {
        if (item.target.is_https()) return job_.skip(item, "https is not spoken here", clock::now());
        if (chosen_.obey_robots) {
            const std::shared_ptr<const site> known = site_of(web, item.target, guard);
            if (stopped_) return;
            if (!may_fetch(item, *known, job_, clock::now())) return;
        }
        fetched answer = fetch(web, item.target, item.target.text(), false, guard);
        if (!stopped_) job_.finish(item, std::move(answer), clock::now());
    }

    std::shared_ptr<const site> site_of(CURL* web, const url& page, std::unique_lock<std::mutex>& guard) {
        const std::string origin(page.origin());
        auto [place, is_first] = sites_.try_emplace(origin);
        if (!is_first) {
            const std::shared_ptr<site> known = place->second;
            rules_came_.wait(guard, [&] { return known->known || stopped_; });
            return known;
        }
        const auto fresh = place->second = std::make_shared<site>();
        fetched answer = fetch(web, page, origin + "/robots.txt", true, guard);
        if (stopped_) return fresh;
        learn_rules(*fresh, std::move(answer), job_, chosen_, page);
        if (fresh->failure) sites_.erase(origin);  // the next one that needs them asks again
        fresh->known = true;
        rules_came_.notify_all();
        return fresh;
    }

    // The lock is not held meanwhile.
    fetched fetch(CURL* web, const url& page, const std::string& target, bool is_robots_txt,
                  std::unique_lock<std::mutex>& guard) {
        guard.unlock();
        fetched got = fetch_by_curl(web, chosen_, page, target, is_robots_txt, stopped_);
        guard.lock();
        return got;
    }

    crawl& job_;
    const options& chosen_;
    std::mutex lock_;                     // around job_, sites_ and failure_
    std::condition_variable changed_;     // a page has ended: there may be more to do, or nothing
    std::condition_variable rules_came_;  // of some site
    std::map<std::string, std::shared_ptr<site>> sites_;  // by origin
    std::exception_ptr failure_;
    std::atomic<bool> stopped_ = false;
    std::atomic<unsigned> unfinished_count_;
    const int all_ended_ = eventfd(0, EFD_CLOEXEC);
};

}  // namespace

void crawl_on_threads(crawl& job, const options& chosen, int interrupt_fd) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    thread_crawler(job, chosen).run(interrupt_fd);
    curl_global_cleanup();
}

}  // namespace crawler
