// SPDX-License-Identifier: BSL-1.0
#include "crawler/fiber.h"

#include "crawler/fetch_rules.h"

#include <green/dns/resolver.h>
#include <green/green.h>
#include <green/http/session.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace crawler {

namespace {

using clock = std::chrono::steady_clock;

// The rules of one site, or why they could not be had. Fetched by the first fiber that needs them; others wait.
struct site {
    green::event known;
    robots rules;
    std::optional<fetched> failure;
};

// A fiber that serves a stretch of code and has no end of its own.
struct killed_at_end {
    green::fiber<void> helper;
    ~killed_at_end() { helper.kill_soon(); }
};

class fiber_crawler {
  public:
    fiber_crawler(crawl& job, const options& chosen)
        : job_(job), chosen_(chosen), names_(resolver_options(chosen)), web_(session_options()), free_jobs_(chosen.jobs) {}

    void run(int interrupt_fd) {
        green::with_task_group([&](green::task_group& pages) {
            std::optional<killed_at_end> listener;
            if (interrupt_fd >= 0) {
                listener.emplace(green::spawn({.name = "Ctrl-C"}, [&] {
                    green::wait_readable(interrupt_fd);
                    job_.interrupt();
                    pages.cancel();
                }));
            }
            start_pages(pages);
        });
    }

  private:
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
            pages.spawn({.name = next.item->target.text()}, [this, item = std::move(*next.item)] {
                visit_page(item);
                free_jobs_.release();
                changed_.set();
            });
        }
    }

    void visit_page(const visit& item) {
        if (item.target.is_https()) return job_.skip(item, "https is not spoken here", clock::now());
        if (chosen_.obey_robots) {
            std::shared_ptr<const site> known = site_of(item.target);
            if (known->failure) return job_.finish_without_rules(item, *known->failure, clock::now());
            if (!known->rules.allows(item.target)) return job_.skip(item, "robots.txt forbids it", clock::now());
        }
        fetched answer = fetch(item.target.text(), {.follow_redirects = false});
        job_.finish(item, std::move(answer), clock::now());
    }

    std::shared_ptr<const site> site_of(const url& page) {
        const std::string origin(page.origin());
        auto [place, is_first] = sites_.try_emplace(origin);
        if (!is_first) {
            std::shared_ptr<site> known = place->second;
            known->known.wait();
            return known;
        }
        auto fresh = place->second = std::make_shared<site>();
        fetched answer = fetch(origin + "/robots.txt", {.follow_redirects = true, .is_robots_txt = true});
        if (rules_are_unavailable(answer)) {
            fresh->failure = std::move(answer);
            sites_.erase(origin);  // the next one that needs them asks again
        } else {
            fresh->rules = robots::for_answer(answer.status, answer.body, product_token_of(chosen_.user_agent));
            job_.obey(fresh->rules, page);
        }
        fresh->known.set();
        return fresh;
    }

    struct fetch_options {
        bool follow_redirects;
        bool is_robots_txt = false;
    };

    fetched fetch(const std::string& target, const fetch_options& how) {
        fetched got;
        const auto start = clock::now();
        try {
            green::http::response answer = web_.get(target, {.timeout = chosen_.timeout,
                                                            .follow_redirects = how.follow_redirects,
                                                            .body_limit_bytes = largest_body_bytes});
            got.status = answer.status();
            got.content_type = answer.headers().get("Content-Type").value_or("");
            got.location = answer.headers().get("Location").value_or("");
            got.retry_after = answer.headers().get("Retry-After").value_or("");
            read_body(answer, got, how.is_robots_txt);
        } catch (const std::system_error& error) {
            got.error = error.code().message();
            got.dropped = is_dropped(error.code()) || is_shortage(error.code());
            if (is_shortage(error.code())) web_.close_idle();
        }
        got.elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - start);
        return got;
    }

    // Keeps a page whole. Of all else no more than the beginning is read: as much as counts of a robots.txt, enough to
    // know that a film is there, and all of what is short, so that the connection can be used again.
    static void read_body(green::http::response& answer, fetched& got, bool is_robots_txt) {
        if (is_robots_txt) {
            read_beginning(answer, &got.body);
        } else if (is_html(got.content_type)) {
            got.body = answer.read_all(largest_body_bytes);
        } else if (answer.content_length().value_or(0) > most_bytes_to_read_past) {
            answer.close();
        } else {
            read_beginning(answer, nullptr);
        }
        got.bytes = std::max(answer.travelled_bytes(), answer.content_length().value_or(0));
    }

    static void read_beginning(green::http::response& answer, std::string* kept) {
        std::array<char, 16 * 1024> piece;
        std::uint64_t total = 0;
        while (const std::size_t count = answer.read_some(std::as_writable_bytes(std::span(piece)))) {
            if (kept) kept->append(piece.data(), count);
            if ((total += count) >= most_bytes_to_read_past) return answer.close();
        }
    }

    static green::dns::resolver_options resolver_options(const options& chosen) {
        green::dns::resolver_options result;
        if (chosen.dns) result.servers = {{green::ip_address::parse(chosen.dns->address), chosen.dns->port}};
        return result;
    }

    green::http::session_options session_options() {
        return {.user_agent = chosen_.user_agent,
                .max_idle_per_host = chosen_.per_host,
                .connect = [this](const std::string& host, std::uint16_t port, green::time_point deadline) {
                    auto candidates = names_.lookup(host, std::to_string(port), {.deadline = deadline});
                    return std::make_unique<green::tcp_stream>(green::connect(candidates, {.deadline = deadline}));
                }};
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
