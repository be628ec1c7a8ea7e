// SPDX-License-Identifier: BSL-1.0
#include "crawler/program.h"

#include "crawler/interrupts.h"
#include "crawler/progress.h"
#include "crawler/record_file.h"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <variant>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace crawler {

namespace {

// A job holds a descriptor or two, and 1024, the usual limit, is for programs that call select(2). We may raise it up
// to the hard limit ourselves; if not, fewer have to do.
void allow_many_descriptors() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

// The next file to be opened would get the number of a standard stream that was closed, and what is printed would go
// there. Opened the wrong way round, the number is taken, and who uses it learns the same as before: EBADF.
void take_closed_standard_streams() {
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        if (fcntl(fd, F_GETFD) < 0) static_cast<void>(open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY));
}

void print(const std::string& text) {
    if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0)
        throw std::system_error(errno, std::generic_category(), "cannot write to standard output");
}

int crawl_and_report(const std::string& program, const options& chosen, const crawl_all& fetch_everything) {
    using clock = std::chrono::steady_clock;
    std::optional<record_file> out;
    if (chosen.out) {
        out.emplace(*chosen.out, [&] {
            std::fprintf(stderr, "%s: waiting for somebody to read %s\n", program.c_str(), chosen.out->c_str());
        });
    }
    allow_many_descriptors();
    interrupts from_user;
    progress line(STDERR_FILENO);
    crawl job(chosen, out ? &*out : nullptr, line);

    const auto start = clock::now();
    fetch_everything(job, chosen, from_user.fd());
    const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - start);

    line.clear();
    if (out) out->close();
    print(job.summary(elapsed));
    // What was found so far is no verdict, so the signal counts, as if it had ended the program: 130, 143.
    return job.interrupted() ? 128 + from_user.take() : job.status();
}

}  // namespace

int run_program(int argc, char** argv, const crawl_all& fetch_everything) {
    take_closed_standard_streams();
    const std::string program = std::filesystem::path(argv[0]).filename();
    try {
        const auto parsed = parse_options(argc, argv);
        if (const auto* stop = std::get_if<early_exit>(&parsed)) {
            if (stop->status == 0)
                print(stop->text);
            else
                std::fputs(stop->text.c_str(), stderr);
            return stop->status;
        }
        return crawl_and_report(program, std::get<options>(parsed), fetch_everything);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s: %s\n", program.c_str(), error.what());
        return wrong_use;
    }
}

}  // namespace crawler
