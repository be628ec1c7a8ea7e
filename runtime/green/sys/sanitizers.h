// SPDX-License-Identifier: BSL-1.0
// With which sanitizer the runtime is compiled: GREEN_ASAN and GREEN_TSAN, where something has to be declared or left
// out, and with_sanitizer everywhere else.
#pragma once

#if defined(__SANITIZE_ADDRESS__)
#define GREEN_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GREEN_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define GREEN_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define GREEN_TSAN 1
#endif
#endif

namespace green::sys {

#if defined(GREEN_ASAN) || defined(GREEN_TSAN)
inline constexpr bool with_sanitizer = true;
#else
inline constexpr bool with_sanitizer = false;
#endif

}  // namespace green::sys
