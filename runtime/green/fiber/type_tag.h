// SPDX-License-Identifier: BSL-1.0
// The type of a value that crosses from one stack to another as a bare pointer, checked at run time.
#pragma once

#include <string>
#include <type_traits>
#include <typeinfo>

namespace green::detail {

// One type, a reference to it included. Compared by address first: within one module each type has one tag.
struct type_tag {
    const std::type_info* type;  // which forgets references and const
    const char* qualifiers;

    // As a person would write it: "int", "std::vector<int> const&".
    std::string name() const;
    bool operator==(const type_tag& other) const noexcept;
};

template <class T>
inline constexpr type_tag tag_of{&typeid(T), !std::is_reference_v<T>                           ? ""
                                             : std::is_const_v<std::remove_reference_t<T>> ? " const&"
                                                                                               : "&"};

}  // namespace green::detail
