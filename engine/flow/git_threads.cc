#include "engine/flow/git_threads.h"

#include "engine/os/thread.h"

namespace fleet::flow {

Result<std::unique_ptr<GitThreads>> GitThreads::start(const std::string& common_dir,
                                                      unsigned count) {
  std::vector<worktree::Repository> repositories;
  for (unsigned i = 0; i < count; ++i) {
    FLEET_TRY(auto repository, worktree::Repository::open(common_dir));
    repositories.push_back(std::move(repository));
  }
  std::unique_ptr<GitThreads> git(new GitThreads(std::move(repositories)));
  for (worktree::Repository& repository : git->repositories_) {
    FLEET_TRY(std::thread thread,
              os::start_thread("git", [git = git.get(), &repository] { git->serve(repository); }));
    git->threads_.push_back(std::move(thread));
  }
  return git;
}

GitThreads::GitThreads(std::vector<worktree::Repository> repositories)
    : repositories_(std::move(repositories)) {}

GitThreads::~GitThreads() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_)
    thread.join();
}

void GitThreads::add(Work work) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(work));
  }
  wake_.notify_one();
}

void GitThreads::serve(worktree::Repository& repository) {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty())
      return;
    const Work work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    work(repository);
    lock.lock();
  }
}

}  // namespace fleet::flow
