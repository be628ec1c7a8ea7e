// SPDX-License-Identifier: BSL-1.0
// What a stream of bytes in both directions can do, whatever carries it: TCP, TLS, a pair in memory. The rooms
// above (tls, http) are written against this and know no descriptors.
#pragma once

#include <green/base/time.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

namespace green {

// What can go wrong on a healthy stream. Codes of the category "green.stream".
enum class stream_errc {
    end_of_stream = 1,    // the peer ended the stream before all that was asked for had come
    limit_exceeded = 2,   // more came than the caller is willing to keep
};
const std::error_category& stream_category() noexcept;
std::error_code make_error_code(stream_errc value) noexcept;

// Several pieces of data that are written as one.
using data_parts = std::span<const std::span<const std::byte>>;

// A connected stream of bytes.
//
//     void echo(green::byte_stream& peer) {
//         std::array<std::byte, 4096> buffer;
//         while (std::size_t count = peer.read_some(buffer)) green::write_all(peer, std::span(buffer).first(count));
//     }
//
// One fiber may read while another writes; a second reader or a second writer is refused with
// device_or_resource_busy. Reading and writing park; they throw cancellation, and a call that was cancelled or
// timed out has transferred nothing. Errors come in two spellings, as in std::filesystem: as std::system_error, or
// in an error_code. Not to be moved or destroyed while another fiber uses it; close() wakes that fiber.
class byte_stream {
  public:
    virtual ~byte_stream() = default;

    // Reads at least one byte into `buffer`, parking while there is none. Returns how many; 0 at the end of the
    // stream, for an empty buffer, and on an error.
    std::size_t read_some(std::span<std::byte> buffer, std::error_code& error) {
        return is_over_at_once(buffer.empty(), read_deadline_, error) ? 0 : do_read_some(buffer, read_deadline_, error);
    }
    std::size_t read_some(std::span<std::byte> buffer);

    // Writes at least one byte of `data`, parking while there is no space. Returns how many; 0 for no data and on an
    // error. A peer that has gone is broken_pipe or connection_reset, never a signal.
    std::size_t write_some(std::span<const std::byte> data, std::error_code& error) {
        return is_over_at_once(data.empty(), write_deadline_, error) ? 0 : do_write_some(data, write_deadline_, error);
    }
    std::size_t write_some(std::span<const std::byte> data);
    // The same from several pieces in one go, as writev(2) does.
    std::size_t write_some(data_parts parts, std::error_code& error);
    std::size_t write_some(data_parts parts);

    // Ends the outgoing half: the peer reads what was written and then the end of the stream. Reading goes on. A
    // stream with a protocol of its own (TLS) may park.
    void shutdown_write(std::error_code& error);
    void shutdown_write();

    // Gives the stream up at once, in both directions; whoever waits for it wakes with bad_file_descriptor, and so
    // does every later call. Does not park. Idempotent; the destructor does the same.
    virtual void close() noexcept = 0;
    virtual bool is_open() const noexcept = 0;

    // From `deadline` on every read and write, also one under way that would have to wait, ends with timed_out:
    // a limit for the whole of many calls. It stays until it is set again; `never` lifts it. A call that is
    // parked already keeps the deadline it parked with.
    void set_deadline(time_point deadline) noexcept { read_deadline_ = write_deadline_ = deadline; }
    void set_read_deadline(time_point deadline) noexcept { read_deadline_ = deadline; }
    void set_write_deadline(time_point deadline) noexcept { write_deadline_ = deadline; }
    time_point read_deadline() const noexcept { return read_deadline_; }
    time_point write_deadline() const noexcept { return write_deadline_; }
    // set_deadline() `d` from now.
    void expires_after(duration d);

    // What it is connected to, in words for errors and dumps ("tcp 127.0.0.1:80"). Does not park.
    virtual std::string describe() const = 0;

  protected:
    byte_stream() = default;
    byte_stream(byte_stream&&) = default;
    byte_stream& operator=(byte_stream&&) = default;

  private:
    // One try-wait-try each, with a deadline that has not passed yet and a non-empty buffer. They set `error` in any
    // case.
    virtual std::size_t do_read_some(std::span<std::byte> buffer, time_point deadline, std::error_code& error) = 0;
    virtual std::size_t do_write_some(std::span<const std::byte> data, time_point deadline, std::error_code& error) = 0;
    // Unless overridden, writes the first part that is not empty.
    virtual std::size_t do_write_parts(data_parts parts, time_point deadline, std::error_code& error);
    virtual void do_shutdown_write(std::error_code& error) = 0;

    // Whether a call has nothing to do, or no time left to do it; `error` says which.
    static bool is_over_at_once(bool has_nothing_to_do, time_point deadline, std::error_code& error) {
        return (has_nothing_to_do || deadline != never) && ends_without_a_try(has_nothing_to_do, deadline, error);
    }
    static bool ends_without_a_try(bool has_nothing_to_do, time_point deadline, std::error_code& error);
    [[noreturn]] void fail(const std::error_code& error, const char* call) const;

    time_point read_deadline_ = never;
    time_point write_deadline_ = never;
};

// --- whole transfers; all park as their single steps do ---

// Fills `buffer`. Returns how much came before an error, all of it otherwise; a stream that ends before is
// stream_errc::end_of_stream.
std::size_t read_exactly(byte_stream& from, std::span<std::byte> buffer, std::error_code& error);
void read_exactly(byte_stream& from, std::span<std::byte> buffer);

// Writes all of `data`. Returns how much went out before an error. The throwing forms leave that unknown: after a
// failure the stream is good for closing only.
inline std::size_t write_all(byte_stream& to, std::span<const std::byte> data, std::error_code& error) {
    std::size_t written = 0;
    do written += to.write_some(data.subspan(written), error);
    while (!error && written < data.size());
    return written;
}
void write_all(byte_stream& to, std::span<const std::byte> data);
void write_all(byte_stream& to, std::string_view text);

// Reads into `text` until it contains `delimiter`; what `text` holds already counts. Returns the size of the part up
// to and including the delimiter; what came behind it stays in `text` for the next call. When `limit_bytes` hold no
// delimiter: stream_errc::limit_exceeded, and never reads more than that. A stream that ends before is
// stream_errc::end_of_stream. buffered_reader takes less copying.
std::size_t read_until(byte_stream& from, std::string& text, std::string_view delimiter, std::size_t limit_bytes,
                       std::error_code& error);
std::size_t read_until(byte_stream& from, std::string& text, std::string_view delimiter,
                       std::size_t limit_bytes = 1 << 20);

// Copies `from` to `to` until `from` ends. Returns how many bytes; throws what either side throws.
std::uint64_t copy(byte_stream& from, byte_stream& to);

}  // namespace green

template <>
struct std::is_error_code_enum<green::stream_errc> : std::true_type {};
