// SPDX-License-Identifier: BSL-1.0
// The values that belong to one fiber or task: what fiber_local stands on.
#pragma once

#include <memory>
#include <utility>
#include <vector>

namespace green::detail {

// By key. Few per agent, so a plain search.
class local_values {
  public:
    struct value {
        const void* key;
        std::shared_ptr<void> object;
        std::shared_ptr<void> (*copy)(const void*);  // for children; null unless inheritable
    };

    void* find(const void* key) const noexcept;
    void* add(value v);
    // What a child starts with; null when there is nothing to inherit.
    std::unique_ptr<local_values> inherit() const;
    // Latest first, as automatic objects die. A destructor may park, and may make new values.
    ~local_values();

  private:
    std::vector<value> values_;
};

}  // namespace green::detail
