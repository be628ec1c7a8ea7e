// SPDX-License-Identifier: BSL-1.0
// As much of HTTP/1.1 as a constant answer needs: where the heads of requests without bodies end. For the programs whose
// users bring a parser of their own. A head may come in pieces, and several at once.
#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>

namespace peer {

class head_counter {
  public:
    // How many heads end in these bytes, which follow the last ones.
    std::size_t take(const char* data, std::size_t size) {
        constexpr std::string_view end = "\r\n\r\n";
        std::size_t count = 0;
        const char* const stop = data + size;
        while (data < stop) {
            if (matched_ == 0) {  // the usual case: look for the end as a whole
                const auto* found = static_cast<const char*>(::memmem(data, stop - data, end.data(), end.size()));
                if (found) {
                    ++count;
                    data = found + end.size();
                    continue;
                }
                // Only the last three bytes can begin what the next piece completes.
                if (stop - data > 3) data = stop - 3;
            }
            matched_ = *data == end[matched_] ? matched_ + 1 : (*data == '\r' ? 1 : 0);
            ++data;
            if (matched_ == end.size()) ++count, matched_ = 0;
        }
        return count;
    }

  private:
    std::size_t matched_ = 0;  // bytes of the end that have come
};

}  // namespace peer
