// SPDX-License-Identifier: BSL-1.0
#include <green/fiber/type_tag.h>

#include <green/hub/describe.h>

#include <cstring>

namespace green::detail {

std::string type_tag::name() const {
    return demangled(type->name()) + qualifiers;
}

bool type_tag::operator==(const type_tag& other) const noexcept {
    return this == &other || (*type == *other.type && std::strcmp(qualifiers, other.qualifiers) == 0);
}

}  // namespace green::detail
