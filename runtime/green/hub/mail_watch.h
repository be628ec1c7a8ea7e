// SPDX-License-Identifier: BSL-1.0
// Whether a hub looks for mail for a moment before it sleeps in the kernel.
#pragma once

#include <green/hub/mailbox.h>
#include <green/sys/pause.h>

#include <algorithm>

namespace green::detail {

// Two hubs that hand something to and fro pay for each hand-over: the one for a write to an eventfd, the other for a sleep
// and a wake-up, which takes longer than the work as a rule. So a hub whose last sleeps were all ended by mail looks for it
// first. It goes on with that as long as mail comes sooner than a sleep would cost. When it does not, the moment is lost,
// and twice as many such sleeps are needed before it tries again: who gets mail now and then pays next to nothing.
//
// The first tries must outlast the other hub's wake-up from its last sleep: only from then on both answer at once.
class mail_watch {
  public:
    // Before a sleep: true when there is mail.
    bool catches(const mailbox& box) noexcept {
        if (sleeps_ended_by_mail_ < enough_sleeps_) [[likely]] return false;
        for (int looks = 0; looks < most_looks; ++looks) {
            if (!box.empty()) {
                came_after(looks);
                return true;
            }
            sys::pause();
        }
        give_up();
        return false;
    }
    // After a sleep.
    void slept(bool until_mail) noexcept { sleeps_ended_by_mail_ = until_mail ? sleeps_ended_by_mail_ + 1 : 0; }

  private:
    void came_after(int looks) noexcept {
        if (looks <= looks_worth_a_sleep) {
            late_in_a_row_ = 0;
            enough_sleeps_ = std::max(fewest_sleeps, enough_sleeps_ / 2);
        } else if (++late_in_a_row_ == most_late_in_a_row) {
            give_up();
        }
    }
    void give_up() noexcept {
        sleeps_ended_by_mail_ = late_in_a_row_ = 0;
        enough_sleeps_ = std::min(most_sleeps, enough_sleeps_ * 2);
    }

    static constexpr int most_looks = 1000;          // 15 to 45 us, a processor's wake-up
    static constexpr int looks_worth_a_sleep = 200;  // 3 to 9 us
    static constexpr unsigned most_late_in_a_row = 8;
    static constexpr unsigned fewest_sleeps = 4, most_sleeps = 4096;

    unsigned sleeps_ended_by_mail_ = 0;  // the last ones, all of them
    unsigned enough_sleeps_ = fewest_sleeps;
    unsigned late_in_a_row_ = 0;
};

}  // namespace green::detail
