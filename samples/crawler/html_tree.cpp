// SPDX-License-Identifier: BSL-1.0
// The arena below Gumbo, and the way out when the arena has had enough.
//
// Gumbo takes a null pointer from its allocator for memory and has no way to give up, so the allocator leaves
// by longjmp, as libjpeg and libpng want it: between the jump and its landing there are only C frames, and
// everything they own lies in the arena. An exception would cross those C frames, which works only where the
// C library happens to carry unwinding tables.
#include "crawler/html_tree.h"

#include <gumbo.h>

#include <csetjmp>
#include <new>

namespace crawler {
namespace {

struct parse_state {
    std::pmr::memory_resource& arena;
    std::size_t allocations_left;
    std::jmp_buf give_up;
};

extern "C" void* allocate_node(void* userdata, std::size_t size) {
    auto& state = *static_cast<parse_state*>(userdata);
    void* memory = nullptr;
    if (state.allocations_left-- > 0) {
        try {
            memory = state.arena.allocate(size);
        } catch (const std::bad_alloc&) {
            memory = nullptr;  // gives up below, outside the handler: a jump must not skip its end
        }
    }
    if (memory == nullptr) std::longjmp(state.give_up, 1);
    return memory;
}

extern "C" void keep_node(void*, void*) {}

/// Apart from its caller so that no object with a destructor lives in the frame that the jump lands in.
const GumboNode* parse_or_give_up(parse_state& state, std::string_view html) {
    GumboOptions options = kGumboDefaultOptions;
    options.allocator = allocate_node;
    options.deallocator = keep_node;
    options.userdata = &state;
    options.max_errors = 0;
    if (setjmp(state.give_up) != 0) return nullptr;
    return gumbo_parse_with_options(&options, html.data(), html.size())->document;
}

}  // namespace

html_tree::html_tree() : arena_(std::size_t{64} * 1024) {}

const GumboInternalNode* html_tree::parse(std::string_view html) {
    arena_.release();
    parse_state state{arena_, allocation_limit, {}};
    return parse_or_give_up(state, html);
}

}  // namespace crawler
