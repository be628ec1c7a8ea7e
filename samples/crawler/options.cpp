// SPDX-License-Identifier: BSL-1.0
// CLI11 splits the line and prints the help; the values are read here, because its own conversions accept too
// much (negative counts, "nan" seconds) and say too little.
#include "crawler/options.h"

#include <CLI/CLI.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <limits>
#include <optional>

namespace crawler {
namespace {

constexpr std::uint64_t most_jobs = 1'000'000;
constexpr std::uint64_t most_pages = std::numeric_limits<unsigned>::max();
constexpr double longest_timeout_seconds = 86'400;

[[noreturn]] void refuse(const std::string& option, const std::string& why) {
    throw CLI::ValidationError(option, why);
}

std::optional<std::uint64_t> count_in(const std::string& text, std::uint64_t least, std::uint64_t most) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole =
        !text.empty() && end == text.data() + text.size() && error != std::errc::invalid_argument;
    const bool in_range = error != std::errc::result_out_of_range && value >= least && value <= most;
    return whole && in_range ? std::optional(value) : std::nullopt;
}

std::uint64_t parse_count(const std::string& option, const std::string& text, std::uint64_t least,
                          std::uint64_t most) {
    if (const auto value = count_in(text, least, most)) return *value;
    refuse(option, "\"" + text + "\" is not a whole number from " + std::to_string(least) + " to " +
                       std::to_string(most));
}

std::chrono::milliseconds parse_timeout(const std::string& option, const std::string& text) {
    double seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    const bool whole = !text.empty() && end == text.data() + text.size() && error == std::errc{};
    if (!whole || !(seconds > 0) || seconds > longest_timeout_seconds) {
        refuse(option, "\"" + text + "\" is not a number of seconds above 0, up to 86400");
    }
    return std::chrono::milliseconds(static_cast<std::int64_t>(std::ceil(seconds * 1000)));
}

scope_kind parse_scope(const std::string& option, const std::string& text) {
    if (text == "host") return scope_kind::host;
    if (text == "domain") return scope_kind::domain;
    if (text == "any") return scope_kind::any;
    refuse(option, "\"" + text + "\" is not one of host, domain, any");
}

bool is_address(const std::string& text, int family) {
    std::array<char, sizeof(in6_addr)> ignored{};
    return inet_pton(family, text.c_str(), ignored.data()) == 1;
}

/// "1.2.3.4", "1.2.3.4:53", "::1", "[::1]", "[::1]:53".
dns_server parse_dns(const std::string& option, const std::string& text) {
    if (is_address(text, AF_INET6)) return {text, 53};
    const bool bracketed = text.starts_with('[') && text.find(']') != std::string::npos;
    const auto end = bracketed ? text.find(']') + 1 : std::min(text.find(':'), text.size());
    const auto address = bracketed ? text.substr(1, end - 2) : text.substr(0, end);
    const bool port_or_nothing = end == text.size() || text[end] == ':';
    if (!port_or_nothing || !is_address(address, bracketed ? AF_INET6 : AF_INET)) {
        refuse(option, "\"" + text + "\" is not an IP address with or without :PORT");
    }
    if (end == text.size()) return {address, 53};
    const auto port = count_in(text.substr(end + 1), 1, 65535);
    if (!port) refuse(option, "the port of \"" + text + "\" is not a whole number from 1 to 65535");
    return {address, static_cast<std::uint16_t>(*port)};
}

/// A line break in a header would let the value write headers of its own.
std::string parse_user_agent(const std::string& option, const std::string& text) {
    if (text.empty()) refuse(option, "the name is empty");
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < ' ' || byte >= 0x7F)
            refuse(option, "the name holds characters other than printable ASCII");
    }
    return text;
}

std::string parse_out(const std::string& option, const std::string& text) {
    namespace fs = std::filesystem;
    if (text.empty()) refuse(option, "the file name is empty");
    std::error_code ignored;
    const fs::path folder = fs::path(text).parent_path();
    if (!folder.empty() && !fs::is_directory(folder, ignored)) {
        refuse(option, "folder \"" + folder.string() + "\" does not exist");
    }
    if (fs::is_directory(text, ignored)) refuse(option, "\"" + text + "\" is a folder");
    return text;
}

url parse_seed(const std::string& option, const std::string& text) {
    const auto seed = parse_url(text);
    if (!seed) refuse(option, "\"" + text + "\": " + seed.reason);
    return *seed;
}

/// Declares options whose values go through one of the functions above.
class command_line {
  public:
    command_line() : app_("Crawls websites and reports their broken links.") {}

    template <class Read>
    CLI::Option* add(const std::string& name, const std::string& kind, const std::string& help, Read read) {
        const auto take = [name, read](const std::string& text) { read(name, text); };
        return app_.add_option_function<std::string>(name, take, help)->type_name(kind);
    }

    CLI::App& app() { return app_; }

  private:
    CLI::App app_;
};

void declare_limits(command_line& line, options& chosen) {
    line.add("--jobs", "N", "Fetches under way at a time (64)", [&chosen](auto& name, auto& text) {
        chosen.jobs = static_cast<unsigned>(parse_count(name, text, 1, most_jobs));
    });
    line.add("--per-host", "N", "Of these, at one host (8)", [&chosen](auto& name, auto& text) {
        chosen.per_host = static_cast<unsigned>(parse_count(name, text, 1, most_jobs));
    });
    line.add("--depth", "N", "Follow links no further than N away from URL",
             [&chosen](auto& name, auto& text) {
                 chosen.depth = static_cast<unsigned>(parse_count(name, text, 0, most_pages));
             });
    line.add("--max-pages", "N", "Fetch no more than N URLs", [&chosen](auto& name, auto& text) {
        chosen.max_pages = parse_count(name, text, 1, most_pages);
    });
    line.add("--timeout", "SECONDS", "Give up on a URL after this long (30)",
             [&chosen](auto& name, auto& text) { chosen.timeout = parse_timeout(name, text); });
    line.add("--scope", "host|domain|any", "Stay on the hosts given, on their domains, or nowhere (host)",
             [&chosen](auto& name, auto& text) { chosen.scope = parse_scope(name, text); });
}

void declare_manners(command_line& line, options& chosen) {
    line.app()
        .add_flag_callback("--no-robots", [&chosen] { chosen.obey_robots = false; }, "Ignore robots.txt")
        ->disable_flag_override();
    line.add("--user-agent", "NAME", "Introduce ourselves as NAME (" + chosen.user_agent + ")",
             [&chosen](auto& name, auto& text) { chosen.user_agent = parse_user_agent(name, text); });
    line.add("--dns", "ADDRESS[:PORT]", "Ask this name server instead of the system's",
             [&chosen](auto& name, auto& text) { chosen.dns = parse_dns(name, text); });
    line.add("--out", "FILE", "Write a JSON object per URL and line to FILE",
             [&chosen](auto& name, auto& text) { chosen.out = parse_out(name, text); });
}

void read_seeds(const std::vector<std::string>& texts, options& chosen) {
    if (texts.empty()) refuse("URL", "none given, say where to start");
    for (const auto& text : texts) chosen.seeds.push_back(parse_seed("URL", text));
    if (std::ranges::all_of(chosen.seeds, &url::is_https))
        refuse("URL",
               "\"" + chosen.seeds.front().text() + "\": TLS is not spoken yet, only http:// can be fetched");
}

/// CLI11's complaint about a number of values, in the words of refuse().
std::string complaint(CLI::App& app, const CLI::ArgumentMismatch& error) {
    const std::string text = error.what();
    std::string name = text.substr(0, text.find_first_of(": "));
    if (!name.starts_with("-")) name.insert(0, "--");  // of a flag, CLI11 says the bare name
    const CLI::Option* option = app.get_option_no_throw(name);
    if (option == nullptr) return text;
    if (option->get_type_name().empty()) return name + ": takes no value";
    return name + (option->count() > 1 ? ": given more than once" : ": " + option->get_type_name() + " is missing");
}

}  // namespace

std::variant<options, early_exit> parse_options(int argc, const char* const* argv) {
    options chosen;
    command_line line;
    const std::string program = argc > 0 ? std::filesystem::path(argv[0]).filename().string() : "crawl";
    declare_limits(line, chosen);
    declare_manners(line, chosen);
    std::vector<std::string> seeds;
    line.app().add_option("URL", seeds, "Where to start: http://HOST[:PORT]/PATH")->type_name("");
    line.app().allow_extras();  // to be refused in our own words
    line.app().name(program);
    line.app().footer(
        "Exit status:\n"
        "  0    all fine\n"
        "  1    broken links, or not a single page could be fetched\n"
        "  2    wrong use, or the results could not be written\n"
        "  130  stopped by Ctrl-C (143: by SIGTERM) before the end, whatever was found so far");
    try {
        line.app().parse(argc, argv);
        if (const auto unknown = line.app().remaining(); !unknown.empty())
            refuse(unknown.front(), "no such option");
        read_seeds(seeds, chosen);
    } catch (const CLI::CallForHelp&) {
        return early_exit{0, line.app().help()};
    } catch (const CLI::ArgumentMismatch& error) {
        return early_exit{2, program + ": " + complaint(line.app(), error) + "\nTry " + program + " --help\n"};
    } catch (const CLI::ParseError& error) {
        return early_exit{2, program + ": " + error.what() + "\nTry " + program + " --help\n"};
    }
    return chosen;
}

}  // namespace crawler
