// SPDX-License-Identifier: BSL-1.0
#include "demo_site/site.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace demo_site {

namespace {

constexpr unsigned children_per_page = 6;

// A number that looks random and is always the same for a page: FNV-1a over its address.
unsigned scramble(std::string_view host, unsigned number) {
    unsigned hash = 2166136261u;
    for (char c : host) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
    for (int i = 0; i < 4; ++i) hash = (hash ^ (number >> (8 * i) & 255u)) * 16777619u;
    return hash ^ hash >> 15;
}

// "/page/17" and "/moved/17" have numbers.
std::optional<unsigned> number_in(std::string_view path, std::string_view prefix) {
    if (!path.starts_with(prefix)) return {};
    path.remove_prefix(prefix.size());
    unsigned number = 0;
    auto [end, error] = std::from_chars(path.data(), path.data() + path.size(), number);
    if (error != std::errc() || end != path.data() + path.size()) return {};
    return number;
}

std::string anchor(const std::string& target, const std::string& text) {
    return "<li><a href=\"" + target + "\">" + text + "</a></li>\n";
}

}  // namespace

const std::vector<std::string>& site::hosts() {
    static const std::vector<std::string> names{"www.green.test", "docs.green.test", "blog.green.test",
                                                "shop.green.test", "press.green.test"};
    return names;
}

std::string site::url(const std::string& host, unsigned number) const {
    const std::string path = number == 0 ? "/" : "/page/" + std::to_string(number);
    return "http://" + host + ":" + std::to_string(port_) + path;
}

std::string site::html(const std::string& host, unsigned number) const {
    std::string text = "<!doctype html>\n<title>" + host + ", page " + std::to_string(number) + "</title>\n<ul>\n";
    for (unsigned child = number * children_per_page + 1; child <= (number + 1) * children_per_page; ++child)
        if (child < pages_per_host_) text += anchor("/page/" + std::to_string(child) + "#top", "further down");
    if (number > 0)
        text += anchor("../page/" + std::to_string(number - 1) + "/../" + std::to_string(number - 1), "back");
    const unsigned dice = scramble(host, number);
    const std::string& other = hosts()[dice % hosts().size()];
    text += anchor(url(other, dice / 7 % pages_per_host_), "elsewhere");
    if (number == 0)
        for (const std::string& each : hosts()) text += anchor(url(each, 0), each);
    if (dice % 61 == 0) text += anchor("/lost/" + std::to_string(number), "what was here once");
    if (dice % 37 == 0) text += anchor("/moved/" + std::to_string(number), "under a new address");
    if (dice % 29 == 0) text += anchor("/private/" + std::to_string(number), "not for robots");
    text += "</ul>\n<img src=\"/logo.png\">\n<p>" + std::string(dice % 4000, '.') + "</p>\n";
    return text;
}

page site::answer(std::string_view host_asked, std::string_view path) {
    const std::string host(host_asked);
    if (std::ranges::find(hosts(), host) == hosts().end()) return {.status = 404, .body = "no such host"};
    if (path == "/robots.txt") return {.type = "text/plain", .body = "User-agent: *\nDisallow: /private/\n"};
    if (path == "/logo.png") return {.type = "image/png", .body = "\x89PNG\r\n\x1a\n"};
    if (auto moved = number_in(path, "/moved/"))
        return {.status = 301, .location = "/page/" + std::to_string(*moved % pages_per_host_)};

    const auto number = path == "/" ? 0 : number_in(path, "/page/").value_or(pages_per_host_);
    const std::chrono::milliseconds delay(30 + scramble(host, number) % 170);
    if (number >= pages_per_host_) return {.status = 404, .body = "there is nothing here", .delay = delay};
    const bool overloaded = scramble(host, number) % 97 == 0;
    if (overloaded && asked_before_.insert(host + std::string(path)).second)
        return {.status = 503, .body = "come back later", .delay = delay};
    return {.body = html(host, number), .delay = delay};
}

}  // namespace demo_site
