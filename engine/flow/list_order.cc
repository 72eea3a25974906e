// The listing half of LocalWorld: the items of a fan-out, and whether their branches can stand side
// by side.
#include <fmt/format.h>

#include "engine/flow/items.h"
#include "engine/flow/local_world.h"
#include "engine/worktree/slug.h"

namespace fleet::flow {

void LocalWorld::list_items(const ListOrder& order, Post post) {
  try_list(order, std::move(post), 1);
}

void LocalWorld::try_list(const ListOrder& order, Post post, int tries) {
  const plan::Fanout& fanout = *plan_.nodes[order.node.value].fanout;
  if (fanout.source.kind == plan::FanoutSource::Kind::kCommandLines)
    return list_command(order, std::move(post), tries);
  git_.add([this, order, &fanout, post = std::move(post), tries](worktree::Repository& repository) {
    answer_list(order, post, tries, evaluate(repository, fanout.source, oid_of(order.start)));
  });
}

// A step whose list could not be made is over, and with it the run: what may pass is tried again.
void LocalWorld::answer_list(const ListOrder& order, Post post, int tries,
                             Result<std::vector<std::string>> items) {
  const bool may_pass = !items && items.error().code() != Errc::kInvalid &&
                        items.error().code() != Errc::kNotFound &&
                        items.error().code() != Errc::kUnsupported;
  if (!may_pass || tries >= kTriesInPlace || abandoned_)
    return post(
        claimed(limited(order.node, *plan_.nodes[order.node.value].fanout, std::move(items))));
  timers_.add_in(std::chrono::seconds(tries),
                 [this, order, post, tries] { try_list(order, post, tries + 1); });
}

// Says who gets which item, where the plan routes them. Two items whose branches cannot exist side
// by side are found before any work is spent on either.
run::ItemsListed LocalWorld::claimed(run::ItemsListed event) const {
  const plan::Node& node = plan_.nodes[event.node.value];
  if (!event.error.empty())
    return event;
  if (!node.fanout->route_by.empty())
    event.agents = routed(plan_, node, event.items);
  std::vector<std::string> branches;
  for (std::size_t i = 0; i < event.items.size(); ++i) {
    const plan::AgentIndex index = node.agents[event.agents.empty() ? 0 : event.agents[i]];
    const plan::Agent& agent = plan_.agents[index.value];
    if (agent.writes)
      branches.push_back(
          branch_name(agent.writes->branch,
                      holes_of(facts_of_item(plan_, event.node, event.items[i], agent.name))));
  }
  const std::string& writer = plan_.agents[node.agents.front().value].name;
  if (const auto conflict = worktree::find_branch_conflict(std::move(branches)))
    event.error =
        conflict->first == conflict->second
            ? fmt::format(
                  "two items would both need the branch `{}`; put {{item}} into `writes` of `{}`",
                  conflict->first, writer)
            : fmt::format(
                  "two items would need the branches `{}` and `{}`, which git cannot keep side by "
                  "side; change `writes` of `{}`",
                  conflict->first, conflict->second, writer);
  if (!event.error.empty()) {
    event.items.clear();
    event.agents.clear();
  }
  return event;
}

void LocalWorld::list_command(const ListOrder& order, Post post, int tries) {
  git_.add([this, order, post = std::move(post), tries](worktree::Repository& repository) {
    const plan::Fanout& fanout = *plan_.nodes[order.node.value].fanout;
    worktree::SlotRequest wanted;
    wanted.kind = worktree::SlotKind::kEvidence;
    wanted.agent = "source";
    wanted.commit = oid_of(order.start);
    auto slot = pool_.acquire(repository, wanted);
    if (!slot)
      return answer_list(order, post, tries,
                         std::move(slot).error().in("a worktree for the source"));
    // A source belongs to no task: its output goes by the step's place among steps.
    TaskFacts task = facts_of_item(plan_, order.node, "", "");
    task.attempt = {run::TaskIndex{0xF0000000U + order.node.value}, site_.incarnation};
    static const plan::Sandbox kSandbox;
    static const std::vector<std::pair<std::string, std::string>> kNoEnvironment;
    process::JobSpec job =
        make_job(site_, {kSandbox,
                         fanout.source.command,
                         kNoEnvironment,
                         task,
                         holes_of(task),
                         *slot,
                         {site_.run, task.attempt.task.value, task.attempt.epoch, 0},
                         site_.log_path(task.attempt, 0),
                         std::chrono::minutes(10),
                         true});
    // What it says on the side is no item.
    job.argv.insert(job.argv.begin(), {"/bin/sh", "-c", "exec \"$@\" 2>\"$TMPDIR/stderr\"", "sh"});
    const std::string output = job.output;
    jobs_.submit(std::move(job),
                 [this, order, post, output, slot = *slot](const process::JobReport& report) {
                   git_.add([this, order, post, output, slot, report](worktree::Repository&) {
                     (void)pool_.release(slot, worktree::Leftovers::kSaved);
                     post(claimed(limited(order.node, *plan_.nodes[order.node.value].fanout,
                                          lines_of_job(report, output))));
                   });
                 });
  });
}

}  // namespace fleet::flow
