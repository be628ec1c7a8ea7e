// SPDX-License-Identifier: BSL-1.0
#include "crawler/options.h"

#include <doctest/doctest.h>

#include <initializer_list>

using crawler::early_exit;
using crawler::options;
using crawler::scope_kind;
using namespace std::chrono_literals;

namespace {

std::variant<options, early_exit> parse(std::initializer_list<const char*> arguments) {
    std::vector<const char*> argv{"/usr/bin/crawl-fiber"};
    argv.insert(argv.end(), arguments);
    const int argc = static_cast<int>(argv.size());
    argv.push_back(nullptr);
    return crawler::parse_options(argc, argv.data());
}

options accepted(std::initializer_list<const char*> arguments) {
    auto parsed = parse(arguments);
    REQUIRE_MESSAGE(std::holds_alternative<options>(parsed), std::get<early_exit>(parsed).text);
    return std::get<options>(parsed);
}

/// The complaint about a command line that must be refused with status 2: its first line, program name left
/// out.
std::string refused(std::initializer_list<const char*> arguments) {
    const auto parsed = parse(arguments);
    const auto* stop = std::get_if<early_exit>(&parsed);
    if (stop == nullptr || stop->status != 2) return "not refused";
    CHECK(stop->text.starts_with("crawl-fiber: "));
    return stop->text.substr(13, stop->text.find('\n') - 13);
}

}  // namespace

TEST_CASE("a URL alone is enough") {
    const auto chosen = accepted({"http://A/x"});
    REQUIRE(chosen.seeds.size() == 1);
    CHECK(chosen.seeds[0].text() == "http://a/x");
    CHECK(chosen.jobs == 64);
    CHECK(chosen.per_host == 8);
    CHECK_FALSE(chosen.depth);
    CHECK_FALSE(chosen.max_pages);
    CHECK(chosen.timeout == 30s);
    CHECK(chosen.scope == scope_kind::host);
    CHECK(chosen.obey_robots);
    CHECK_FALSE(chosen.dns);
    CHECK_FALSE(chosen.out);
}

TEST_CASE("every option is understood, before and after URLs") {
    const auto chosen = accepted(
        {"--jobs",   "3",         "--per-host=2",   "http://a/", "--depth",   "0",           "--max-pages",
         "9",        "--timeout", "0.25",           "--scope",   "domain",    "--no-robots", "--user-agent",
         "me/1 (x)", "--dns",     "127.0.0.1:5353", "--out",     "/dev/null", "https://b/"});
    CHECK(chosen.seeds.size() == 2);
    CHECK(chosen.jobs == 3);
    CHECK(chosen.per_host == 2);
    CHECK(chosen.depth == 0);
    CHECK(chosen.max_pages == 9);
    CHECK(chosen.timeout == 250ms);
    CHECK(chosen.scope == scope_kind::domain);
    CHECK_FALSE(chosen.obey_robots);
    CHECK(chosen.user_agent == "me/1 (x)");
    CHECK(chosen.dns->address == "127.0.0.1");
    CHECK(chosen.dns->port == 5353);
    CHECK(chosen.out == "/dev/null");
}

TEST_CASE("a name server may have any spelling of an address") {
    const auto dns = [](const char* text) {
        const auto server = *accepted({"--dns", text, "http://a/"}).dns;
        return server.address + ' ' + std::to_string(server.port);
    };
    CHECK(dns("9.9.9.9") == "9.9.9.9 53");
    CHECK(dns("::1") == "::1 53");
    CHECK(dns("[::1]") == "::1 53");
    CHECK(dns("[::1]:65535") == "::1 65535");
    for (const char* text : {"", "localhost", "1.2.3", "[::1", "[1.2.3.4]:5", "[::1]x", "1.2.3.4x"}) {
        CHECK(refused({"--dns", text, "http://a/"}) ==
              "--dns: \"" + std::string(text) + "\" is not an IP address with or without :PORT");
    }
    for (const char* text : {"1.2.3.4:65536", "1.2.3.4:0", "1.2.3.4:", "[::1]:", "1.2.3.4:x"}) {
        CHECK(refused({"--dns", text, "http://a/"}) ==
              "--dns: the port of \"" + std::string(text) + "\" is not a whole number from 1 to 65535");
    }
}

TEST_CASE("a wrong URL is named with the reason") {
    CHECK(refused({}) == "URL: none given, say where to start");
    CHECK(refused({"ftp://a/"}) == "URL: \"ftp://a/\": scheme ftp is neither http nor https");
    CHECK(refused({"http://a:65536/"}) == "URL: \"http://a:65536/\": port 65536 is not between 1 and 65535");
    CHECK(refused({"http://good/", "example.com"}) ==
          "URL: \"example.com\": no http:// in front");
    CHECK(refused({""}) == "URL: \"\": empty URL");
}

TEST_CASE("whatever is wrong with an option is said in one way: its name, and why") {
    CHECK(refused({"--frobnicate", "http://a/"}) == "--frobnicate: no such option");
    CHECK(refused({"--job", "3", "http://a/"}) == "--job: no such option");
    CHECK(refused({"http://a/", "-x"}) == "-x: no such option");
    CHECK(refused({"http://a/", "--out"}) == "--out: FILE is missing");
    CHECK(refused({"--jobs", "1", "--jobs", "2", "http://a/"}) == "--jobs: given more than once");
    CHECK(refused({"--no-robots=false", "http://a/"}) == "--no-robots: takes no value");
}

TEST_CASE("a crawl of https URLs alone is refused, some among others are not") {
    CHECK(refused({"https://a/", "https://b/"}) ==
          "URL: \"https://a/\": TLS is not spoken yet, only http:// can be fetched");
    CHECK(accepted({"https://a/", "http://b/"}).seeds.size() == 2);
}

TEST_CASE("a wrong number is named with what would be right") {
    for (const char* text : {"0", "-1", "x", "", "3x", "1.5", "1000001", "99999999999999999999"}) {
        CAPTURE(std::string(text));
        CHECK(refused({"--jobs", text, "http://a/"}) ==
              "--jobs: \"" + std::string(text) + "\" is not a whole number from 1 to 1000000");
    }
    for (const char* text : {"0", "-1", "nan", "inf", "x", "", "1e9", "5s"}) {
        CAPTURE(std::string(text));
        CHECK(refused({"--timeout", text, "http://a/"}) ==
              "--timeout: \"" + std::string(text) + "\" is not a number of seconds above 0, up to 86400");
    }
    CHECK(refused({"--per-host", "0", "http://a/"}).starts_with("--per-host: \"0\""));
    CHECK(refused({"--depth", "-1", "http://a/"}).starts_with("--depth: \"-1\""));
    CHECK(refused({"--max-pages", "0", "http://a/"}).starts_with("--max-pages: \"0\""));
    CHECK(refused({"--scope", "world", "http://a/"}) == "--scope: \"world\" is not one of host, domain, any");
}

TEST_CASE("the shortest timeout is not rounded to none") {
    CHECK(accepted({"--timeout", "1e-9", "http://a/"}).timeout == 1ms);
}

TEST_CASE("an output file that cannot be is refused before the crawl") {
    CHECK(refused({"--out", "/no/such/folder/x", "http://a/"}) ==
          "--out: folder \"/no/such/folder\" does not exist");
    CHECK(refused({"--out", "/", "http://a/"}) == "--out: \"/\" is a folder");
    CHECK(refused({"--out", "", "http://a/"}) == "--out: the file name is empty");
}

TEST_CASE("a user agent that would break the header is refused") {
    CHECK(refused({"--user-agent", "a\r\nb", "http://a/"}).starts_with("--user-agent: "));
    CHECK(refused({"--user-agent", "", "http://a/"}).starts_with("--user-agent: "));
}

TEST_CASE("an unknown, incomplete or repeated option is named") {
    CHECK(refused({"--fast", "http://a/"}).find("--fast") != std::string::npos);
    CHECK(refused({"http://a/", "--jobs"}).find("--jobs") != std::string::npos);
    CHECK(refused({"--jobs", "1", "--jobs", "2", "http://a/"}).find("--jobs") != std::string::npos);
}

TEST_CASE("help is no error and lists every option") {
    const auto parsed = parse({"--help"});
    const auto* stop = std::get_if<early_exit>(&parsed);
    REQUIRE(stop != nullptr);
    CHECK(stop->status == 0);
    for (const char* name : {"--jobs", "--per-host", "--depth", "--max-pages", "--timeout", "--scope",
                             "--no-robots", "--user-agent", "--dns", "--out", "URL"}) {
        CHECK(stop->text.find(name) != std::string::npos);
    }
}
