// Messages that were read and wait to be handled. Any thread; one reads and pushes, one pops.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <set>
#include <string>

namespace fleet::lsp {

class Inbox {
 public:
  // A `$/cancelRequest` is taken note of at once, before all that waits.
  void push(std::string body);
  // Nothing more will come.
  void close();
  // Counts a frame that could not be read.
  void add_malformed(std::size_t count);

  struct Next {
    std::optional<std::string> body;
    std::size_t malformed = 0;
    bool closed = false;  // and nothing is left
  };
  // Waits at most that long; an empty result: nothing came.
  Next pop(std::chrono::milliseconds patience);

  // Whether the request with that id, written as JSON, is to be given up.
  bool is_cancelled(const std::string& id);

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::string> bodies_;
  std::set<std::string> cancelled_;
  std::size_t malformed_ = 0;
  bool closed_ = false;
};

}  // namespace fleet::lsp
