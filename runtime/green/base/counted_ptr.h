// SPDX-License-Identifier: BSL-1.0
// A pointer that owns one of the references that its object counts.
#pragma once

#include <utility>

namespace green::detail {

// T has add_reference() and drop_reference(), the last of which frees it; neither throws. (std::shared_ptr would keep a
// second count, in a block of its own.)
template <class T>
class counted_ptr {
  public:
    counted_ptr() = default;  // null
    // Takes over a reference.
    explicit counted_ptr(T& object) noexcept : object_(&object) {}
    counted_ptr(const counted_ptr& other) noexcept : object_(other.object_) {
        if (object_) object_->add_reference();
    }
    counted_ptr(counted_ptr&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    counted_ptr& operator=(counted_ptr other) noexcept {
        std::swap(object_, other.object_);
        return *this;
    }
    ~counted_ptr() {
        if (object_) object_->drop_reference();
    }

    T* get() const noexcept { return object_; }
    T& operator*() const noexcept { return *object_; }
    T* operator->() const noexcept { return object_; }
    bool operator==(const counted_ptr&) const noexcept = default;

  private:
    T* object_ = nullptr;
};

}  // namespace green::detail
