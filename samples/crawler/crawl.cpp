// SPDX-License-Identifier: BSL-1.0
#include "crawler/crawl.h"

#include "crawler/links.h"
#include "crawler/units.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace crawler {

namespace {

constexpr std::uint64_t retry_seed = 20240229;  // equal runs wait equally long
constexpr unsigned most_redirects = 20;

// The media type of a Content-Type header, in lower case, without parameters (RFC 9110, 8.3.1).
std::string media_type(std::string_view content_type) {
    content_type = content_type.substr(0, content_type.find_first_of("; \t"));
    std::string type(content_type);
    std::ranges::transform(type, type.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return type;
}

bool is_redirect(const fetched& answer) {
    switch (answer.status) {
        case 301: case 302: case 303: case 307: case 308: return answer.error.empty();
        default: return false;
    }
}

record record_of(const visit& done, const fetched& answer) {
    return {.url = done.target.text(),
            .status = answer.status,
            .type = media_type(answer.content_type),
            .bytes = answer.bytes,
            .depth = done.depth,
            .from = done.from,
            .error = answer.error,
            .elapsed = done.spent + answer.elapsed};
}

}  // namespace

bool is_html(std::string_view content_type) {
    const std::string type = media_type(content_type);
    return type == "text/html" || type == "application/xhtml+xml";
}

crawl::crawl(const options& chosen, record_file* out, progress& line)
    : todo_({.per_host = chosen.per_host,
             .max_depth = chosen.depth,
             .max_pages = chosen.max_pages,
             .scope = chosen.scope}),
      retries_(retry_seed),
      out_(out),
      line_(line) {
    for (const url& seed : chosen.seeds) todo_.add_seed(seed);
}

void crawl::finish(const visit& done, fetched answer, time_point now) {
    if (try_again(done, answer, now)) return;
    record r = record_of(done, answer);
    if (is_redirect(answer))
        follow_redirect(done, answer, r);
    else if (answer.error.empty() && answer.status / 100 == 2 && is_html(answer.content_type))
        queue_links(done, answer);
    add(r);
    todo_.done(done);
    show(now);
}

void crawl::skip(const visit& done, std::string why, time_point now) {
    record r = record_of(done, {});
    r.error = std::move(why);
    r.skipped = done.target.is_https() ? skip_reason::https : skip_reason::robots;
    add(r);
    todo_.done(done);
    show(now);
}

void crawl::finish_without_rules(const visit& done, fetched answer, time_point now) {
    if (try_again(done, answer, now)) return;
    fetched nothing;
    nothing.error = "cannot fetch robots.txt: " + answer.error;
    nothing.elapsed = answer.elapsed;
    add(record_of(done, nothing));
    todo_.done(done);
    show(now);
}

void crawl::obey(const robots& rules, const url& page) {
    if (auto pause = rules.crawl_delay()) todo_.set_pause(page.host(), *pause);
}

void crawl::interrupt() {
    interrupted_ = true;
    todo_.abandon();
}

bool crawl::try_again(const visit& done, const fetched& answer, time_point now) {
    if (interrupted_) return false;
    auto wait = answer.dropped ? retries_.after_drop(done.attempt)
                               : retries_.after_status(done.attempt, answer.status, answer.retry_after,
                                                       std::chrono::system_clock::now());
    if (!wait || (!answer.dropped && !answer.error.empty() && answer.status == 0)) return false;
    visit again = done;
    again.spent += answer.elapsed + *wait;
    todo_.retry(std::move(again), now + *wait);
    return true;
}

// A redirect is a page of its own in the results; where it leads is queued like a link, but no deeper.
void crawl::follow_redirect(const visit& done, const fetched& answer, record& r) {
    if (answer.location.empty()) {
        r.error = "a redirect without a Location";
        return;
    }
    auto target = resolve_url(done.target, answer.location);
    if (!target) {
        r.error = "a redirect to what is no page: " + target.reason;
        return;
    }
    r.error = redirect_trouble(done.target, *target);
    if (!r.error.empty()) return;
    if (done.from.empty())
        todo_.add_seed(*target);  // "example.com" that answers with "www.example.com" means that one
    else
        todo_.push(*target, done.depth, done.target.text());
}

// Says so when the redirects known so far lead back, or on and on.
std::string crawl::redirect_trouble(const url& from, const url& to) {
    redirects_[from.text()] = to.text();
    unsigned hops = 1;
    for (auto at = redirects_.find(to.text()); at != redirects_.end() && hops <= most_redirects; ++hops) {
        if (at->first == from.text()) return "a redirect loop: it leads back here after " + format_count(hops, "hop");
        at = redirects_.find(at->second);
    }
    const unsigned in_a_row = redirects_before_[from.text()] + 1;
    redirects_before_[to.text()] = in_a_row;
    if (in_a_row <= most_redirects) return {};
    return "more than " + std::to_string(most_redirects) + " redirects in a row";
}

void crawl::queue_links(const visit& done, const fetched& answer) {
    const page_links found = find_links(answer.body, done.target);
    for (const link& each : found.links) todo_.push(each.target, done.depth + 1, done.target.text());
    for (const bad_link& each : found.bad) {
        if (!bad_links_.insert(each.text).second) continue;
        record r;
        r.url = each.text;
        r.depth = done.depth + 1;
        r.from = done.target.text();
        r.error = each.reason;
        add(r);
    }
}

void crawl::add(const record& r) {
    if (out_) out_->write(r);
    report_.add(r);
    latest_ = r.url;
}

void crawl::show(time_point now) {
    line_.update({.pages = report_.page_count(),
                  .errors = report_.broken_count(),
                  .queued = todo_.queued_count(),
                  .under_way = todo_.under_way_count(),
                  .bytes = report_.byte_count(),
                  .latest = latest_},
                 now);
}

}  // namespace crawler
