// SPDX-License-Identifier: BSL-1.0
// Runs a row under the patch: `main` in the main fiber, `fiber` in one of many, `thread` on a native thread beside a hub.
#include <green/green.h>
#include <green/monkeypatch/patch.h>

#include "row.h"

#include <cstdio>
#include <cstring>
#include <thread>

#include <netdb.h>

namespace {

// Others that come and go the whole time.
class crowd {
  public:
    crowd() {
        // What the patch sets up for the whole process when a fiber first looks up a name is there for a native thread, too.
        addrinfo* found = nullptr;
        if (::getaddrinfo("127.0.0.1", nullptr, nullptr, &found) == 0) ::freeaddrinfo(found);
        for (int i = 0; i < 50; ++i)
            others_.spawn([i] {
                for (;;) green::sleep(std::chrono::microseconds(500 + 40 * i));
            });
    }
    ~crowd() { others_.kill(); }

  private:
    green::group others_;
};

}  // namespace

int main(int count, char** words) {
    const char* place = count == 2 ? words[1] : "";
    green::monkeypatch::patch_all();
    if (std::strcmp(place, "main") == 0) {
        row(stdout);
    } else if (std::strcmp(place, "fiber") == 0) {
        crowd others;
        green::spawn([] { row(stdout); }).join();
    } else if (std::strcmp(place, "thread") == 0) {
        crowd others;
        green::event ended;
        std::thread native([&] {
            row(stdout);
            ended.set();
        });
        ended.wait();
        native.join();
    } else {
        std::fprintf(stderr, "usage: %s main|fiber|thread\n", words[0]);
        return 2;
    }
}
