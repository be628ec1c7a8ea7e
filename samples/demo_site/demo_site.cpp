// SPDX-License-Identifier: BSL-1.0
// The demo: a website, the name server that knows it, and the crawlers, each of which reads all of it in turn.
//
//     samples/demo                                     builds and runs it
//     build/samples/demo_site/demo-site --serve        serves the site alone, until its standard input ends
//
// Every page is answered after a delay, as a real server would take it. You will see what each crawler found, and what
// the ways to wait have cost: time, processor, memory, and context switches.
#include "crawler/interrupts.h"
#include "demo_site/site.h"
#include "dns_server/dns_server.h"

#include <green/green.h>
#include <green/http/server.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr unsigned pages_per_host = 150;
constexpr unsigned jobs = 64;
constexpr unsigned jobs_per_host = 16;

constexpr const char* help =
    "Has a website of its own crawled in several ways, one after the other, and lays what they cost side by side.\n"
    "Usage: demo-site [--serve]\n"
    "\n"
    "  --serve   serve the site alone, until standard input ends; prints its front page and its name server\n"
    "\n"
    "Ctrl-C ends it with what was found so far, and exit status 130.\n";

[[noreturn]] void fail(int error, const std::string& what) {
    throw std::system_error(error, std::generic_category(), what);
}

// The website and its name server, on ports that the system has chosen.
class world {
  public:
    world()
        : server_({green::ip_address::loopback_v4(), 0},
                  [this](auto& asked, auto& answer) { answer_from(asked, answer); }) {
        for (const std::string& host : demo_site::site::hosts()) names_.add(host, green::ip_address::loopback_v4());
        start_afresh();
    }
    ~world() {
        server_.stop();
        names_.stop();
    }

    // Forgets who has asked before.
    void start_afresh() { site_.emplace(pages_per_host, port()); }
    unsigned port() const { return server_.local_endpoint().port; }
    std::string front_page() const {
        return "http://" + demo_site::site::hosts().front() + ":" + std::to_string(port()) + "/";
    }
    std::string name_server() const { return names_.where().to_string(); }

  private:
    void answer_from(green::http::request& asked, green::http::response_writer& answer) {
        const std::string authority(asked.headers().get("Host").value_or(""));
        demo_site::page page = site_->answer(authority.substr(0, authority.find(':')), asked.path());
        green::sleep(page.delay);
        if (!page.location.empty()) answer.headers().set("Location", page.location);
        if (page.status == 503) answer.headers().set("Retry-After", "1");
        answer.send(page.status, page.type, page.body);
    }

    std::optional<demo_site::site> site_;
    green::http::server server_;
    dns_sample::dns_server names_;
};

struct run {
    std::string name;
    double seconds;
    rusage used;
    std::string said;                // its summary, the broken links at the end
    std::vector<std::string> found;  // url, status, type and bytes of each, sorted
    int interrupted_by;              // a signal, or 0
};

// What does not depend on who came first: each line up to the depth.
std::vector<std::string> read_found(const std::filesystem::path& out) {
    std::vector<std::string> lines;
    std::ifstream file(out);
    for (std::string line; std::getline(file, line);) lines.push_back(line.substr(0, line.find(",\"depth\"")));
    std::ranges::sort(lines);
    return lines;
}

std::string read_all(const std::filesystem::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

// What a program starts with: our own open files, but its standard output goes to a file.
class redirection {
  public:
    explicit redirection(const std::filesystem::path& into) {
        posix_spawn_file_actions_init(&actions_);
        posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, into.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    }
    ~redirection() { posix_spawn_file_actions_destroy(&actions_); }
    redirection(const redirection&) = delete;
    const posix_spawn_file_actions_t* get() const { return &actions_; }

  private:
    posix_spawn_file_actions_t actions_;
};

run crawl_by(const std::filesystem::path& program, world& here, const std::filesystem::path& out,
             crawler::interrupts& from_user) {
    here.start_afresh();
    const std::filesystem::path said = out.string() + ".said";
    const redirection summary(said);
    std::vector<std::string> words{program, "--jobs", std::to_string(jobs), "--per-host", std::to_string(jobs_per_host),
                                   "--scope", "domain", "--dns", here.name_server(), "--out", out, here.front_page()};
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    std::fflush(stdout);
    const auto start = std::chrono::steady_clock::now();
    pid_t child = 0;
    if (const int error = posix_spawn(&child, arguments[0], summary.get(), nullptr, arguments.data(), environ))
        fail(error, program);
    // One that came before there was a crawler to hear it. Over there, too, it is blocked until it is taken.
    const int early = from_user.take();
    if (early) kill(child, early);
    const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
    if (pidfd < 0) fail(errno, "pidfd_open");
    green::wait_readable(pidfd);  // the site is served meanwhile
    green::close_fd(pidfd);
    run result{program.filename(), 0, {}, {}, {}, 0};
    wait4(child, nullptr, 0, &result.used);
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    result.said = read_all(said);
    result.found = read_found(out);
    result.interrupted_by = early ? early : from_user.take();
    return result;
}

// The list of broken links is long: one that found what the first has found does not repeat it.
void print_summary(const run& latest, const run& first) {
    const bool same = &latest != &first && latest.found == first.found;
    std::fputs(same ? latest.said.substr(0, latest.said.find("Broken links:\n")).c_str() : latest.said.c_str(), stdout);
    if (same) std::printf("Broken links: the same as %s's.\n", first.name.c_str());
}

void print_row(const char* title, const std::vector<run>& runs, auto value) {
    std::printf("%-18s", title);
    for (const run& each : runs) std::printf("%15.*f", value(each) < 100 ? 2 : 0, value(each));
    std::printf("\n");
}

bool found_the_same(const std::vector<run>& runs) {
    return std::ranges::all_of(runs, [&](const run& each) { return each.found == runs.front().found; });
}

void compare(const std::vector<run>& runs) {
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    std::printf("\n%-18s", "");
    for (const run& each : runs) std::printf("%15s", each.name.c_str());
    std::printf("\n");
    print_row("seconds", runs, [](const run& each) { return each.seconds; });
    print_row("CPU seconds", runs,
              [&](const run& each) { return seconds(each.used.ru_utime) + seconds(each.used.ru_stime); });
    print_row("peak memory, MB", runs,
              [](const run& each) { return static_cast<double>(each.used.ru_maxrss) * 1024 / 1e6; });
    print_row("context switches", runs,
              [](const run& each) { return static_cast<double>(each.used.ru_nvcsw + each.used.ru_nivcsw); });
    if (found_the_same(runs))
        std::printf("\nAll found the same %zu URLs.\n", runs.front().found.size());
    else
        std::printf("\nThey have not found the same.\n");
}

int run_demo(const std::filesystem::path& folder) {
    crawler::interrupts from_user;  // the crawlers get Ctrl-C too, and say what they have found
    world here;
    std::printf("A website of %zu hosts with %u pages each; %u jobs crawl it, in several ways.\n",
                demo_site::site::hosts().size(), pages_per_host, jobs);
    std::string scratch = std::filesystem::temp_directory_path() / "demo-XXXXXX";
    if (!mkdtemp(scratch.data())) fail(errno, scratch);
    std::vector<run> runs;
    for (const char* name : {"crawl-fiber", "crawl-coro", "crawl-threads", "crawl-patched"}) {
        if (!std::filesystem::exists(folder / name)) continue;  // there is no patch in a build with sanitizers
        std::printf("\n--- %s\n", name);
        runs.push_back(crawl_by(folder / name, here, std::filesystem::path(scratch) / name, from_user));
        print_summary(runs.back(), runs.front());
        if (runs.back().interrupted_by) break;
    }
    std::filesystem::remove_all(scratch);
    if (const int signal = runs.back().interrupted_by) return 128 + signal;
    compare(runs);
    return found_the_same(runs) && !runs.front().found.empty() ? 0 : 1;
}

int serve() {
    world here;
    std::printf("%s %s\n", here.front_page().c_str(), here.name_server().c_str());
    std::fflush(stdout);
    char scrap;
    do green::wait_readable(STDIN_FILENO);
    while (read(STDIN_FILENO, &scrap, 1) > 0);
    return 0;
}

}  // namespace

int main(int argc, char** argv) try {
    const std::string_view word = argc > 1 ? argv[1] : "";
    if (argc == 2 && word == "--serve") return serve();
    if (argc == 2 && word == "--help") return std::fputs(help, stdout) < 0 || std::fflush(stdout) != 0 ? 2 : 0;
    if (argc > 1) {
        std::fprintf(stderr, "demo-site: %s: no such argument\nTry demo-site --help\n",
                     argv[argc > 2 && word == "--serve" ? 2 : 1]);
        return 2;
    }
    return run_demo(std::filesystem::read_symlink("/proc/self/exe").parent_path() / "../crawler");
} catch (const std::exception& error) {
    std::fprintf(stderr, "demo-site: %s\n", error.what());
    return 2;
}
