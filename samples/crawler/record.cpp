// SPDX-License-Identifier: BSL-1.0
// Boost.JSON escapes what JSON wants escaped; it passes bytes on unchecked, so they are made UTF-8 first.
#include "crawler/record.h"

#include "crawler/text.h"

#include <boost/json.hpp>

namespace crawler {

bool is_broken(const record& r) {
    return r.skipped == skip_reason::none && (r.status >= 400 || !r.error.empty());
}

std::string to_json(const record& r) {
    const boost::json::object object{
        {"url", valid_utf8(r.url)},
        {"status", r.status},
        {"type", valid_utf8(r.type)},
        {"bytes", r.bytes},
        {"depth", r.depth},
        {"from", valid_utf8(r.from)},
        {"error", valid_utf8(r.error)},
        {"milliseconds", r.elapsed.count()},
    };
    return boost::json::serialize(object);
}

}  // namespace crawler
