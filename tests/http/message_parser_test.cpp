// SPDX-License-Identifier: BSL-1.0
#include <green/http/error.h>
#include <green/http/message_parser.h>

#include <doctest/doctest.h>

#include <ostream>

#include <algorithm>
#include <random>

using green::http::errc;
using green::http::detail::message_parser;
using kind = message_parser::kind;

namespace {

struct parsed {
    message_parser parser;
    std::string body;
    std::size_t consumed = 0;
};

// Shows the text in pieces of `step` bytes, what was not consumed again with more behind it; into outputs of `room`.
parsed parse(kind k, std::string_view text, std::size_t step = 1 << 20, std::size_t room = 1 << 16,
             bool then_ends = false) {
    parsed result{message_parser(k), {}};
    std::vector<std::byte> output(room);
    std::size_t shown = 0;
    while (!result.parser.is_done()) {
        const auto input = text.substr(result.consumed, shown - result.consumed);
        const auto done = result.parser.put(std::as_bytes(std::span(input)), output);
        result.consumed += done.consumed;
        result.body.append(reinterpret_cast<const char*>(output.data()), done.produced);
        if (done.consumed != 0) continue;
        if (shown == text.size()) {
            if (then_ends && !result.parser.put_end_of_stream()) throw std::runtime_error("ended too early");
            break;
        }
        shown = std::min(shown + step, text.size());
    }
    return result;
}

std::error_code error_of(kind k, std::string_view text) {
    try {
        parse(k, text);
    } catch (const std::system_error& error) {
        return error.code();
    }
    return {};
}

}  // namespace

TEST_CASE("a response is parsed, whatever the sizes of the pieces") {
    const std::string head = "HTTP/1.1 200 Fine\r\nA: b\r\nTransfer-Encoding: chunked\r\na:\t c \r\n\r\n";
    const std::string text = head + "5\r\nhello\r\n7;ext=\"x\"\r\n, world\r\n0\r\nTrailer: t\r\n\r\n";
    for (std::size_t step : {1, 2, 3, 5, 7, 1000})
        for (std::size_t room : {1, 3, 1000}) {
            parsed result = parse(kind::response, text + "HTTP/1.1 next", step, room);
            CHECK(result.parser.is_done());
            CHECK(result.body == "hello, world");
            CHECK(result.parser.head().status == 200);
            CHECK(result.parser.head().reason == "Fine");
            CHECK(result.parser.head().fields.get_all("A") == std::vector<std::string_view>{"b", "c"});
            CHECK(result.parser.head().trailers == green::http::headers{{"Trailer", "t"}});
            CHECK(result.parser.keep_alive());
            CHECK(result.consumed == text.size());
        }
}

TEST_CASE("a body ends where its length says, at once without one, or with the stream") {
    CHECK(parse(kind::response, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef").body == "abc");
    for (const char* status : {"204", "304", "100"}) {
        parsed none = parse(kind::response, "HTTP/1.1 " + std::string(status) + " X\r\nContent-Length: 3\r\n\r\nabc");
        CHECK(none.parser.is_done());
        CHECK(none.body.empty());
    }
    parsed to_head = parse(kind::response_to_head, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n");
    CHECK(to_head.parser.is_done());
    CHECK(to_head.parser.content_length() == 3);
    parsed until_end = parse(kind::response, "HTTP/1.1 200 OK\r\n\r\nabc", 1, 10, true);
    CHECK(until_end.body == "abc");
    CHECK(until_end.parser.is_done());
    CHECK(!until_end.parser.keep_alive());
    CHECK_THROWS(parse(kind::response, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", 1, 10, true));
    CHECK_THROWS(
        parse(kind::response, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", 1, 10, true));
}

TEST_CASE("a request is parsed, and has no body unless it says so") {
    parsed r = parse(kind::request, "PROPFIND /x?y HTTP/1.0\r\nHost: h\r\n\r\nmore");
    CHECK(r.parser.is_done());
    CHECK(r.parser.head().method == "PROPFIND");
    CHECK(r.parser.head().target == "/x?y");
    CHECK(r.parser.head().minor_version == 0);
    CHECK(!r.parser.keep_alive());
    CHECK(parse(kind::request, "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nabc").body == "ab");
}

TEST_CASE("what is not HTTP/1.1, or could be read in two ways, is an error") {
    for (const char* text :
         {"SSH-2.0-OpenSSH_9.2p1\r\n", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n",
          "<html><body>hello</body>", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
          "HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdefgh\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n"})
        CHECK_MESSAGE(error_of(kind::response, text) == errc::malformed_message, std::string(text));
    for (const char* text :
         {"\x16\x03\x01 TLS", "GET /\r\n\r\n", "GET / HTTP/1.1\r\n: x\r\n\r\n", "G@T / HTTP/1.1\r\n\r\n"})
        CHECK_MESSAGE(error_of(kind::request, text) == errc::malformed_message, std::string(text));
}

TEST_CASE("damaged messages never do worse than an error") {
    const std::string good =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\nFolded: a\r\n b\r\n\r\n"
        "a;x=y\r\n0123456789\r\n3\r\nabc\r\n0\r\nT: 1\r\n\r\n";
    const unsigned seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random(seed);
    const std::string_view evil = std::string_view("\r\n:;= \t\0afF09\xff", 14);
    for (int round = 0; round < 20'000; ++round) {
        std::string text = good;
        for (unsigned n = random() % 3 + 1; n > 0; --n) {
            const std::size_t at = random() % text.size();
            switch (random() % 3) {
                case 0:
                    text[at] = evil[random() % evil.size()];
                    break;
                case 1:
                    text.erase(at, random() % 4);
                    break;
                case 2:
                    text.insert(at, 1, evil[random() % evil.size()]);
                    break;
            }
        }
        try {
            parse(kind::response, text, random() % 9 + 1, random() % 5 + 1);
        } catch (const std::system_error& error) {
            CHECK(error.code() == errc::malformed_message);
        }
    }
}
