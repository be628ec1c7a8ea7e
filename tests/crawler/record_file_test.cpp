// SPDX-License-Identifier: BSL-1.0
#include "crawler/record_file.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

using crawler::record;
using crawler::record_file;

namespace {

/// A folder of its own, gone at the end of the test.
struct temporary_folder {
    temporary_folder() {
        std::string name = (std::filesystem::temp_directory_path() / "crawler-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        path = name;
    }
    ~temporary_folder() { std::filesystem::remove_all(path); }
    std::filesystem::path path;
};

/// What the body throws as std::system_error; empty when nothing.
template <class Body>
std::string failure_of(Body body) {
    try {
        body();
    } catch (const std::system_error& error) {
        return error.what();
    }
    return {};
}

}  // namespace

TEST_CASE("each record is a line of the file") {
    const temporary_folder folder;
    const auto path = (folder.path / "out.jsonl").string();
    std::ofstream(path) << "something old";
    record_file out(path);
    record r;
    r.url = "http://a/";
    out.write(r);
    out.write(r);
    out.close();
    std::ifstream in(path);
    const std::string text(std::istreambuf_iterator<char>(in), {});
    CHECK(text == to_json(r) + '\n' + to_json(r) + '\n');
}

TEST_CASE("a full disk is told by name at close") {
    record_file out("/dev/full");
    out.write({});
    CHECK(failure_of([&out] { out.close(); }) == "cannot write /dev/full: No space left on device");
    CHECK_NOTHROW(out.close());
}

TEST_CASE("a full disk is told by name at a later write") {
    record_file out("/dev/full");
    const auto failure = failure_of([&out] {
        for (int i = 0; i < 10'000; ++i) out.write({});
    });
    CHECK(failure == "cannot write /dev/full: No space left on device");
    CHECK(failure_of([&out] { out.close(); }).starts_with("cannot write /dev/full"));
}

TEST_CASE("a file that cannot be created is told by name") {
    CHECK(failure_of([] { record_file("/no/such/folder/x"); }) ==
          "cannot write /no/such/folder/x: No such file or directory");
}
