// SPDX-License-Identifier: BSL-1.0
// Three steps, tried again when one fails, in callback style: what the two others spare you.
//
//     build/samples/12_callbacks-callbacks
//
// A step cannot return, so what follows is handed to it. The loop becomes a function that starts itself again, the
// local variables an object that must outlive every step, and an error an argument that each step must pass on: one
// that forgets it says nothing, and the program just stops going on. You will see "pay" fail once, and the order
// begin anew.
#include <green/green.h>

#include <cstdio>
#include <functional>
#include <memory>
#include <string>

using namespace std::chrono_literals;

using done = std::function<void(const char* error)>;

void step(const char* name, bool fails, done then) {
    green::hub::current().call_after(1ms, [=] {
        std::printf("%s%s\n", name, fails ? " fails" : "");
        then(fails ? name : nullptr);
    });
}

struct order : std::enable_shared_from_this<order> {
    int tries = 0;
    done finished;

    void start() {
        ++tries;
        step("reserve", false, [self = shared_from_this()](const char* error) {
            if (error) return self->failed(error);
            step("pay", self->tries == 1, [self](const char* error) {
                if (error) return self->failed(error);
                step("ship", false, [self](const char* error) {
                    if (error) return self->failed(error);
                    self->finished(nullptr);
                });
            });
        });
    }
    void failed(const char* where) {
        if (tries == 3) return finished(where);
        start();
    }
};

int main() {
    green::event over;
    auto mine = std::make_shared<order>();
    mine->finished = [&](const char* error) {
        std::puts(error ? "given up" : "done");
        over.set();
    };
    mine->start();
    over.wait();
}
