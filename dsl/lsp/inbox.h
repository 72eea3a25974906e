// Messages that were read and wait to be handled. Any thread; one reads and pushes, one pops.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <set>
#include <string>

namespace fleet::lsp {

// What has come in while something else is done. A change is of documents or files: what is found
// out about them as they were is of no use to anybody then.
enum class Waiting { kNothing, kRequest, kChange };

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
  // The weightiest of what waits; takes no lock.
  Waiting waiting() const;

 private:
  struct Message {
    std::string body;
    bool changes = false;
  };

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Message> messages_;
  std::set<std::string> cancelled_;
  std::atomic<std::size_t> some_waiting_ = 0;
  std::atomic<std::size_t> changes_waiting_ = 0;
  std::atomic<bool> some_cancelled_ = false;
  std::size_t malformed_ = 0;
  bool closed_ = false;
};

}  // namespace fleet::lsp
