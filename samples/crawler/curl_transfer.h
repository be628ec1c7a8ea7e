// SPDX-License-Identifier: BSL-1.0
// One page by libcurl's easy interface, which blocks until it has it: what crawl-threads and crawl-patched share.
#pragma once

#include "crawler/blocking_lookup.h"
#include "crawler/fetch_rules.h"

#include <curl/curl.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

#include <sys/socket.h>

namespace crawler {

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
    std::error_code shortage{};  // of descriptors, which libcurl does not tell from other reasons

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
    static curl_socket_t on_open(void* self, curlsocktype, curl_sockaddr* of) {
        const int fd = socket(of->family, of->socktype | SOCK_CLOEXEC, of->protocol);
        const std::error_code why(fd < 0 ? errno : 0, std::generic_category());
        if (is_shortage(why)) static_cast<transfer*>(self)->shortage = why;
        return fd;
    }
    static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
        return static_cast<transfer*>(self)->stopped;
    }
};

inline void note_end(transfer& t, CURLcode ended) {
    if (!t.part && ended == CURLE_OK) t.note_head();
    curl_off_t travelled = 0;
    curl_easy_getinfo(t.web, CURLINFO_SIZE_DOWNLOAD_T, &travelled);
    t.got.bytes = std::max(static_cast<std::uint64_t>(travelled), t.length_bytes());
    if (ended == CURLE_OK || t.is_enough) return;
    long system_error = 0;
    curl_easy_getinfo(t.web, CURLINFO_OS_ERRNO, &system_error);
    std::error_code why(ended == CURLE_COULDNT_CONNECT      ? static_cast<int>(system_error)
                        : ended == CURLE_OPERATION_TIMEDOUT ? ETIMEDOUT
                                                            : 0,
                        std::generic_category());
    if (ended == CURLE_COULDNT_CONNECT && t.shortage) why = t.shortage;
    t.got.error = t.is_too_large ? "the body is too long" : why ? why.message() : curl_easy_strerror(ended);
    t.got.dropped = is_dropped(why) || is_shortage(why) || ended == CURLE_GOT_NOTHING ||
                    ended == CURLE_SEND_ERROR || ended == CURLE_RECV_ERROR || ended == CURLE_PARTIAL_FILE;
}

inline void perform(transfer& t, const options& chosen, const url& page, const std::string& target) {
    curl_easy_reset(t.web);  // connections are kept
    std::string resolved;
    curl_slist entry{};
    if (chosen.dns && needs_lookup(page.host())) {
        std::string address;
        if (!look_up(std::string(page.host()), *chosen.dns, chosen.timeout, address, t.got.error)) return;
        resolved = std::string(page.host()) + ':' + std::to_string(page.port()) + ':' + address;
        entry.data = resolved.data();
        curl_easy_setopt(t.web, CURLOPT_RESOLVE, &entry);
    }
    curl_easy_setopt(t.web, CURLOPT_URL, target.c_str());
    curl_easy_setopt(t.web, CURLOPT_USERAGENT, chosen.user_agent.c_str());
    curl_easy_setopt(t.web, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
    curl_easy_setopt(t.web, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
    curl_easy_setopt(t.web, CURLOPT_FOLLOWLOCATION, long{t.is_robots_txt});
    curl_easy_setopt(t.web, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(t.web, CURLOPT_PROXY, "");
    curl_easy_setopt(t.web, CURLOPT_MAXREDIRS, 20L);
    curl_easy_setopt(t.web, CURLOPT_TIMEOUT_MS, static_cast<long>(chosen.timeout.count()));
    curl_easy_setopt(t.web, CURLOPT_CONNECTTIMEOUT_MS, 10'000L);
    curl_easy_setopt(t.web, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(t.web, CURLOPT_WRITEFUNCTION, &transfer::on_data);
    curl_easy_setopt(t.web, CURLOPT_WRITEDATA, &t);
    curl_easy_setopt(t.web, CURLOPT_OPENSOCKETFUNCTION, &transfer::on_open);
    curl_easy_setopt(t.web, CURLOPT_OPENSOCKETDATA, &t);
    curl_easy_setopt(t.web, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(t.web, CURLOPT_XFERINFOFUNCTION, &transfer::on_progress);
    curl_easy_setopt(t.web, CURLOPT_XFERINFODATA, &t);
    note_end(t, curl_easy_perform(t.web));
}

// `web` keeps its connections from page to page. Gives up, when libcurl next asks, once `stopped` is set.
inline fetched fetch_by_curl(CURL* web, const options& chosen, const url& page, const std::string& target,
                             bool is_robots_txt, const std::atomic<bool>& stopped) {
    transfer under_way{web, stopped, is_robots_txt};
    const auto start = steady_clock::now();
    perform(under_way, chosen, page, target);
    note_time(under_way.got, start);
    return std::move(under_way.got);
}

}  // namespace crawler
