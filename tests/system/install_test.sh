#!/bin/bash
# SPDX-License-Identifier: BSL-1.0
# An installed green can be found and used by a project outside: through pkg-config, shared and static, and through
# CMake.
set -euo pipefail
[[ -z ${GREEN_VARIANT:-} ]] || { echo "an installation is made without sanitizers"; exit 77; }

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
meson install -C "${GREEN_BUILD:?}" --no-rebuild --quiet --destdir "$place/root"
installed=$place/root$(meson introspect "$GREEN_BUILD" --buildoptions |
    python3 -c 'import json, sys; print(next(o["value"] for o in json.load(sys.stdin) if o["name"] == "prefix"))')
libraries=$(dirname "$(find "$installed" -name libgreen.so)")
export LD_LIBRARY_PATH=$libraries

for file in include/green/green.h include/green/testing/virtual_clock.h include/green/inspect/fibers.h; do
    [[ -f $installed/$file ]] || { echo "$file is not installed"; exit 1; }
done
[[ -f $libraries/libgreen.a ]] || { echo "the static library is not installed"; exit 1; }
! grep -rlE '#include "' "$installed/include/green" || { echo "these include by relative names"; exit 1; }

mkdir "$place/outside"
cd "$place/outside"
cat >main.cpp <<'END'
#include <green/green.h>
using namespace std::chrono_literals;
int main() {
    auto a = green::spawn([] { green::sleep(1ms); return 20; });
    auto b = green::spawn([] { return 22; });
    return a.get() + b.get() == 42 ? 0 : 1;
}
END
cat >with-http.cpp <<'END'
#include <green/http/session.h>
int main() {
    green::http::headers sent;
    sent.set("Accept-Encoding", "gzip");
    return green::http::url::parse("http://example.com:8080/a?b").port() == 8080 && sent.get("accept-encoding") ? 0 : 1;
}
END
cat >patched.cpp <<'END'
#include <green/green.h>
#include <green/monkeypatch/patch.h>
#include <unistd.h>
int main() {
    green::monkeypatch::patch_all();
    bool others_ran = false;
    auto other = green::spawn([&] { others_ran = true; });
    return ::usleep(1000) == 0 && others_ran ? 0 : 1;
}
END
cat >CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.16)
project(outside CXX)
find_package(green 0.1 REQUIRED)
add_executable(shared main.cpp)
target_link_libraries(shared PRIVATE green::green)
add_executable(static main.cpp)
target_link_libraries(static PRIVATE green::green-static)
add_executable(http-shared with-http.cpp)
target_link_libraries(http-shared PRIVATE green::http)
add_executable(http-static with-http.cpp)
target_link_libraries(http-static PRIVATE green::http-static)
add_executable(patched patched.cpp)
target_link_libraries(patched PRIVATE green::monkeypatch)
END

runs() {
    "$1" || { echo "$1 ended with $?"; exit 1; }
}

export PKG_CONFIG_PATH=$libraries/pkgconfig PKG_CONFIG_SYSROOT_DIR=$place/root
read -r -a compiler <<<"${CXX:-g++}"
read -r -a flags < <(pkg-config --cflags --libs green)
"${compiler[@]}" -std=c++20 main.cpp -o with-pkg-config "${flags[@]}"
runs ./with-pkg-config
[[ $(ldd ./with-pkg-config) == *libgreen.so* ]] || { echo "not linked with the shared library"; exit 1; }

read -r -a flags < <(pkg-config --cflags --libs green-monkeypatch)
"${compiler[@]}" -std=c++20 patched.cpp -o patched "${flags[@]}"
runs ./patched
[[ $("$installed/bin/greenrun" sh -c 'echo "$GREENRUN"') == time* ]] || { echo "greenrun does not find its library"; exit 1; }
maps=$("$installed/bin/greenrun" python3 -c 'import socket; socket.getaddrinfo("localhost", 1); print(*open("/proc/self/maps"))')
[[ $maps == */libnss_green.so.2* ]] || { echo "the library does not find the one for names"; exit 1; }

read -r -a flags < <(pkg-config --cflags --libs --static green)
LIBRARY_PATH='' "${compiler[@]}" -std=c++20 main.cpp -o with-pkg-config-static -Wl,-Bstatic "${flags[@]}" -Wl,-Bdynamic
runs ./with-pkg-config-static
! ldd ./with-pkg-config-static | grep "libgreen" || { echo "linked with the shared library after all"; exit 1; }

unset PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
cmake -G Ninja -S . -B cmake-build -Dgreen_DIR="$libraries/cmake/green" >cmake.log 2>&1 && cmake --build cmake-build >>cmake.log 2>&1 ||
    { cat cmake.log; exit 1; }
runs cmake-build/shared
for program in shared static http-shared http-static patched; do runs "cmake-build/$program"; done
for program in static http-static; do
    ! ldd "cmake-build/$program" | grep "libgreen" || { echo "$program is linked with the shared library"; exit 1; }
done
