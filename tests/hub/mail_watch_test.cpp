// SPDX-License-Identifier: BSL-1.0
#include <green/hub/mail_watch.h>

#include <green/green.h>

#include <support/fixture.h>
#include <support/other_hub.h>

#include <doctest/doctest.h>

#include <chrono>

#include <sys/socket.h>
#include <unistd.h>

using namespace std::chrono_literals;
using green::detail::mail_watch;
using green::detail::mailbox;
using green::detail::runnable;

namespace {

// Sleeps that mail ends, until one would not be needed: how many.
int sleeps_until_it_looks(mail_watch& watch, const mailbox& with_mail) {
    int sleeps = 0;
    for (; !watch.catches(with_mail) && sleeps < 10'000; ++sleeps) watch.slept(true);
    return sleeps;
}

}  // namespace

TEST_CASE("a hub looks for mail before it sleeps when its sleeps are ended by mail") {
    mailbox empty, with_mail;
    runnable item{nullptr};
    REQUIRE(with_mail.post(item));
    mail_watch watch;
    CHECK(sleeps_until_it_looks(watch, with_mail) == 4);
    CHECK(watch.catches(with_mail));

    SUBCASE("and not any more after one that was ended by something else") {
        watch.slept(false);
        CHECK_FALSE(watch.catches(with_mail));
    }
    SUBCASE("and less often, the more often none comes") {
        CHECK_FALSE(watch.catches(empty));
        CHECK(sleeps_until_it_looks(watch, with_mail) == 8);
        watch = {};
        for (int sleeps : {4, 8, 16}) {
            while (sleeps-- > 0) watch.slept(true);
            CHECK_FALSE(watch.catches(empty));
        }
        CHECK(sleeps_until_it_looks(watch, with_mail) == 32);
        CHECK(watch.catches(with_mail));
        CHECK(watch.catches(with_mail));
        CHECK_FALSE(watch.catches(empty));
        CHECK(sleeps_until_it_looks(watch, with_mail) == 8);  // it has paid since
    }
}

TEST_CASE_FIXTURE(support::leak_check, "a hub that is kept awake by mail sees its descriptors too") {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    {
        support::other_hub other;
        green::semaphore there(0), back(0);
        bool over = false;
        auto answers = green::spawn_on(*other, [&] {
            for (;;) {
                there.acquire();
                if (over) return;
                back.release();
            }
        });
        auto reader = green::spawn([&] { return green::wait_readable(ends[0]); });
        int handed_over = 0;
        for (const auto end = std::chrono::steady_clock::now() + 10s; !reader.ended() && std::chrono::steady_clock::now() < end;) {
            there.release();
            back.acquire();
            if (++handed_over == 1000) REQUIRE(write(ends[1], "x", 1) == 1);
        }
        CHECK(reader.ended());
        over = true;
        there.release();
        answers.join();
        reader.kill();
    }
    for (int end : ends) green::close_fd(end);
}
