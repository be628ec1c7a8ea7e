// SPDX-License-Identifier: BSL-1.0
// The crawl on stackless tasks. Its twin is fiber.cpp.
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
using green::coro::task;
// Its rules are fetched by the first task that needs them; others wait.
using site = site_of_pages<green::event>;

// A task that serves a stretch of code and has no end of its own.
struct killed_at_end {
    green::coro::join_handle<void> helper;
    ~killed_at_end() { helper.kill_soon(); }
};

class task_crawler {
  public:
    task_crawler(crawl& job, const options& chosen)
        : job_(job),
          chosen_(chosen),
          names_(resolver_options(chosen)),
          web_(session_options(chosen, names_)),
          free_jobs_(chosen.jobs) {}

    task<void> run(int interrupt_fd) {
        co_await green::coro::with_task_group([&](green::task_group& pages) -> task<void> {
            std::optional<killed_at_end> listener;
            if (interrupt_fd >= 0) listener.emplace(green::coro::spawn(listen(interrupt_fd, pages)));
            co_await start_pages(pages);
        });
    }

  private:
    task<void> listen(int interrupt_fd, green::task_group& pages) {
        co_await green::coro::wait_readable(interrupt_fd);
        job_.interrupt();
        pages.cancel();
    }

    // Hands out pages as fast as jobs are free and the frontier allows.
    task<void> start_pages(green::task_group& pages) {
        for (;;) {
            co_await green::coro::acquire(free_jobs_);
            frontier::next_result next = job_.next(clock::now());
            while (!next.item && !next.finished) {
                changed_.clear();
                co_await green::coro::wait_until(changed_, next.wake_at.value_or(green::never));
                next = job_.next(clock::now());
            }
            if (next.finished) co_return;
            pages.spawn(visit_page(std::move(*next.item)));
        }
    }

    task<void> visit_page(visit item) {
        co_await fetch_page(item);
        free_jobs_.release();
        changed_.set();
    }

    task<void> fetch_page(const visit& item) {
        if (item.target.is_https()) co_return job_.skip(item, "https is not spoken here", clock::now());
        if (chosen_.obey_robots) {
            const std::shared_ptr<const site> known = co_await site_of(item.target);
            if (!may_fetch(item, *known, job_, clock::now())) co_return;
        }
        fetched answer = co_await fetch(item.target.text(), false);
        job_.finish(item, std::move(answer), clock::now());
    }

    task<std::shared_ptr<const site>> site_of(const url& page) {
        const std::string origin(page.origin());
        auto [place, is_first] = sites_.try_emplace(origin);
        if (!is_first) {
            const std::shared_ptr<site> known = place->second;
            co_await green::coro::wait(known->known);
            co_return known;
        }
        const auto fresh = place->second = std::make_shared<site>();
        fetched answer = co_await fetch(origin + "/robots.txt", true);
        learn_rules(*fresh, std::move(answer), job_, chosen_, page);
        if (fresh->failure) sites_.erase(origin);  // the next one that needs them asks again
        fresh->known.set();
        co_return fresh;
    }

    task<fetched> fetch(std::string target, bool is_robots_txt) {
        fetched got;
        const auto start = clock::now();
        const auto how = request_options(chosen_, is_robots_txt);
        try {
            green::http::response answer = co_await green::coro::get(web_, target, how);
            note_head(got, answer);
            co_await read_body(answer, got, is_robots_txt);
            note_size(got, answer);
        } catch (const std::system_error& error) {
            note_failure(got, error.code(), web_);
        }
        note_time(got, start);
        co_return got;
    }

    static task<void> read_body(green::http::response& answer, fetched& got, bool is_robots_txt) {
        switch (part_to_read(got, answer.content_length().value_or(0), is_robots_txt)) {
            case body_part::all: got.body = co_await green::coro::read_all(answer, largest_body_bytes); break;
            case body_part::beginning: co_await read_beginning(answer, is_robots_txt ? &got.body : nullptr); break;
            case body_part::none: answer.close(); break;
        }
    }

    static task<void> read_beginning(green::http::response& answer, std::string* kept) {
        std::array<char, 16 * 1024> piece;
        std::uint64_t total = 0;
        while (total < most_bytes_to_read_past) {
            const std::size_t count = co_await green::coro::read_some(answer, std::as_writable_bytes(std::span(piece)));
            if (count == 0) co_return;
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

void crawl_on_tasks(crawl& job, const options& chosen, int interrupt_fd) {
    task_crawler crawler(job, chosen);
    green::block_on(crawler.run(interrupt_fd));
}

}  // namespace crawler
