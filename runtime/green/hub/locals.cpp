// SPDX-License-Identifier: BSL-1.0
#include <green/hub/locals.h>

namespace green::detail {

void* local_values::find(const void* key) const noexcept {
    for (const value& v : values_)
        if (v.key == key) return v.object.get();
    return nullptr;
}

void* local_values::add(value v) {
    values_.push_back(std::move(v));
    return values_.back().object.get();
}

std::unique_ptr<local_values> local_values::inherit() const {
    std::unique_ptr<local_values> inherited;
    for (const value& v : values_) {
        if (!v.copy) continue;
        if (!inherited) inherited = std::make_unique<local_values>();
        inherited->add({v.key, v.copy(v.object.get()), v.copy});
    }
    return inherited;
}

local_values::~local_values() {
    while (!values_.empty()) {
        value last = std::move(values_.back());
        values_.pop_back();
    }
}

}  // namespace green::detail
