// pr list, show, diff: what tasks made, as pull requests. They live in the journal and in git.
#include <fmt/format.h>

#include "engine/cli/commands.h"
#include "engine/cli/exit_codes.h"
#include "engine/cli/past.h"
#include "engine/cli/terminal.h"
#include "engine/report/pulls.h"
#include "engine/worktree/repository.h"

namespace fleet::cli {
namespace {

struct Chosen {
  Past past;
  report::Pulls pulls;
  flow::PastRun run;
};

Result<Chosen> choose(const PullOptions& options) {
  Chosen chosen;
  FLEET_TRY(chosen.past, open_past());
  FLEET_TRY(const journal::RunInfo info, flow::choose_run(*chosen.past.reader, options.run));
  FLEET_TRY(chosen.run, flow::replay_run(*chosen.past.reader, info, &chosen.pulls));
  return chosen;
}

Result<const report::Pull*> find(const Chosen& chosen, std::uint32_t number) {
  if (const report::Pull* pull = chosen.pulls.find(number))
    return pull;
  return Error(Errc::kNotFound,
               fmt::format("run {} has no pull request {}: `fleetc pr list {}` shows {}",
                           chosen.run.info.id, number, chosen.run.info.id,
                           chosen.pulls.all().empty() ? "that it has none yet" : "those it has"));
}

}  // namespace

int pr_list(const PullOptions& options) {
  const auto chosen = choose(options);
  if (!chosen)
    return refuse(chosen.error());
  const flow::PastRun& run = chosen->run;
  if (options.format == "json")
    print(report::pulls_json(run.plan, run.state, chosen->pulls) + "\n");
  else if (chosen->pulls.all().empty())
    print(fmt::format("run {} has no pull request: no task of it has made a commit yet\n",
                      run.info.id));
  else
    print(report::pulls_text(run.plan, run.state, chosen->pulls));
  return kDone;
}

int pr_show(const PullOptions& options) {
  const auto chosen = choose(options);
  if (!chosen)
    return refuse(chosen.error());
  const auto pull = find(*chosen, options.number);
  if (!pull)
    return refuse(pull.error());
  const flow::PastRun& run = chosen->run;
  print(options.format == "json" ? report::pull_json(run.plan, run.state, **pull) + "\n"
                                 : report::pull_text(run.plan, run.state, **pull));
  return kDone;
}

// Against the commit that the run began at: everything that a merge of it would bring.
int pr_diff(const PullOptions& options) {
  const auto chosen = choose(options);
  if (!chosen)
    return refuse(chosen.error());
  const auto pull = find(*chosen, options.number);
  if (!pull)
    return refuse(pull.error());
  const run::State& state = chosen->run.state;
  auto repository = worktree::Repository::open(chosen->past.places.common_dir);
  if (!repository)
    return refuse(repository.error());
  const auto before = worktree::Oid::parse(state.base_commit);
  const auto after = worktree::Oid::parse(report::head_of(state, **pull));
  if (!before || !after)
    return refuse(Error(Errc::kCorrupt, "the journal names no commit of it"));
  const auto text = repository->diff_text(*before, *after);
  if (!text)
    return refuse(text.error());
  print(*text);
  return kDone;
}

}  // namespace fleet::cli
