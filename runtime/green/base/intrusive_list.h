// SPDX-License-Identifier: BSL-1.0
// A doubly linked list whose links live inside the elements: pushing and unlinking never allocate or fail.
#pragma once

#include <cstddef>

namespace green::detail {

// The links of one element in one list. An element that can be in several lists at once has one hook per list
// (told apart by Tag). A hook must be out of its list before it dies. Not thread-safe: whoever owns the list
// says which lock or thread guards it.
template <class Tag = void>
class list_hook {
  public:
    list_hook() = default;
    list_hook(const list_hook&) = delete;
    list_hook& operator=(const list_hook&) = delete;

    bool linked() const noexcept { return next_ != nullptr; }

    // Takes the element out of whichever list holds it.
    void unlink() noexcept {
        prev_->next_ = next_;
        next_->prev_ = prev_;
        next_ = prev_ = nullptr;
    }

  private:
    template <class, class>
    friend class intrusive_list;

    list_hook* next_ = nullptr;
    list_hook* prev_ = nullptr;
};

// The list itself: a ring through a sentinel, so that no operation has a special case for the ends.
//
//      +----------------------------------------------+
//      v                                              |
//   sentinel <-> oldest element <-> ... <-> newest element
template <class T, class Tag = void>
class intrusive_list {
    using hook = list_hook<Tag>;

  public:
    intrusive_list() noexcept { ring_.next_ = ring_.prev_ = &ring_; }
    intrusive_list(const intrusive_list&) = delete;
    intrusive_list& operator=(const intrusive_list&) = delete;

    bool empty() const noexcept { return ring_.next_ == &ring_; }
    T& front() noexcept { return element(ring_.next_); }

    void push_back(T& item) noexcept { insert_before(&ring_, item); }
    void push_front(T& item) noexcept { insert_before(ring_.next_, item); }

    T& pop_front() noexcept {
        T& item = front();
        static_cast<hook&>(item).unlink();
        return item;
    }

    // Calls visit(element) from the oldest to the newest; visit may unlink the element it is given, no other.
    template <class Visit>
    void for_each(Visit&& visit) {
        for (hook* at = ring_.next_; at != &ring_;) {
            hook* following = at->next_;
            visit(element(at));
            at = following;
        }
    }

    // Moves every element of `other` to the end of this list.
    void take_all(intrusive_list& other) noexcept {
        if (other.empty()) return;
        hook *first = other.ring_.next_, *last = other.ring_.prev_;
        first->prev_ = ring_.prev_;
        ring_.prev_->next_ = first;
        last->next_ = &ring_;
        ring_.prev_ = last;
        other.ring_.next_ = other.ring_.prev_ = &other.ring_;
    }

  private:
    static T& element(hook* at) noexcept { return static_cast<T&>(*at); }

    static void insert_before(hook* at, T& item) noexcept {
        hook& h = item;
        h.next_ = at;
        h.prev_ = at->prev_;
        at->prev_->next_ = &h;
        at->prev_ = &h;
    }

    hook ring_;
};

}  // namespace green::detail
