// SPDX-License-Identifier: BSL-1.0
// The source "green" of host names: what stands in libc for name servers. On a patched call it gives green's answers in
// libc's form; on any other, libc's own source "dns" does.
#pragma once

#include <green/monkeypatch/name_source.h>

namespace green::monkeypatch::detail {

// Finds the functions of libc's source "dns", once. False when this libc hides them.
bool find_libc_source() noexcept;

// Its functions park on a patched call (lookup.h).
const name_source& green_source() noexcept;

}  // namespace green::monkeypatch::detail
