#!/bin/bash
# SPDX-License-Identifier: BSL-1.0
# A Meson project that has green as its subproject finds each of its libraries as a dependency. It is configured, not built.
set -euo pipefail
[[ -z ${GREEN_VARIANT:-} ]] || { echo "a subproject is configured without sanitizers"; exit 77; }

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
mkdir "$place/subprojects"
ln -s "${GREEN_SOURCE:?}" "$place/subprojects/green"
echo 'int main() {}' >"$place/main.cpp"
cat >"$place/meson.build" <<'END'
project('outer', 'cpp', default_options : 'cpp_std=c++20')
subproject('green')
foreach name : ['green', 'green-http', 'green-monkeypatch']
  executable('with-' + name, 'main.cpp', dependencies : dependency(name))
endforeach
END
meson setup "$place/build" "$place" >"$place/log" 2>&1 || { tail -20 "$place/log"; exit 1; }
for library in green green-http green-monkeypatch; do
    links=$(ninja -C "$place/build" -t query "with-$library")
    [[ $links == *"lib$library.so"* ]] || { echo "with-$library does not link with lib$library.so: $links"; exit 1; }
done
# Its own samples and tests are not for who uses it.
! ninja -C "$place/build" -t targets all | grep -E "tests/|samples/" || exit 1
