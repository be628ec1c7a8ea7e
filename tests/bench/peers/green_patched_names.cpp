// SPDX-License-Identifier: BSL-1.0
// libc's getaddrinfo on fibers under green's patch.
#include <green/monkeypatch/patch.h>

#include "green_names.h"

namespace {

const peer::workloads here{{"dns", [](const peer::request& wanted) {
                                green::monkeypatch::patch_all();
                                peer::on_fibers(peer::look_up_by_libc)(wanted);
                            }}};

}  // namespace
