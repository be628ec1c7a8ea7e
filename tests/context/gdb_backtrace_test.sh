#!/bin/bash
# SPDX-License-Identifier: BSL-1.0
# gdb's backtrace inside a fiber shows its frames, ends at the first one, and has nothing to complain about.
set -u
program=${GREEN_BUILD:?}/tests/test-context
[[ -z ${GREEN_VARIANT:-} ]] || { echo "only without sanitizers"; exit 77; }
command -v gdb >/dev/null || { echo "no gdb"; exit 77; }

output=$(gdb --batch --nx -ex 'set breakpoint pending on' -ex 'set debuginfod enabled off' \
    -ex 'break stop_here_in_a_fiber' -ex run -ex backtrace -ex kill --args "$program" --child stops_in_a_fiber 2>&1 </dev/null)
case $output in
    *"ptrace: Operation not permitted"*) echo "gdb may not trace here"; exit 77 ;;
esac

frames=$(grep -c '^#' <<<"$output")
if ! grep -q '^#0 .*stop_here_in_a_fiber' <<<"$output" || ! grep -q '^#.* green_first_frame' <<<"$output" ||
    [[ $frames -gt 20 ]] || grep -qiE 'corrupt|backtrace stopped|previous frame' <<<"$output"; then
    echo "$output"
    exit 1
fi
# Nothing lies above the first frame.
[[ $(grep '^#' <<<"$output" | tail -1) == *green_first_frame* ]] || { echo "$output"; exit 1; }
