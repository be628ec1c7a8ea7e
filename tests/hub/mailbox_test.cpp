// SPDX-License-Identifier: BSL-1.0
#include <green/hub/mailbox.h>

#include <doctest/doctest.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include <poll.h>

using green::detail::mailbox;
using green::detail::runnable;
using green::detail::runnable_queue;

namespace {

struct letter : runnable {
    letter(int sender, int number) : runnable(nullptr), sender(sender), number(number) {}
    int sender, number;
};

bool is_readable(int fd) {
    pollfd entry{fd, POLLIN, 0};
    return poll(&entry, 1, 0) == 1;
}

}  // namespace

TEST_CASE("what was posted comes out oldest first, behind what is there") {
    mailbox box;
    runnable_queue queue;
    letter first(0, 1), second(0, 2), third(0, 3);
    queue.push_back(first);
    CHECK(box.post(second));
    CHECK(box.post(third));
    CHECK_FALSE(box.empty());
    box.take_all(queue);
    CHECK(box.empty());
    CHECK(&queue.pop_front() == &first);
    CHECK(&queue.pop_front() == &second);
    CHECK(&queue.pop_front() == &third);
    CHECK(queue.empty());
}

TEST_CASE("a hub that is awake is not written to; one that sleeps is, once") {
    mailbox box;
    letter one(0, 1), two(0, 2);
    CHECK_FALSE(is_readable(box.wake_fd()));
    CHECK(box.post(one));
    CHECK_FALSE(is_readable(box.wake_fd()));
    CHECK_FALSE(box.prepare_to_sleep());  // there is something to do
    runnable_queue queue;
    box.take_all(queue);
    CHECK(box.prepare_to_sleep());
    CHECK(box.post(two));
    CHECK(is_readable(box.wake_fd()));
    box.woke();
}

TEST_CASE("a closed box gives up what is in it and takes nothing more, until it is opened") {
    mailbox box;
    runnable_queue queue;
    letter before(0, 1), refused(0, 2), after(0, 3);
    CHECK(box.post(before));
    CHECK_FALSE(box.close_if_empty());
    box.close(queue);
    CHECK(&queue.pop_front() == &before);
    CHECK(queue.empty());
    CHECK_FALSE(box.post(refused));
    CHECK(box.empty());
    box.take_all(queue);
    box.close(queue);
    CHECK(queue.empty());
    CHECK_FALSE(box.post(refused));  // taking has not opened it
    CHECK(box.prepare_to_sleep());
    box.woke();
    box.open();
    CHECK(box.post(after));
    box.take_all(queue);
    CHECK(&queue.pop_front() == &after);
    CHECK(box.close_if_empty());
    CHECK(box.close_if_empty());
    CHECK_FALSE(box.post(refused));
}

TEST_CASE("nothing is lost or reordered between several posting threads and one that takes") {
    constexpr int senders = 3, letters = 20'000;
    mailbox box;
    std::vector<std::unique_ptr<letter>> posted[senders];
    std::vector<std::thread> threads;
    for (int sender = 0; sender < senders; ++sender)
        threads.emplace_back([&, sender] {
            for (int i = 0; i < letters; ++i) {
                posted[sender].push_back(std::make_unique<letter>(sender, i));
                if (!box.post(*posted[sender].back())) std::abort();
            }
        });
    std::map<int, int> next;
    int in_order = 0;
    for (int taken = 0; taken < senders * letters;) {
        runnable_queue queue;
        box.take_all(queue);
        for (; !queue.empty(); ++taken) {
            auto& got = static_cast<letter&>(queue.pop_front());
            in_order += got.number == next[got.sender]++;
        }
        std::this_thread::yield();
    }
    for (auto& each : threads) each.join();
    CHECK(in_order == senders * letters);
}
