// SPDX-License-Identifier: BSL-1.0
// The fields of an HTTP message. Knows their grammar, not their meaning.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace green::http {

// The fields of a header or trailer, in the order in which they came or were added. Names are compared without
// regard to case and kept as written; a name may occur several times (RFC 9110, section 5).
//
//     green::http::headers h{{"Accept", "text/html"}, {"Cookie", "a=1"}};
//     h.set("accept", "*/*");                        // replaces
//     h.add("Cookie", "b=2");                        // a second one
//     std::string_view type = answer.headers().get_or("Content-Type", "text/plain");
//
// A plain value; no member parks. Views that it hands out are valid until it is changed.
class headers {
  public:
    struct field {
        std::string name;
        std::string value;
        friend bool operator==(const field&, const field&) = default;
    };
    using const_iterator = std::vector<field>::const_iterator;

    headers() = default;
    headers(std::initializer_list<field> fields);

    // The first field of that name; nothing, or `fallback`, when there is none.
    std::optional<std::string_view> get(std::string_view name) const noexcept;
    std::string_view get_or(std::string_view name, std::string_view fallback) const noexcept;
    std::vector<std::string_view> get_all(std::string_view name) const;
    // All fields of that name as one list, "a, b", which is what several of them mean (RFC 9110, section 5.3). Not
    // for Set-Cookie.
    std::string joined(std::string_view name) const;
    bool contains(std::string_view name) const noexcept { return get(name).has_value(); }
    // Whether the list in the fields of that name has this member: has_token("Connection", "close").
    bool has_token(std::string_view name, std::string_view token) const noexcept;

    // Replaces all fields of that name; appends one more. Blanks around the value are dropped. Throw
    // std::invalid_argument for a name that is no token, or a value with control characters, which would let a
    // forged value begin a new field.
    void set(std::string_view name, std::string_view value);
    void add(std::string_view name, std::string_view value);
    // set() when there is none of that name yet.
    void set_default(std::string_view name, std::string_view value);
    // Returns how many there were.
    std::size_t remove(std::string_view name) noexcept;
    void clear() noexcept { fields_.clear(); }

    const_iterator begin() const noexcept { return fields_.begin(); }
    const_iterator end() const noexcept { return fields_.end(); }
    std::size_t size() const noexcept { return fields_.size(); }
    bool empty() const noexcept { return fields_.empty(); }

    friend bool operator==(const headers&, const headers&) = default;

  private:
    void append(field one);
    std::vector<field> fields_;
};

// Equal but for the case of ASCII letters.
bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;
// Whether `text` is a token: a method, a field's name (RFC 9110, section 5.6.2).
bool is_token(std::string_view text) noexcept;

}  // namespace green::http
