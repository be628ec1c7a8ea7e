// SPDX-License-Identifier: BSL-1.0
// What greenrun asks for arrives in the environment: GREENRUN holds the families to be patched, separated by commas, and
// the word "--stats" for its statistics. Programs that this one starts find it there, too.
#include <green/monkeypatch/patch.h>
#include <green/monkeypatch/report.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace green::monkeypatch {

namespace {

bool names(std::string_view list, std::string_view word) noexcept {
    for (std::size_t at = 0; at <= list.size();) {
        const std::size_t end = std::min(list.find(',', at), list.size());
        if (list.substr(at, end - at) == word) return true;
        at = end + 1;
    }
    return false;
}

// On the main thread, before main().
[[gnu::constructor]] void patch_as_asked() noexcept {
    const char* families = std::getenv("GREENRUN");
    if (!families) return;
    options asked;
#define GREEN_FAMILY(name) asked.name = names(families, #name);
#include <green/monkeypatch/families.def>
#undef GREEN_FAMILY
    patch_all(asked);
    if (names(families, "--stats")) detail::report_when_process_ends();
}

}  // namespace

}  // namespace green::monkeypatch
