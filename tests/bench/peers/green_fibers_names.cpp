// SPDX-License-Identifier: BSL-1.0
// green's fibers: looking up names, by green's own resolver.
#include <green/dns/resolver.h>

#include "green_names.h"

namespace {

void look_up() {
    peer::keep(green::dns::default_resolver().lookup(peer::next_name(), {}, {.family = green::address_family::v4}));
}

const peer::workloads here{{"dns", peer::on_fibers(look_up)}};

}  // namespace
