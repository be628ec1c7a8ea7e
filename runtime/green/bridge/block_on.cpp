// SPDX-License-Identifier: BSL-1.0
#include <green/bridge/block_on.h>

#include <stdexcept>
#include <string>

namespace green::detail {

agent& running_stackful(const char* call) {
    agent& running = running_agent();
    if (!running.model.park || (running.attention & agent::is_hub))
        throw std::logic_error(std::string("green: ") + call + " would park inside a " +
                               (running.model.park ? "hub callback" : "coroutine; co_await the task instead"));
    return running;
}

}  // namespace green::detail
