// SPDX-License-Identifier: BSL-1.0
#include <green/fiber/type_tag.h>

#include <cstdlib>
#include <cstring>
#include <memory>

#include <cxxabi.h>

namespace green::detail {

std::string type_tag::name() const {
    int status = 0;
    const std::unique_ptr<char, decltype(&std::free)> demangled(
        abi::__cxa_demangle(type->name(), nullptr, nullptr, &status), &std::free);
    return (status == 0 ? demangled.get() : type->name()) + std::string(qualifiers);
}

bool type_tag::operator==(const type_tag& other) const noexcept {
    return this == &other || (*type == *other.type && std::strcmp(qualifiers, other.qualifiers) == 0);
}

}  // namespace green::detail
