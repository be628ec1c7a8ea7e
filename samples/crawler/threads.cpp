// SPDX-License-Identifier: BSL-1.0
// The crawl on native threads: one per job, each with a blocking HTTP client of its own (libcurl's easy interface), and
// one lock around all that they decide. What the system schedules, it cannot cancel: Ctrl-C is noticed by libcurl when
// it next asks, once a second at least.
#include "crawler/blocking_lookup.h"
#include "crawler/crawlers.h"
#include "crawler/fetch_rules.h"

#include <curl/curl.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
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
using curl_handle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;

// A transfer under way, for libcurl's callbacks.
struct transfer {
    CURL* web;
    const std::atomic<bool>& stopped;
    bool is_robots_txt;
    fetched got{};
    std::optional<body_part> part{};  // once the head is there
    std::uint64_t read_bytes = 0;
    bool is_enough = false;
    bool is_too_large = false;

    std::string header(const char* name) const {
        curl_header* found = nullptr;
        return curl_easy_header(web, name, 0, CURLH_HEADER, -1, &found) == CURLHE_OK ? found->value : "";
    }
    std::uint64_t length_bytes() const {
        curl_off_t length = 0;
        curl_easy_getinfo(web, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
        return length > 0 ? static_cast<std::uint64_t>(length) : 0;
    }
    void note_head() {
        long status = 0;
        curl_easy_getinfo(web, CURLINFO_RESPONSE_CODE, &status);
        got.status = static_cast<int>(status);
        got.content_type = header("Content-Type");
        got.location = header("Location");
        got.retry_after = header("Retry-After");
        part = part_to_read(got, length_bytes(), is_robots_txt);
    }
    // False: no more of it.
    bool take(const char* data, std::size_t size) {
        if (!part) note_head();
        read_bytes += size;
        if (*part == body_part::all || is_robots_txt) got.body.append(data, size);
        is_too_large = *part == body_part::all && read_bytes > largest_body_bytes;
        is_enough =
            *part == body_part::none || (*part == body_part::beginning && read_bytes >= most_bytes_to_read_past);
        return !is_too_large && !is_enough;
    }

    static std::size_t on_data(char* data, std::size_t, std::size_t size, void* self) {
        return static_cast<transfer*>(self)->take(data, size) ? size : CURL_WRITEFUNC_ERROR;
    }
    static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
        return static_cast<transfer*>(self)->stopped;
    }
};

class thread_crawler {
  public:
    thread_crawler(crawl& job, const options& chosen) : job_(job), chosen_(chosen), unfinished_count_(chosen.jobs) {
        if (all_ended_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
    }
    ~thread_crawler() { close(all_ended_); }

    void run(int interrupt_fd) {
        std::vector<std::jthread> workers;
        for (unsigned i = 0; i < chosen_.jobs; ++i) workers.emplace_back([this] { work(); });
        pollfd either[] = {{all_ended_, POLLIN, 0}, {interrupt_fd, POLLIN, 0}};
        while (poll(either, 2, -1) < 0 && errno == EINTR) {}
        if (either[1].revents & POLLIN) stop();
        workers.clear();  // waits for them
        if (failure_) std::rethrow_exception(failure_);
    }

  private:
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
        transfer under_way{web, stopped_, is_robots_txt};
        const auto start = clock::now();
        perform(under_way, page, target);
        fetched got = std::move(under_way.got);
        note_time(got, start);
        guard.lock();
        return got;
    }

    void perform(transfer& t, const url& page, const std::string& target) {
        curl_easy_reset(t.web);  // connections are kept
        std::string resolved;
        curl_slist entry{};
        if (chosen_.dns && needs_lookup(page.host())) {
            std::string address;
            if (!look_up(std::string(page.host()), *chosen_.dns, chosen_.timeout, address, t.got.error)) return;
            resolved = std::string(page.host()) + ':' + std::to_string(page.port()) + ':' + address;
            entry.data = resolved.data();
            curl_easy_setopt(t.web, CURLOPT_RESOLVE, &entry);
        }
        curl_easy_setopt(t.web, CURLOPT_URL, target.c_str());
        curl_easy_setopt(t.web, CURLOPT_USERAGENT, chosen_.user_agent.c_str());
        curl_easy_setopt(t.web, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
        curl_easy_setopt(t.web, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
        curl_easy_setopt(t.web, CURLOPT_FOLLOWLOCATION, long{t.is_robots_txt});
        curl_easy_setopt(t.web, CURLOPT_PROTOCOLS_STR, "http");
        curl_easy_setopt(t.web, CURLOPT_PROXY, "");
        curl_easy_setopt(t.web, CURLOPT_MAXREDIRS, 20L);
        curl_easy_setopt(t.web, CURLOPT_TIMEOUT_MS, static_cast<long>(chosen_.timeout.count()));
        curl_easy_setopt(t.web, CURLOPT_CONNECTTIMEOUT_MS, 10'000L);
        curl_easy_setopt(t.web, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(t.web, CURLOPT_WRITEFUNCTION, &transfer::on_data);
        curl_easy_setopt(t.web, CURLOPT_WRITEDATA, &t);
        curl_easy_setopt(t.web, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(t.web, CURLOPT_XFERINFOFUNCTION, &transfer::on_progress);
        curl_easy_setopt(t.web, CURLOPT_XFERINFODATA, &t);
        note_end(t, curl_easy_perform(t.web));
    }

    static void note_end(transfer& t, CURLcode ended) {
        if (!t.part && ended == CURLE_OK) t.note_head();
        curl_off_t travelled = 0;
        curl_easy_getinfo(t.web, CURLINFO_SIZE_DOWNLOAD_T, &travelled);
        t.got.bytes = std::max(static_cast<std::uint64_t>(travelled), t.length_bytes());
        if (ended == CURLE_OK || t.is_enough) return;
        long system_error = 0;
        curl_easy_getinfo(t.web, CURLINFO_OS_ERRNO, &system_error);
        const std::error_code why(ended == CURLE_COULDNT_CONNECT         ? static_cast<int>(system_error)
                                  : ended == CURLE_OPERATION_TIMEDOUT ? ETIMEDOUT
                                                                      : 0,
                                  std::generic_category());
        t.got.error = t.is_too_large ? "the body is too long" : why ? why.message() : curl_easy_strerror(ended);
        t.got.dropped = is_dropped(why) || is_shortage(why) || ended == CURLE_GOT_NOTHING ||
                        ended == CURLE_SEND_ERROR || ended == CURLE_RECV_ERROR || ended == CURLE_PARTIAL_FILE;
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
