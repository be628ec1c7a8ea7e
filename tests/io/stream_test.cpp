// SPDX-License-Identifier: BSL-1.0
// Streams in memory under a virtual clock, and what is built on any stream.
#include <doctest/doctest.h>

#include <support/error_of.h>
#include <support/fixture.h>

#include <green/fiber/sleep.h>
#include <green/fiber/spawn.h>
#include <green/io/buffered_reader.h>
#include <green/io/memory_stream.h>
#include <green/sync/timeout.h>

#include <algorithm>
#include <array>
#include <vector>

using namespace support;
using namespace std::chrono_literals;
using green::buffered_reader;
using green::memory_stream;
using green::stream_errc;

namespace {

struct pair_fixture : virtual_time {
    explicit pair_fixture(std::size_t capacity_bytes = 1024) {
        std::tie(near, far) = memory_stream::pair(capacity_bytes);
    }
    memory_stream near, far;
};
struct narrow_pair : pair_fixture {
    narrow_pair() : pair_fixture(4) {}
};

std::string read_text(green::byte_stream& from, std::size_t limit = 100) {
    std::string text(limit, '\0');
    text.resize(from.read_some(std::as_writable_bytes(std::span(text))));
    return text;
}

std::string exactly(auto& from, std::size_t size_bytes) {
    std::string text(size_bytes, '\0');
    auto bytes = std::as_writable_bytes(std::span(text));
    if constexpr (std::is_same_v<std::remove_reference_t<decltype(from)>, buffered_reader>)
        from.read_exactly(bytes);
    else
        green::read_exactly(from, bytes);
    return text;
}

}  // namespace

// --- the pair itself ---

TEST_CASE_FIXTURE(pair_fixture, "bytes written at one end of a pair are read at the other, both ways") {
    green::write_all(near, "ping");
    green::write_all(far, "pong");
    CHECK(read_text(far) == "ping");
    CHECK(read_text(near) == "pong");
}

TEST_CASE_FIXTURE(pair_fixture, "a reader parks until there is something") {
    auto reader = green::spawn([&] { return read_text(near); });
    green::sleep(1h);
    CHECK(!reader.ended());
    green::write_all(far, "at last");
    CHECK(reader.get() == "at last");
}

TEST_CASE_FIXTURE(narrow_pair, "a writer parks while the other side does not read") {
    auto writer = green::spawn([&] { green::write_all(near, "0123456789"); });
    green::sleep(1h);
    CHECK(!writer.ended());
    CHECK(read_text(far) == "0123");
    CHECK(exactly(far, 6) == "456789");
    writer.get();
}

TEST_CASE_FIXTURE(pair_fixture, "the end of one direction leaves the other") {
    green::write_all(near, "last");
    near.shutdown_write();
    CHECK(read_text(far) == "last");
    CHECK(read_text(far).empty());
    CHECK(read_text(far).empty());
    CHECK(error_of([&] { green::write_all(near, "x"); }) == std::errc::broken_pipe);
    green::write_all(far, "back");
    CHECK(read_text(near) == "back");
}

TEST_CASE_FIXTURE(pair_fixture, "closing wakes the own reader with an error and the peer's with the end") {
    auto own = green::spawn([&] { return error_of([&] { read_text(near); }); });
    auto peers = green::spawn([&] { return read_text(far); });
    green::yield();
    near.close();
    CHECK(own.get() == std::errc::bad_file_descriptor);
    CHECK(peers.get().empty());
    CHECK(error_of([&] { green::write_all(far, "x"); }) == std::errc::broken_pipe);
    CHECK(error_of([&] { read_text(near); }) == std::errc::bad_file_descriptor);
    CHECK(error_of([&] { near.shutdown_write(); }) == std::errc::bad_file_descriptor);
}

TEST_CASE_FIXTURE(narrow_pair, "closing wakes a writer that waits, at either end") {
    auto own = green::spawn([&] { return error_of([&] { green::write_all(near, "0123456789"); }); });
    auto peers = green::spawn([&] { return error_of([&] { green::write_all(far, "0123456789"); }); });
    green::sleep(1s);
    near.close();
    CHECK(own.get() == std::errc::bad_file_descriptor);
    CHECK(peers.get() == std::errc::broken_pipe);
}

TEST_CASE_FIXTURE(pair_fixture, "a reset is an error at the peer") {
    auto reader = green::spawn([&] { return error_of([&] { read_text(far); }); });
    green::yield();
    near.reset();
    CHECK(reader.get() == std::errc::connection_reset);
    CHECK(error_of([&] { green::write_all(far, "x"); }) == std::errc::connection_reset);
}

TEST_CASE_FIXTURE(pair_fixture, "a second reader is refused and the first goes on") {
    auto first = green::spawn([&] { return read_text(near); });
    green::yield();
    CHECK(error_of([&] { read_text(near); }) == std::errc::device_or_resource_busy);
    green::write_all(far, "mine");
    CHECK(first.get() == "mine");
}

TEST_CASE_FIXTURE(pair_fixture, "a killed reader has taken nothing") {
    auto reader = green::spawn([&] { read_text(near); });
    green::yield();
    reader.kill();
    green::write_all(far, "kept");
    CHECK(read_text(near) == "kept");
}

TEST_CASE_FIXTURE(pair_fixture, "a fiber whose stream always has data lets others run, and its timeouts end it") {
    bool other_ran = false;
    auto other = green::spawn([&] { other_ran = true; });
    while (!other_ran) {
        green::write_all(far, "x");
        CHECK(read_text(near) == "x");
    }
    CHECK(!green::with_timeout(1s, [&] {
        for (;; clock.advance(1ms)) {
            green::write_all(far, "x");
            read_text(near);
        }
    }));
    other.join();
}

TEST_CASE_FIXTURE(pair_fixture, "reads can be made to come in pieces") {
    far.set_largest_read(2);
    green::write_all(near, "abcde");
    CHECK(read_text(far) == "ab");
    CHECK(exactly(far, 3) == "cde");
}

// --- deadlines ---

TEST_CASE_FIXTURE(pair_fixture, "a read ends at the deadline, and not before") {
    near.expires_after(10s);
    CHECK(error_of([&] { read_text(near); }) == std::errc::timed_out);
    CHECK(clock.elapsed() == 10s);
    green::write_all(far, "late");
    CHECK(error_of([&] { read_text(near); }) == std::errc::timed_out);  // it has passed, data or not
    near.set_deadline(green::never);
    CHECK(read_text(near) == "late");
}

TEST_CASE_FIXTURE(pair_fixture, "many short waits together obey one deadline") {
    auto drip = green::spawn([&] {
        for (;;) {
            green::write_all(far, ".");
            green::sleep(1s);
        }
    });
    near.expires_after(10500ms);
    std::array<std::byte, 100> buffer;
    std::error_code error;
    CHECK(green::read_exactly(near, buffer, error) == 11);
    CHECK(error == std::errc::timed_out);
    CHECK(clock.elapsed() == 10500ms);
    drip.kill();
}

TEST_CASE_FIXTURE(narrow_pair, "reading and writing have deadlines of their own") {
    near.set_read_deadline(green::hub::current().deadline_after(1s));
    near.set_write_deadline(green::hub::current().deadline_after(5s));
    CHECK(error_of([&] { read_text(near); }) == std::errc::timed_out);
    CHECK(clock.elapsed() == 1s);
    std::error_code error;
    CHECK(green::write_all(near, std::as_bytes(std::span("0123456789")), error) == 4);
    CHECK(error == std::errc::timed_out);
    CHECK(clock.elapsed() == 5s);
}

TEST_CASE_FIXTURE(pair_fixture, "a stream that always has data does not outlive its deadline") {
    near.expires_after(1s);
    green::write_all(far, std::string(1000, 'x'));
    int reads = 0;
    const auto error = error_of([&] {
        for (;; ++reads) {
            read_text(near, 1);
            clock.advance(100ms);  // computing
        }
    });
    CHECK(error == std::errc::timed_out);
    CHECK(reads == 10);
}

// --- helpers ---

TEST_CASE_FIXTURE(pair_fixture, "reading exactly fails when the stream ends before, and says how much came") {
    green::write_all(far, "abc");
    far.shutdown_write();
    std::array<std::byte, 5> buffer;
    std::error_code error;
    CHECK(green::read_exactly(near, buffer, error) == 3);
    CHECK(error == stream_errc::end_of_stream);
    CHECK(what_of([&] { green::read_exactly(near, buffer); }) ==
          "green: memory stream: read: the stream ended too early");
    green::read_exactly(near, {});
}

TEST_CASE_FIXTURE(pair_fixture, "reading until a delimiter keeps what came behind it") {
    green::write_all(far, "head\r\n\r\nbody");
    std::string text;
    CHECK(green::read_until(near, text, "\r\n\r\n") == 8);
    CHECK(text == "head\r\n\r\nbody");
    text.erase(0, 8);
    near.set_largest_read(1);  // the delimiter comes in pieces
    green::write_all(far, "\r\n\r\nx");
    CHECK(green::read_until(near, text, "\r\n\r\n") == 8);
    CHECK(text == "body\r\n\r\n");
}

TEST_CASE_FIXTURE(pair_fixture, "reading until a delimiter has a limit and an end") {
    std::string text;
    std::error_code error;
    green::write_all(far, "0123456789|");
    CHECK(green::read_until(near, text, "|", 5, error) == 0);
    CHECK(error == stream_errc::limit_exceeded);
    CHECK(text.size() == 5);  // never more than the limit
    text = "a|b";
    CHECK(green::read_until(near, text, "|", 1, error) == 0);  // the delimiter counts
    CHECK(error == stream_errc::limit_exceeded);
    CHECK(green::read_until(near, text, "|", 2, error) == 2);
    far.close();
    text.clear();
    CHECK(green::read_until(near, text, "?", 100, error) == 0);
    CHECK(error == stream_errc::end_of_stream);
}

TEST_CASE_FIXTURE(narrow_pair, "copying goes on until the source ends") {
    auto [source, feed] = memory_stream::pair(3);
    auto writer = green::spawn([&feed = feed] {
        green::write_all(feed, "0123456789");
        feed.close();
    });
    auto reader = green::spawn([&] { return exactly(far, 10); });
    CHECK(green::copy(source, near) == 10);
    CHECK(reader.get() == "0123456789");
    writer.get();
}

TEST_CASE_FIXTURE(pair_fixture, "several pieces are written as far as one write goes") {
    const std::string a = "ab", c = "cd";
    std::array<std::span<const std::byte>, 3> parts{std::as_bytes(std::span(a)), {}, std::as_bytes(std::span(c))};
    CHECK(near.write_some(green::data_parts(parts)) >= 2);
    CHECK(near.write_some(green::data_parts(parts).subspan(1, 1)) == 0);
    CHECK(read_text(far).starts_with("ab"));
}

TEST_CASE("errors of a stream are told in words") {
    CHECK(std::error_code(stream_errc::limit_exceeded).message() == "more data than allowed");
    CHECK(std::string(green::stream_category().name()) == "green.stream");
}

// --- buffered reading ---

TEST_CASE_FIXTURE(pair_fixture, "lines are read with either end, and the last one without") {
    green::write_all(far, "one\ntwo\r\n\nlast");
    far.close();
    buffered_reader reader(near);
    CHECK(reader.read_line() == "one");
    CHECK(reader.read_line() == "two");
    CHECK(reader.read_line() == "");
    CHECK(reader.read_line() == "last");
    CHECK(!reader.read_line());
    CHECK(!reader.read_line());
}

TEST_CASE_FIXTURE(pair_fixture, "pieces are read up to their delimiter, however they arrive") {
    near.set_largest_read(1);
    green::write_all(far, "a::b:c::d");
    far.close();
    buffered_reader reader(near, 6);
    CHECK(reader.read_until("::") == "a::");
    CHECK(reader.read_until("::") == "b:c::");
    CHECK(error_of([&] { reader.read_until("::"); }) == stream_errc::end_of_stream);
    CHECK(exactly(reader, 1) == "d");
    CHECK(!reader.read_until("::"));
}

TEST_CASE_FIXTURE(pair_fixture, "a line longer than the buffer is refused and nothing is lost") {
    green::write_all(far, "0123456789\nx");
    buffered_reader reader(near, 8);
    CHECK(error_of([&] { reader.read_line(); }) == stream_errc::limit_exceeded);
    CHECK(exactly(reader, 8) == "01234567");
    CHECK(reader.read_line() == "89");
    CHECK(reader.buffered().size() == 1);
}

TEST_CASE_FIXTURE(pair_fixture, "a buffered read that times out or is killed has consumed nothing") {
    buffered_reader reader(near);
    green::write_all(far, "half a li");
    near.expires_after(1s);
    CHECK(error_of([&] { reader.read_line(); }) == std::errc::timed_out);
    near.set_deadline(green::never);
    auto killed = green::spawn([&] { exactly(reader, 50); });
    green::sleep(1s);
    killed.kill();
    green::write_all(far, "ne\n");
    CHECK(reader.read_line() == "half a line");
}

TEST_CASE_FIXTURE(pair_fixture, "large reads go past the buffer, small ones through it") {
    green::write_all(far, std::string(100, 'a') + std::string(100, 'b'));
    buffered_reader reader(near, 16);
    CHECK(exactly(reader, 10) == std::string(10, 'a'));
    CHECK(reader.buffered().size() == 6);
    CHECK(exactly(reader, 190) == std::string(90, 'a') + std::string(100, 'b'));
    CHECK(reader.buffered().empty());
    green::write_all(far, "xyz");
    CHECK(reader.fill());
    reader.discard(1);
    std::array<std::byte, 8> rest;
    CHECK(reader.read_some(rest) == 2);
    far.close();
    CHECK(reader.read_some(rest) == 0);
    CHECK(error_of([&] { exactly(reader, 1); }) == stream_errc::end_of_stream);
    CHECK(error_of([&] { exactly(reader, 100); }) == stream_errc::end_of_stream);
}

TEST_CASE_FIXTURE(pair_fixture, "closing the stream under a buffered reader ends its read with an error") {
    buffered_reader reader(near);
    green::write_all(far, "half a line");
    auto reading = green::spawn([&] { return error_of([&] { reader.read_line(); }); });
    green::sleep(1s);
    near.close();
    CHECK(reading.get() == std::errc::bad_file_descriptor);
    CHECK(reader.buffered().size() == 11);
}
