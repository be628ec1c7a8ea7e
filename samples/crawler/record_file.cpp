// SPDX-License-Identifier: BSL-1.0
// stdio does the buffering; every one of its answers is looked at.
#include "crawler/record_file.h"

#include <cerrno>
#include <system_error>
#include <utility>

namespace crawler {

record_file::record_file(std::string path) : path_(std::move(path)), file_(std::fopen(path_.c_str(), "we")) {
    if (!file_) fail(errno);
}

void record_file::write(const record& r) {
    const std::string line = to_json(r) + '\n';
    if (std::fwrite(line.data(), 1, line.size(), file_.get()) != line.size()) fail(errno);
}

void record_file::close() {
    std::FILE* file = file_.release();
    if (file == nullptr) return;
    // A failed flush leaves the error flag set; fclose() alone would forget a write that failed long ago.
    const bool flushed = std::fflush(file) == 0 && std::ferror(file) == 0;
    const int flush_error = errno;
    const bool closed = std::fclose(file) == 0;
    if (!flushed) fail(flush_error);
    if (!closed) fail(errno);
}

void record_file::fail(int error) const {
    throw std::system_error(error, std::generic_category(), "cannot write " + path_);
}

}  // namespace crawler
