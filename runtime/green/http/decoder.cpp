// SPDX-License-Identifier: BSL-1.0
#include <green/http/decoder.h>

#include <green/http/error.h>

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>

namespace green::http::detail {

namespace {

// What inflateInit2() takes: the window's size, plus 16 for gzip, negative for bare deflate data.
constexpr int zlib_format = MAX_WBITS;
constexpr int gzip_format = MAX_WBITS + 16;
constexpr int bare_format = -MAX_WBITS;

uInt clamp(std::size_t size) noexcept {
    return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max()));
}

}  // namespace

struct decoder::implementation {
    // not begun --first byte--> in member --its end--> between members --another byte--> in member (gzip)
    //                                                        `-- or padding
    enum class state { not_begun, in_member, between_members, padding };

    explicit implementation(coding c) noexcept : wanted(c) {}

    coding wanted;
    state at = state::not_begun;
    bool is_open = false;  // `stream` needs inflateEnd()
    z_stream stream{};

    implementation(const implementation&) = delete;
    ~implementation() {
        if (is_open) inflateEnd(&stream);
    }

    void open(int format) {
        stream = {};
        if (inflateInit2(&stream, format) != Z_OK) throw std::bad_alloc();
        is_open = true;
    }

    // The low half of a zlib header's first byte is 8, the method. Bare deflate data that begins so would be a stored
    // block with a bit set in its padding, which no packer makes.
    void begin(std::byte first) {
        if (wanted == coding::gzip)
            open(gzip_format);
        else
            open((std::to_integer<int>(first) & 0x0f) == 8 ? zlib_format : bare_format);
        at = state::in_member;
    }

    void begin_next_member(std::byte first) {
        // Anything else behind the end is ignored, as gzip(1) does, which only warns of it.
        if (wanted == coding::gzip && first == std::byte{0x1f} && inflateReset(&stream) == Z_OK)
            at = state::in_member;
        else
            at = state::padding;
    }

    progress step(std::span<const std::byte> input, std::span<std::byte> output) {
        stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(input.data()));
        stream.avail_in = clamp(input.size());
        stream.next_out = reinterpret_cast<Bytef*>(output.data());
        stream.avail_out = clamp(output.size());
        const uInt had_in = stream.avail_in;
        const uInt had_out = stream.avail_out;
        const int result = inflate(&stream, Z_NO_FLUSH);
        if (result == Z_STREAM_END)
            at = state::between_members;
        else if (result != Z_OK && result != Z_BUF_ERROR)
            throw std::system_error(make_error_code(errc::decompression_failed), stream.msg ? stream.msg : "inflate");
        return {had_in - stream.avail_in, had_out - stream.avail_out};
    }
};

decoder::decoder(coding c) : implementation_(std::make_unique<implementation>(c)) {}
decoder::~decoder() = default;

decoder::progress decoder::decode(std::span<const std::byte> input, std::span<std::byte> output) {
    implementation& self = *implementation_;
    if (input.empty() && self.at != implementation::state::in_member) return {};
    if (self.at == implementation::state::not_begun) self.begin(input.front());
    if (self.at == implementation::state::between_members) self.begin_next_member(input.front());
    if (self.at == implementation::state::padding) return {input.size(), 0};
    return self.step(input, output);
}

bool decoder::is_complete() const noexcept {
    return implementation_->at != implementation::state::in_member;
}

}  // namespace green::http::detail
