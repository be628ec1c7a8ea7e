// SPDX-License-Identifier: BSL-1.0
// stdio does the buffering; every one of its answers is looked at.
#include "crawler/record_file.h"

#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace crawler {

record_file::record_file(std::string path, const std::function<void()>& before_wait) : path_(std::move(path)) {
    const int fd = open_to_write(before_wait);
    file_.reset(fdopen(fd, "w"));
    if (file_) return;
    const int error = errno;
    ::close(fd);
    fail(error);
}

int record_file::open_to_write(const std::function<void()>& before_wait) const {
    const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
    // Of a FIFO this tells whether somebody reads. A file that was opened so blocks again once the flag is gone.
    int fd = open(path_.c_str(), flags | O_NONBLOCK, 0666);
    struct stat about {};
    if (fd < 0 && errno == ENXIO && stat(path_.c_str(), &about) == 0 && S_ISFIFO(about.st_mode)) {
        before_wait();
        fd = open(path_.c_str(), flags, 0666);
    } else if (fd >= 0) {
        fcntl(fd, F_SETFL, O_WRONLY);
    }
    if (fd < 0) fail(errno);
    return fd;
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
