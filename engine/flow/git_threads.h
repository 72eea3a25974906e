// The few threads that do git's blocking work, each with a repository handle of its own: libgit2
// objects are not thread-safe, and the flow graph's workers must never block.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/result.h"
#include "engine/worktree/repository.h"

namespace fleet::flow {

class GitThreads {
 public:
  using Work = std::function<void(worktree::Repository&)>;

  // Opens `count` handles at once, so that a repository that can't be opened is found here.
  static Result<std::unique_ptr<GitThreads>> start(const std::string& common_dir, unsigned count);
  // Does what is queued, then joins.
  ~GitThreads();

  // From any thread. Work is taken in order, by whichever thread is free.
  void add(Work work);

 private:
  explicit GitThreads(std::vector<worktree::Repository> repositories);
  void serve(worktree::Repository& repository);

  std::vector<worktree::Repository> repositories_;
  std::mutex mutex_;  // guards the two below
  std::deque<Work> queue_;
  bool stopping_ = false;
  std::condition_variable wake_;
  std::vector<std::thread> threads_;
};

}  // namespace fleet::flow
