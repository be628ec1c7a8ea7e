// SPDX-License-Identifier: BSL-1.0
// The demo: a website, the name server that knows it, and the fiber crawler that reads all of it, in one thread.
//
//     samples/demo                 builds and runs it
//
// Every page is answered after a delay, as a real server would take it. You will see a progress line, the pages and
// broken links that were found, and what fetching one page at a time would have cost.
#include "crawler/crawl.h"
#include "crawler/fiber.h"
#include "crawler/interrupts.h"
#include "crawler/units.h"
#include "demo_site/site.h"
#include "dns_server/dns_server.h"

#include <green/green.h>
#include <green/http/server.h>

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <unistd.h>

namespace {

constexpr unsigned pages_per_host = 150;
constexpr unsigned jobs = 64;
constexpr unsigned jobs_per_host = 16;

constexpr const char* help =
    "Crawls a website of its own, and tells what fetching one page at a time would have taken.\n"
    "Usage: demo-site\n"
    "\n"
    "Ctrl-C ends it with what was found so far, and exit status 130.\n";

void answer_from(demo_site::site& site, green::http::request& asked, green::http::response_writer& answer) {
    const std::string authority(asked.headers().get("Host").value_or(""));
    demo_site::page page = site.answer(authority.substr(0, authority.find(':')), asked.path());
    green::sleep(page.delay);
    if (!page.location.empty()) answer.headers().set("Location", page.location);
    if (page.status == 503) answer.headers().set("Retry-After", "1");
    answer.send(page.status, page.type, page.body);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1) {
        if (argv[1] == std::string_view("--help"))
            return std::fputs(help, stdout) < 0 || std::fflush(stdout) != 0 ? crawler::wrong_use : crawler::all_fine;
        std::fprintf(stderr, "demo-site: %s: it takes no arguments\nTry demo-site --help\n", argv[1]);
        return 2;
    }
    crawler::interrupts from_user;
    std::optional<demo_site::site> site;
    green::http::server server(green::endpoint(green::ip_address::loopback_v4(), 0),
                               [&](auto& asked, auto& answer) { answer_from(*site, asked, answer); });
    const unsigned port = server.local_endpoint().port;
    site.emplace(pages_per_host, port);
    dns_sample::dns_server names;
    for (const std::string& host : demo_site::site::hosts()) names.add(host, green::ip_address::loopback_v4());

    crawler::options chosen;
    chosen.seeds = {*crawler::parse_url("http://" + demo_site::site::hosts().front() + ":" + std::to_string(port) + "/").value};
    chosen.jobs = jobs;
    chosen.per_host = jobs_per_host;
    chosen.scope = crawler::scope_kind::domain;
    chosen.dns = {.address = "127.0.0.1", .port = names.where().port};

    std::printf("A website of %zu hosts with %u pages each is served by this process on port %u; %u fibers crawl it.\n",
                demo_site::site::hosts().size(), pages_per_host, port, jobs);
    std::fflush(stdout);
    crawler::progress line(STDERR_FILENO);
    crawler::crawl job(chosen, nullptr, line);
    const auto start = std::chrono::steady_clock::now();
    crawler::crawl_on_fibers(job, chosen, from_user.fd());
    const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
    line.clear();
    std::fputs(job.summary(elapsed).c_str(), stdout);
    server.stop();
    return job.interrupted() ? 128 + from_user.take() : 0;
}
