// SPDX-License-Identifier: BSL-1.0
// Packs test data, by zlib.
#pragma once

#include <zlib.h>

#include <string>
#include <string_view>

namespace support {

enum class packing : int { gzip = MAX_WBITS + 16, zlib = MAX_WBITS, bare = -MAX_WBITS };

inline std::string pack(std::string_view text, packing how) {
    z_stream stream{};
    deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, static_cast<int>(how), 8, Z_DEFAULT_STRATEGY);
    std::string packed(deflateBound(&stream, text.size()) + 64, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

}  // namespace support
