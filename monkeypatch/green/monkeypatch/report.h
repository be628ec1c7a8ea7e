// SPDX-License-Identifier: BSL-1.0
// Statistics that are printed when the process ends (greenrun --stats).
#pragma once

namespace green::monkeypatch::detail {

// Gathers them from here on, and keeps standard error as it is now for the report. Before main().
void report_when_process_ends() noexcept;

// By whatever ends the process. Prints them if that was asked for and has not been done. Async-signal-safe.
void report_at_end() noexcept;

}  // namespace green::monkeypatch::detail
