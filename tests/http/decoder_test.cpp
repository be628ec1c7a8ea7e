// SPDX-License-Identifier: BSL-1.0
#include <green/http/decoder.h>
#include <green/http/error.h>

#include <http/packing.h>

#include <doctest/doctest.h>

#include <ostream>

#include <string>
#include <vector>

using green::http::errc;
using green::http::detail::decoder;
using support::pack;
using support::packing;

namespace {

struct unpacked {
    std::string text;
    bool is_complete;
};

// Unpacks with pieces of these sizes on both sides.
unpacked unpack(decoder::coding coding, std::string_view packed, std::size_t in_bytes = 1 << 20,
                std::size_t out_bytes = 1 << 16) {
    decoder d(coding);
    std::string text;
    std::vector<std::byte> room(out_bytes);
    auto rest = std::as_bytes(std::span(packed));
    for (;;) {
        const auto done = d.decode(rest.first(std::min(in_bytes, rest.size())), room);
        rest = rest.subspan(done.consumed);
        text.append(reinterpret_cast<const char*>(room.data()), done.produced);
        if (rest.empty() && done.produced == 0) return {text, d.is_complete()};
    }
}

std::string sample() {
    std::string text;
    for (int i = 0; i < 20'000; ++i) text += std::to_string(i * 7919 % 10007) + " ";
    return text;
}

}  // namespace

TEST_CASE("gzip and both kinds of deflate are unpacked, whatever the sizes of the pieces") {
    const std::string text = sample();
    for (auto [in_bytes, out_bytes] :
         {std::pair<std::size_t, std::size_t>{1 << 20, 1 << 16}, {1, 4096}, {4096, 1}, {7, 13}}) {
        CHECK((unpack(decoder::coding::gzip, pack(text, packing::gzip), in_bytes, out_bytes).text == text));
        CHECK((unpack(decoder::coding::deflate, pack(text, packing::zlib), in_bytes, out_bytes).text == text));
        CHECK((unpack(decoder::coding::deflate, pack(text, packing::bare), in_bytes, out_bytes).text == text));
    }
}

TEST_CASE("several gzip members are one body, and padding behind them is ignored") {
    const std::string two = pack("one ", packing::gzip) + pack("two", packing::gzip);
    CHECK(unpack(decoder::coding::gzip, two).text == "one two");
    CHECK(unpack(decoder::coding::gzip, two, 1, 1).text == "one two");
    CHECK(unpack(decoder::coding::gzip, two + std::string(600, '\0')).text == "one two");
    CHECK(unpack(decoder::coding::gzip, two + "garbage").is_complete);
}

TEST_CASE("an empty body is complete, a truncated one is not") {
    CHECK(unpack(decoder::coding::gzip, "").is_complete);
    CHECK(unpack(decoder::coding::gzip, pack("", packing::gzip)).is_complete);
    const std::string packed = pack("some text", packing::gzip);
    for (std::size_t size = 1; size < packed.size(); ++size)
        CHECK(!unpack(decoder::coding::gzip, packed.substr(0, size)).is_complete);
}

TEST_CASE("what is not packed at all, or damaged, is an error") {
    const auto error_of = [](decoder::coding coding, const std::string& packed) {
        try {
            unpack(coding, packed);
        } catch (const std::system_error& error) {
            return error.code();
        }
        return std::error_code();
    };
    CHECK(error_of(decoder::coding::gzip, "<html>") == errc::decompression_failed);
    CHECK(error_of(decoder::coding::deflate, "\x78\x9c<html>") == errc::decompression_failed);
    std::string damaged = pack(sample(), packing::gzip);
    damaged[damaged.size() - 6] ^= 1;  // within the checksum
    CHECK(error_of(decoder::coding::gzip, damaged) == errc::decompression_failed);
}
