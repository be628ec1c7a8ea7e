// SPDX-License-Identifier: BSL-1.0
#include <green/hub/describe.h>

#include <green/hub/cancellation.h>
#include <green/hub/hub.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include <cxxabi.h>

namespace green::detail {

std::string describe_exception(const std::exception_ptr& e) {
    try {
        std::rethrow_exception(e);
    } catch (const std::exception& error) {
        return error.what();
    } catch (const cancellation& request) {
        return request.what();
    } catch (...) {
        return "an exception that is not a std::exception";
    }
}

std::string describe_situation(agent& of) {
    if (of.ended()) return "ended";
    if (of.waiting()) return describe_wait(of);
    if (&of == current_agent) return "running";
    return of.started ? "ready" : "not started";
}

std::string describe_wait(agent& of) {
    loop& home = loop_of(of.home());
    const wait_reason& reason = of.reason();
    std::string text = reason.call;
    if (reason.describe) {
        text += ' ';
        reason.describe(text, reason.object);
    }
    if (of.armed()) {
        const duration left = home.timers().deadline_of(of) - home.now();
        text += left > duration::zero() ? ", timer in " + in_words(left) : ", timer due";
    }
    return text;
}

std::string demangled(const char* symbol) {
    int status = 0;
    std::unique_ptr<char, decltype(&std::free)> name(abi::__cxa_demangle(symbol, nullptr, nullptr, &status),
                                                     &std::free);
    return status == 0 ? name.get() : symbol;
}

std::string in_words(duration d) {
    struct unit {
        duration size;
        const char* name;
    };
    using namespace std::chrono_literals;
    static constexpr unit units[] = {{24h, "days"}, {1h, "h"},   {1min, "min"}, {1s, "s"},
                                     {1ms, "ms"},   {1us, "us"}, {1ns, "ns"}};
    const unit* chosen = units;
    while (chosen->size > d && chosen->size > 1ns) ++chosen;
    const double value = static_cast<double>(d.count()) / static_cast<double>(chosen->size.count());
    char text[48];
    std::snprintf(text, sizeof text,
                  value < 10 && value != static_cast<double>(static_cast<long>(value)) ? "%.1f %s" : "%.0f %s", value,
                  chosen->name);
    return text;
}

}  // namespace green::detail
