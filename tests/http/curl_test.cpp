// SPDX-License-Identifier: BSL-1.0
// The server as curl, a client that is not ours, finds it.
#include <http/packing.h>
#include <http/support.h>

#include <cstdio>

#include <fcntl.h>
#include <unistd.h>

using namespace support;

namespace {

// Runs a command of the shell and returns what it prints; the fibers go on meanwhile.
std::string output_of(const std::string& command) {
    FILE* child = popen((command + " 2>&1").c_str(), "re");
    REQUIRE(child);
    const int fd = dup(fileno(child));
    fcntl(fd, F_SETFL, O_NONBLOCK);
    std::string output;
    std::array<std::byte, 65536> piece;
    std::error_code error;
    while (std::size_t count = green::read_some(fd, piece, error))
        output.append(reinterpret_cast<const char*>(piece.data()), count);
    green::close_fd(fd);
    pclose(child);
    return output;
}

std::string curl(const std::string& arguments) {
    return output_of("curl --silent --show-error --max-time 20 " + arguments);
}

}  // namespace

TEST_CASE_FIXTURE(leak_check, "curl gets, posts, and reuses its connection") {
    web site([](http::request& asked, http::response_writer& answer) {
        if (asked.path() == "/hello") return answer.send(200, "text/plain", "hello");
        if (asked.path() == "/long") {
            for (int i = 0; i < 100; ++i) answer.write(std::string(10'000, 'x'));
            return;
        }
        if (asked.path() == "/packed") {
            answer.headers().set("Content-Encoding", "gzip");
            return answer.write(pack("unpacked", packing::gzip));
        }
        if (asked.path() == "/moved") {
            answer.headers().set("Location", "/hello");
            return answer.set_status(301);
        }
        answer.send(200, "text/plain", asked.method() + " " + std::to_string(asked.read_all().size()));
    });
    CHECK(curl(site.url("/hello")) == "hello");
    CHECK(curl("--http1.0 " + site.url("/hello")) == "hello");
    CHECK(curl(site.url("/long")).size() == 1'000'000);
    CHECK(curl("--http1.0 " + site.url("/long")).size() == 1'000'000);
    CHECK(curl("--compressed " + site.url("/packed")) == "unpacked");
    CHECK(curl("--location " + site.url("/moved")) == "hello");
    CHECK(curl("--data abc " + site.url("/post")) == "POST 3");
    CHECK(curl("--head " + site.url("/hello")).find("Content-Length: 5\r\n") != std::string::npos);
    // Above a megabyte curl waits for 100 Continue first.
    CHECK(output_of("head -c 3000000 /dev/zero | curl -sS -m 20 -T - " + site.url("/put")) == "PUT 3000000");
    CHECK(output_of("head -c 3000000 /dev/zero | curl -sS -m 20 -H 'Content-Type: x' --data-binary @- " +
                    site.url("/put")) == "POST 3000000");
    CHECK(curl("--write-out '%{num_connects} ' " + site.url("/hello") + " " + site.url("/hello")) ==
          "hello1 hello0 ");
}

TEST_CASE_FIXTURE(leak_check, "curl understands the refusal of too large a request") {
    web site([](http::request& asked, http::response_writer& answer) { answer.write(asked.read_all()); },
             {.header_limit_bytes = 1000, .body_limit_bytes = 1000});
    CHECK(curl("--output /dev/null --write-out '%{http_code}' --header 'A: " + std::string(2000, 'x') + "' " +
               site.url()) == "431");
    CHECK(output_of("head -c 100000 /dev/zero | curl -sS -m 20 -o /dev/null -w '%{http_code}' -T - " + site.url()) ==
          "413");
}
