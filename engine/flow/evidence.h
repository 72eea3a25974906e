// Gathers evidence: runs `accept` on a commit in a worktree that no session used, without
// credentials, judged by the base's own scripts. What an agent says of itself counts for nothing.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "engine/flow/git_threads.h"
#include "engine/flow/job_board.h"
#include "engine/flow/site.h"
#include "engine/worktree/pool.h"

namespace fleet::flow {

struct EvidenceRequest {
  TaskFacts task;
  HoleValues holes;
  std::string base;    // commit whose scripts judge
  std::string commit;  // what is judged
  std::uint64_t changed_lines = 0;
  std::vector<plan::Acceptance> accept;
  std::vector<std::string> protect;
  plan::Sandbox sandbox;
  std::chrono::milliseconds timeout{0};  // of each command; 0: none
};

struct EvidenceAnswer {
  bool passed = false;
  std::vector<run::CheckResult> checks;  // in order, up to the first that failed
  std::string error;                     // evidence could not be gathered
};

class Evidence {
 public:
  using Done = std::function<void(EvidenceAnswer)>;
  Evidence(const Site& site, GitThreads& git, worktree::Pool& pool, JobBoard& jobs)
      : site_(site), git_(git), pool_(pool), jobs_(jobs) {}

  // Returns at once; `done` is called exactly once, from any thread.
  void gather(EvidenceRequest request, Done done);

 private:
  struct Course;
  void prepare(worktree::Repository& repository, std::shared_ptr<Course> course);
  void next(std::shared_ptr<Course> course);
  void finish(std::shared_ptr<Course> course);

  const Site& site_;
  GitThreads& git_;
  worktree::Pool& pool_;
  JobBoard& jobs_;
  std::atomic<std::uint32_t> parts_{0};
};

// The paths, among those changed between `base` and `commit`, that judge the task: files that an
// `accept` command names literally, and what `protect` covers. A person has to look at such a
// change.
Result<std::vector<std::string>> judging_changes(worktree::Repository& repository,
                                                 const worktree::Oid& base,
                                                 const worktree::Oid& commit,
                                                 const std::vector<plan::Acceptance>& accept,
                                                 const std::vector<std::string>& protect);

}  // namespace fleet::flow
