// SPDX-License-Identifier: BSL-1.0
#include <support/waits.h>

#include <array>
#include <deque>
#include <mutex>
#include <optional>
#include <shared_mutex>

namespace support {

namespace {

// Collects what does not hold.
class findings {
  public:
    void expect(bool holds, const char* what) {
        if (!holds) text_ += (text_.empty() ? "" : ", ") + std::string(what);
    }
    std::string text() && { return std::move(text_); }

  private:
    std::string text_;
};

std::size_t read_one(green::byte_stream& from) {
    std::array<std::byte, 1> byte;
    return from.read_some(byte);
}
std::size_t write_one(green::byte_stream& to) {
    return to.write_some(std::as_bytes(std::span("x", 1)));
}

constexpr green::duration moment = std::chrono::milliseconds(1);

// Whether `io` got a byte through before `stream`'s deadline, `d` from now.
bool within(green::byte_stream& stream, green::duration d, std::size_t (*io)(green::byte_stream&)) {
    stream.expires_after(d);
    try {
        return io(stream) > 0;
    } catch (const std::system_error& e) {
        if (e.code() != std::errc::timed_out) throw;
        return false;
    }
}

}  // namespace

// --- nothing ---

struct nothing_to_be_had::things {
    green::event event;
    std::deque<green::event> events{2};
    green::promise<int> promise;
    green::future<int> future = promise.get_future();
    green::latch latch{1};
    green::barrier barrier{2};
    std::mutex native;
    green::condition_variable condition;
    green::mutex mutex;
    green::recursive_mutex recursive;
    green::shared_mutex written, read;
    green::semaphore semaphore{0};
    green::queue<int> empty, full{1}, unfinished;
    green::channel<int> incoming, outgoing;
    green::group group;
    green::pool no_pool{0}, pool{1};
    green::memory_stream stream, peer;
    green::fiber<void> holder = green::spawn([this] {
        std::lock_guard a(mutex);
        std::lock_guard b(recursive);
        std::lock_guard c(written);
        std::shared_lock d(read);
        green::sleep_until(green::never);
    });
};

nothing_to_be_had::nothing_to_be_had() : things_(std::make_unique<things>()) {
    things& t = *things_;
    t.full.put(1);
    t.unfinished.put(1);
    t.group.add(t.holder);
    t.pool.add(t.holder);
    std::tie(t.stream, t.peer) = green::memory_stream::pair(1);
    write_one(t.stream);
    while (t.holder.state() != green::fiber_state::parked) green::yield();
}

nothing_to_be_had::~nothing_to_be_had() {
    things_->holder.kill();
    things_->group.join();
    things_->pool.join();
}

std::vector<blocking_call> nothing_to_be_had::calls() {
    things& t = *things_;
    return {
        {"sleep_until", [] { green::sleep_until(green::never); }},
        {"fiber::join", [&t] { t.holder.join(); }},
        {"fiber::get", [&t] { t.holder.get(); }},
        {"joinall", [&t] { green::joinall(std::array{t.holder}); }},
        {"joinall with errors", [&t] { green::joinall(std::array{t.holder}, true); }},
        {"event::wait", [&t] { t.event.wait(); }},
        {"future::get", [&t] { t.future.get(); }},
        {"latch::wait", [&t] { t.latch.wait(); }},
        {"latch::arrive_and_wait", [] { green::latch(2).arrive_and_wait(); }},
        {"barrier::arrive_and_wait", [&t] { t.barrier.arrive_and_wait(); }},
        {"condition_variable::wait",
         [&t] {
             std::unique_lock lock(t.native);
             t.condition.wait(lock);
         }},
        {"mutex::lock", [&t] { t.mutex.lock(); }},
        {"recursive_mutex::lock", [&t] { t.recursive.lock(); }},
        {"shared_mutex::lock of a writer's", [&t] { t.written.lock(); }},
        {"shared_mutex::lock_shared", [&t] { t.written.lock_shared(); }},
        {"shared_mutex::lock of a reader's", [&t] { t.read.lock(); }},
        {"semaphore::acquire", [&t] { t.semaphore.acquire(); }},
        {"semaphore::wait", [&t] { t.semaphore.wait(); }},
        {"queue::get", [&t] { t.empty.get(); }},
        {"queue::put", [&t] { t.full.put(2); }},
        {"queue::join", [&t] { t.unfinished.join(); }},
        {"channel::receive", [&t] { t.incoming.receive(); }},
        {"channel::send", [&t] { t.outgoing.send(1); }},
        {"select", [&t] { green::select(green::on_receive(t.incoming, [](auto) {}), green::on_send(t.full, 1)); }},
        {"wait_any", [&t] { green::wait_any(t.event, t.holder, t.future, t.semaphore); }},
        {"wait_all", [&t] { green::wait_all(t.event, t.holder); }},
        {"iwait", [&t] { green::iwait(t.events).begin(); }},
        {"group::join", [&t] { t.group.join(); }},
        {"pool::join", [&t] { t.pool.join(); }},
        {"pool::spawn", [&t] { t.no_pool.spawn([] {}); }},
        {"pool::add", [&t] { t.no_pool.add(t.holder); }},
        {"pool::map", [&t] { t.no_pool.map(std::array{1}, [](int) {}); }},
        {"pool::imap", [&t] { t.no_pool.imap(std::array{1}, [](int i) { return i; }).begin(); }},
        {"with_task_group",
         [&t] { green::with_task_group([&](green::task_group& g) { g.spawn([&] { t.event.wait(); }); }); }},
        {"reading", [&t] { read_one(t.stream); }, true},
        {"writing", [&t] { write_one(t.stream); }, true},
    };
}

std::vector<timed_call> nothing_to_be_had::timed_calls() {
    things& t = *things_;
    return {
        {"fiber::join_for", [&t](auto d) { return t.holder.join_for(d); }},
        {"event::wait_for", [&t](auto d) { return t.event.wait_for(d); }},
        {"future::wait_for", [&t](auto d) { return t.future.wait_for(d); }},
        {"latch::wait_for", [&t](auto d) { return t.latch.wait_for(d); }},
        {"condition_variable::wait_for",
         [&t](auto d) {
             std::unique_lock lock(t.native);
             return t.condition.wait_for(lock, d) == std::cv_status::no_timeout;
         }},
        {"mutex::try_lock_for", [&t](auto d) { return t.mutex.try_lock_for(d); }},
        {"recursive_mutex::try_lock_for", [&t](auto d) { return t.recursive.try_lock_for(d); }},
        {"shared_mutex::try_lock_for of a writer's", [&t](auto d) { return t.written.try_lock_for(d); }},
        {"shared_mutex::try_lock_shared_for", [&t](auto d) { return t.written.try_lock_shared_for(d); }},
        {"shared_mutex::try_lock_for of a reader's", [&t](auto d) { return t.read.try_lock_for(d); }},
        {"semaphore::try_acquire_for", [&t](auto d) { return t.semaphore.try_acquire_for(d); }},
        {"queue::get_for", [&t](auto d) { return t.empty.get_for(d).has_value(); }},
        {"queue::put_for", [&t](auto d) { return t.full.put_for(2, d); }},
        {"queue::join_for", [&t](auto d) { return t.unfinished.join_for(d); }},
        {"channel::receive_for", [&t](auto d) { return t.incoming.receive_for(d).has_value(); }},
        {"channel::send_for", [&t](auto d) { return t.outgoing.send_for(1, d); }},
        {"select",
         [&t](auto d) { return green::select(green::on_receive(t.incoming, [](auto) {}), green::on_timeout(d)) == 0; }},
        {"wait_any_for", [&t](auto d) { return green::wait_any_for(d, t.event, t.holder).has_value(); }},
        {"wait_all_for", [&t](auto d) { return green::wait_all_for(d, t.event, t.holder); }},
        {"iwait",
         [&t](auto d) {
             green::iwait any(t.events, green::hub::current().deadline_after(d));
             return any.begin() != any.end();
         }},
        {"group::join_for", [&t](auto d) { return t.group.join_for(d); }},
        {"pool::join_for", [&t](auto d) { return t.pool.join_for(d); }},
        {"reading", [&t](auto d) { return within(t.stream, d, &read_one); }},
        {"writing", [&t](auto d) { return within(t.stream, d, &write_one); }},
    };
}

std::string nothing_to_be_had::traces() {
    things& t = *things_;
    findings found;
    auto can_enter = [](auto& lock) {
        const bool could = lock.try_lock();
        if (could) lock.unlock();
        return could;
    };
    found.expect(t.empty.empty() && t.full.size() == 1, "a queue has changed");
    found.expect(t.full.get() == 1 && t.full.empty(), "somebody still puts");
    found.expect(!t.outgoing.try_receive(), "somebody still sends");
    found.expect(!t.incoming.try_send(1), "somebody still receives");
    t.semaphore.release();
    found.expect(t.semaphore.available() == 1, "somebody still acquires");
    found.expect(t.native.try_lock(), "the condition's lock is held");
    t.native.unlock();
    auto arrived = green::spawn([&t] { t.barrier.arrive_and_wait(); });
    green::yield();
    found.expect(!arrived.ended(), "somebody has arrived at the barrier");
    arrived.kill();
    t.holder.kill();
    found.expect(can_enter(t.mutex), "the mutex is held or waited for");
    found.expect(can_enter(t.recursive), "the recursive mutex is held or waited for");
    found.expect(can_enter(t.written), "the shared mutex is held or waited for");
    found.expect(can_enter(t.read), "the shared mutex of a reader is held or waited for");
    found.expect(!within(t.stream, moment, &read_one), "something was read");  // throws if somebody still reads
    found.expect(!within(t.stream, moment, &write_one), "there is room");
    found.expect(read_one(t.peer) == 1 && !within(t.peer, moment, &read_one), "something was written");
    return std::move(found).text();
}

// --- everything ---

struct all_to_be_had::things {
    green::event event;
    std::deque<green::event> events{1};
    green::promise<int> promise;
    green::latch latch{0}, latch_of_one{1};
    int phases = 0, tasks = 0;
    green::barrier barrier{1, [this] { ++phases; }};
    green::mutex mutex;
    green::recursive_mutex recursive;
    green::shared_mutex shared;
    green::semaphore semaphore{1};
    green::queue<int> items, room{1}, finished;
    green::channel<int> stocked{1}, roomy{1};
    green::group group;
    green::pool pool{1};
    green::memory_stream stream, peer;
    green::fiber<int> ended = green::spawn([] { return 1; });
};

all_to_be_had::all_to_be_had() : things_(std::make_unique<things>()) {
    things& t = *things_;
    t.event.set();
    t.events[0].set();
    t.promise.set_value(1);
    t.items.put(1);
    t.stocked.send(1);
    std::tie(t.stream, t.peer) = green::memory_stream::pair(2);
    write_one(t.peer);
    t.ended.join();
}

all_to_be_had::~all_to_be_had() = default;

std::vector<blocking_call> all_to_be_had::calls() {
    things& t = *things_;
    return {
        {"yield", [] { green::yield(); }},
        {"sleep", [] { green::sleep(green::duration::zero()); }},
        {"sleep_until", [] { green::sleep_until(green::time_point::min()); }},
        {"fiber::join", [&t] { t.ended.join(); }},
        {"fiber::get", [&t] { t.ended.get(); }},
        {"joinall", [&t] { green::joinall(std::array{t.ended}); }},
        {"event::wait", [&t] { t.event.wait(); }},
        {"future::wait", [&t] { t.promise.get_future().wait(); }},
        {"latch::wait", [&t] { t.latch.wait(); }},
        {"latch::arrive_and_wait", [&t] { t.latch_of_one.arrive_and_wait(); }},
        {"barrier::arrive_and_wait", [&t] { t.barrier.arrive_and_wait(); }},
        {"mutex::lock", [&t] { t.mutex.lock(); }},
        {"mutex::try_lock_for", [&t] { (void)t.mutex.try_lock_for(green::duration::max()); }},
        {"recursive_mutex::lock", [&t] { t.recursive.lock(); }},
        {"shared_mutex::lock", [&t] { t.shared.lock(); }},
        {"shared_mutex::lock_shared", [&t] { t.shared.lock_shared(); }},
        {"semaphore::acquire", [&t] { t.semaphore.acquire(); }},
        {"semaphore::wait", [&t] { t.semaphore.wait(); }},
        {"queue::get", [&t] { t.items.get(); }},
        {"queue::put", [&t] { t.room.put(1); }},
        {"queue::join", [&t] { t.finished.join(); }},
        {"channel::receive", [&t] { t.stocked.receive(); }},
        {"channel::send", [&t] { t.roomy.send(1); }},
        {"select", [&t] { green::select(green::on_receive(t.items, [](int) {}), green::on_send(t.room, 1)); }},
        {"select with a default", [&t] { green::select(green::on_send(t.room, 1), green::otherwise()); }},
        {"wait_any", [&t] { green::wait_any(t.event, t.semaphore); }},
        {"wait_all", [&t] { green::wait_all(t.event, t.semaphore); }},
        {"iwait", [&t] { green::iwait(t.events).begin(); }},
        {"group::join", [&t] { t.group.join(); }},
        {"pool::join", [&t] { t.pool.join(); }},
        {"pool::spawn", [&t] { t.pool.spawn([&t] { ++t.tasks; }); }},
        {"pool::map", [&t] { t.pool.map(std::array{1}, [&t](int) { ++t.tasks; }); }},
        {"with_task_group",
         [&t] { green::with_task_group([&](green::task_group& g) { g.spawn([&t] { green::yield(), ++t.tasks; }); }); }},
        {"reading", [&t] { read_one(t.stream); }},
        {"writing", [&t] { write_one(t.stream); }},
    };
}

std::string all_to_be_had::traces() {
    things& t = *things_;
    findings found;
    auto can_enter = [](auto& lock) {
        return green::spawn([&lock] {
            const bool could = lock.try_lock();
            if (could) lock.unlock();
            return could;
        });
    };
    found.expect(!t.latch_of_one.try_wait(), "the latch was counted down");
    found.expect(t.phases == 0, "somebody has arrived at the barrier");
    found.expect(can_enter(t.mutex).get(), "the mutex is held");
    found.expect(can_enter(t.recursive).get(), "the recursive mutex is held");
    found.expect(can_enter(t.shared).get(), "the shared mutex is held");
    found.expect(t.semaphore.available() == 1, "a permit was taken");
    found.expect(t.items.size() == 1, "an item was taken");
    found.expect(t.room.empty(), "an item was put");
    found.expect(t.stocked.try_receive() == 1, "an item was received");
    found.expect(!t.roomy.try_receive(), "an item was sent");
    found.expect(t.tasks == 0, "a task has run");
    found.expect(t.pool.free_count() == 1, "a place in the pool was taken");
    found.expect(within(t.stream, green::duration::max(), &read_one), "a byte was read");
    found.expect(!within(t.peer, moment, &read_one), "a byte was written");
    return std::move(found).text();
}

}  // namespace support
