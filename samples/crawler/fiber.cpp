// SPDX-License-Identifier: BSL-1.0
// The crawl on fibers. Its twin is coro.cpp.
#include "crawler/client.h"
#include "crawler/crawlers.h"

#include <green/green.h>

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>

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

class fiber_crawler {
  public:
    fiber_crawler(crawl& job, const options& chosen)
        : job_(job),
          chosen_(chosen),
          names_(resolver_options(chosen)),
          web_(session_options(chosen, names_)),
          free_jobs_(chosen.jobs) {}

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
        job_.interrupt();
        pages.cancel();
    }

    // Hands out pages as fast as jobs are free and the frontier allows.
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
            if (!may_fetch(item, *known, job_, clock::now())) return;
        }
        fetched answer = fetch(item.target.text(), false);
        job_.finish(item, std::move(answer), clock::now());
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
        fetched answer = fetch(origin + "/robots.txt", true);
        learn_rules(*fresh, std::move(answer), job_, chosen_, page);
        if (fresh->failure) sites_.erase(origin);  // the next one that needs them asks again
        fresh->known.set();
        return fresh;
    }

    fetched fetch(std::string target, bool is_robots_txt) {
        fetched got;
        const auto start = clock::now();
        const auto how = request_options(chosen_, is_robots_txt);
        try {
            green::http::response answer = web_.get(target, how);
            note_head(got, answer);
            read_body(answer, got, is_robots_txt);
            note_size(got, answer);
        } catch (const std::system_error& error) {
            note_failure(got, error.code(), web_);
        }
        note_time(got, start);
        return got;
    }

    static void read_body(green::http::response& answer, fetched& got, bool is_robots_txt) {
        switch (part_to_read(got, answer.content_length().value_or(0), is_robots_txt)) {
            case body_part::all: got.body = answer.read_all(largest_body_bytes); break;
            case body_part::beginning: read_beginning(answer, is_robots_txt ? &got.body : nullptr); break;
            case body_part::none: answer.close(); break;
        }
    }

    static void read_beginning(green::http::response& answer, std::string* kept) {
        std::array<char, 16 * 1024> piece;
        std::uint64_t total = 0;
        while (total < most_bytes_to_read_past) {
            const std::size_t count = answer.read_some(std::as_writable_bytes(std::span(piece)));
            if (count == 0) return;
            if (kept) kept->append(piece.data(), count);
            total += count;
        }
        answer.close();
    }

    crawl& job_;
    const options& chosen_;
    green::dns::resolver names_;
    green::http::session web_;
    green::semaphore free_jobs_;
    green::event changed_;  // a page has ended: there may be more to do, or nothing
    std::map<std::string, std::shared_ptr<site>> sites_;  // by origin
};

}  // namespace

void crawl_on_fibers(crawl& job, const options& chosen, int interrupt_fd) {
    fiber_crawler(job, chosen).run(interrupt_fd);
}

}  // namespace crawler
