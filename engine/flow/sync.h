// What changed since an agent last ran in this repository. Where that was is remembered by a small
// file an agent; what happened since is read from git and from the journal.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "dsl/plan/plan.h"
#include "engine/base/result.h"
#include "engine/journal/journal.h"
#include "engine/worktree/repository.h"

namespace fleet::flow {

// Where an agent was when its last session ended.
struct LastRun {
  std::string run;
  std::string base;                               // commit
  std::uint64_t seq = 0;                          // of the journal: what came later is news
  std::map<std::string, std::uint32_t> identity;  // document to version
  std::string fleet = {};                         // "seven v1"
  std::map<std::string, std::string> contract =
      {};  // what the fleet's file said of it: key to value
  friend bool operator==(const LastRun&, const LastRun&) = default;
};

std::string encode(const LastRun& last);
std::optional<LastRun> decode_last_run(std::string_view text);

class SyncLog {
 public:
  // `journal` outlives it.
  SyncLog(std::string state_dir, const journal::Journal& journal)
      : folder_(std::move(state_dir) + "/sync"), journal_(journal) {}

  // Blocks, as all here does.
  Status remember(const plan::Plan& plan, const plan::Agent& agent, const std::string& run,
                  const std::string& base) const;
  // For people and for models; what the fleet's `sync` does not name is left out. Empty: the agent
  // has never run here.
  Result<std::string> changes(worktree::Repository& repository, const plan::Plan& plan,
                              const plan::Agent& agent, const std::string& base) const;

 private:
  std::string path_of(const plan::Agent& agent) const;

  std::string folder_;
  const journal::Journal& journal_;
};

}  // namespace fleet::flow
