// SPDX-License-Identifier: BSL-1.0
// The --out file. Knows lines and the disk; what a line says is record.h's business.
#pragma once

#include "crawler/record.h"

#include <cstdio>
#include <functional>
#include <memory>
#include <string>

namespace crawler {

/// A file of one JSON object per line.
///
///     crawler::record_file out("result.jsonl");
///     out.write(r);
///     out.close();      // the only way to learn that all of it is on its way to the disk
///
/// All three throw std::system_error whose what() names the file and the reason. Writes are buffered: a full
/// disk may show at a later write or only at close(). An object destroyed without close() (while another
/// error unwinds) writes what it holds and reports nothing. A write can block the thread as any disk access
/// can. Not synchronised.
class record_file {
  public:
    /// Creates the file, or empties it. Opening a FIFO blocks the thread until somebody opens it to read (fifo(7));
    /// `before_wait` is called when nobody has yet.
    explicit record_file(std::string path, const std::function<void()>& before_wait = [] {});

    void write(const record& r);
    void close();

  private:
    struct closer {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };

    int open_to_write(const std::function<void()>& before_wait) const;
    [[noreturn]] void fail(int error) const;

    std::string path_;
    std::unique_ptr<std::FILE, closer> file_;
};

}  // namespace crawler
