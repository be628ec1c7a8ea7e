// SPDX-License-Identifier: BSL-1.0
#include <green/http/headers.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace green::http {

namespace {

constexpr char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

constexpr bool is_blank(char c) noexcept {
    return c == ' ' || c == '\t';
}

// A set of characters, to be asked for each of a text.
class character_set {
  public:
    template <class Predicate>
    consteval explicit character_set(Predicate has) {
        for (std::size_t c = 0; c < has_.size(); ++c) has_[c] = has(static_cast<char>(c));
    }
    constexpr bool has_all_of(std::string_view text) const noexcept {
        bool all = true;  // no branch: most texts are short, and good
        for (char c : text) all &= has_[static_cast<unsigned char>(c)];
        return all;
    }

  private:
    std::array<bool, 256> has_{};
};

constexpr character_set token_characters([](char c) {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
});

// All but control characters; bytes above 127 are allowed (obs-text).
constexpr character_set value_characters([](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 32 && byte != 127) || c == '\t';
});

std::string_view trimmed(std::string_view text) noexcept {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

headers::field checked(std::string_view name, std::string_view value) {
    if (!is_token(name))
        throw std::invalid_argument("green: \"" + std::string(name) + "\" cannot be the name of an HTTP header");
    if (!value_characters.has_all_of(value))
        throw std::invalid_argument("green: the value of the HTTP header " + std::string(name) +
                                    " has control characters");
    return {std::string(name), std::string(trimmed(value))};
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
    return std::ranges::equal(a, b, {}, lower, lower);
}

bool is_token(std::string_view text) noexcept {
    return !text.empty() && token_characters.has_all_of(text);
}

headers::headers(std::initializer_list<field> fields) {
    for (const field& each : fields) add(each.name, each.value);
}

std::optional<std::string_view> headers::get(std::string_view name) const noexcept {
    for (const field& each : fields_)
        if (equal_ignoring_case(each.name, name)) return each.value;
    return std::nullopt;
}

std::string_view headers::get_or(std::string_view name, std::string_view fallback) const noexcept {
    return get(name).value_or(fallback);
}

std::vector<std::string_view> headers::get_all(std::string_view name) const {
    std::vector<std::string_view> all;
    for (const field& each : fields_)
        if (equal_ignoring_case(each.name, name)) all.push_back(each.value);
    return all;
}

std::string headers::joined(std::string_view name) const {
    std::string list;
    for (const field& each : fields_) {
        if (!equal_ignoring_case(each.name, name)) continue;
        if (!list.empty()) list += ", ";
        list += each.value;
    }
    return list;
}

bool headers::has_token(std::string_view name, std::string_view token) const noexcept {
    for (const field& each : fields_) {
        if (!equal_ignoring_case(each.name, name)) continue;
        for (std::string_view rest = each.value; !rest.empty();) {
            const std::size_t comma = std::min(rest.find(','), rest.size());
            if (equal_ignoring_case(trimmed(rest.substr(0, comma)), token)) return true;
            rest.remove_prefix(std::min(comma + 1, rest.size()));
        }
    }
    return false;
}

void headers::set(std::string_view name, std::string_view value) {
    field replacement = checked(name, value);
    auto first =
        std::ranges::find_if(fields_, [&](const field& each) { return equal_ignoring_case(each.name, name); });
    if (first == fields_.end()) {
        append(std::move(replacement));
        return;
    }
    *first = std::move(replacement);
    const std::string_view kept = first->name;  // `name` may be a view into what was replaced
    fields_.erase(std::remove_if(first + 1, fields_.end(),
                                 [&](const field& each) { return equal_ignoring_case(each.name, kept); }),
                  fields_.end());
}

void headers::add(std::string_view name, std::string_view value) {
    append(checked(name, value));
}

void headers::append(field one) {
    if (fields_.capacity() == 0) fields_.reserve(8);  // about as many as a message has
    fields_.push_back(std::move(one));
}

void headers::set_default(std::string_view name, std::string_view value) {
    if (!contains(name)) add(name, value);
}

std::size_t headers::remove(std::string_view name) noexcept {
    return std::erase_if(fields_, [&](const field& each) { return equal_ignoring_case(each.name, name); });
}

}  // namespace green::http
