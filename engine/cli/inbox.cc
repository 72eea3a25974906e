// inbox: what waits for a human, of all runs that can be carried on.
#include "engine/report/inbox.h"

#include <fmt/format.h>

#include "engine/cli/commands.h"
#include "engine/cli/exit_codes.h"
#include "engine/cli/past.h"
#include "engine/cli/terminal.h"
#include "engine/flow/gates.h"
#include "engine/os/files.h"
#include "engine/worktree/repository.h"

namespace fleet::cli {
namespace {

std::optional<report::ChangeSize> measure(worktree::Repository& repository, const std::string& base,
                                          const std::string& commit) {
  const auto before = worktree::Oid::parse(base);
  const auto after = worktree::Oid::parse(commit);
  if (!before || !after)
    return std::nullopt;
  const auto size = repository.diff_stat(*before, *after);
  if (!size)
    return std::nullopt;
  return report::ChangeSize{size->files, size->insertions, size->deletions};
}

}  // namespace

int inbox(const InboxOptions& options) {
  const auto past = open_past();
  if (!past)
    return refuse(past.error());
  const auto runs = unfinished_runs(*past);
  if (!runs)
    return refuse(runs.error());
  auto repository = worktree::Repository::open(past->places.common_dir);
  if (!repository)
    return refuse(repository.error());
  const bool json = options.format == "json";
  std::string out, decided;
  for (const auto& run : *runs) {
    const std::string run_dir = past->places.state_dir + "/runs/" + run->state.run;
    report::InboxView view{around(*past, *run), {}, {}};
    view.measure = [&](const std::string& commit) {
      return measure(*repository, run->state.base_commit, commit);
    };
    view.notify_trouble = [&](run::Attempt gate) {
      const auto trouble =
          os::system_files().read_file(flow::notify_failure_path(run_dir, gate), 4096);
      return trouble ? fmt::format("{} ({})", trouble->substr(0, trouble->find('\n')),
                                   flow::notify_log_path(run_dir, gate))
                     : std::string();
    };
    const std::string gates = json ? report::inbox_json(run->plan, run->state, view)
                                   : report::inbox_text(run->plan, run->state, view);
    if (!gates.empty())
      out += (out.empty() ? "" : json ? ",\n " : "\n") + gates;
    decided += report::decided_lines(run->plan, run->state, view, "  ");
  }
  if (!decided.empty())
    decided = "\nwaits for the run to go on:\n" + decided;
  if (json)
    print("[" + out + "]\n");
  else
    print((out.empty() ? "nothing waits for a decision\n" : out) + decided);
  return kDone;
}

}  // namespace fleet::cli
