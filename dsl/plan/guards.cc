#include "dsl/plan/guards.h"

#include <algorithm>

#include "dsl/plan/grants.h"

namespace fleet::plan {
namespace {

bool known_count(const FanoutSource& source) {
  return source.kind == FanoutSource::Kind::kList || source.kind == FanoutSource::Kind::kRange;
}

// What a session holds itself it can spend, and give away.
void guard_grants(const Plan& plan, const Agent& agent, std::vector<Guard>& out) {
  const auto models = model_credentials(plan, agent);
  for (const Credential& credential : plan.credentials) {
    if (!is_granted(agent, credential))
      continue;
    const std::string name = "credential " + text_of(credential);
    std::string text;
    if (credential.mode == Credential::Mode::kEnv)
      text = "its sessions hold the " + name +
             " themselves (`mode = env`): what they spend is known when they end, and a budget is "
             "passed by what they spend until then";
    else if (std::ranges::find(models, &credential) != models.end())
      text = "each request by the " + name + " is judged by the broker, before it is passed on";
    else
      text =
          "the " + name +
          " stays with the engine, which does nothing by it: no session has it, and nothing that "
          "it permits can be done (`mode = env` gives it to the sessions)";
    out.push_back({agent.place, "agent " + agent.name, std::move(text)});
    if (credential.probe)
      out.push_back({agent.place, "agent " + agent.name,
                     "whether the " + name +
                         " works is tried by its probe before a session begins; where it does not, "
                         "its owner is asked"});
  }
}

void guard_agent(const Agent& agent, std::vector<Guard>& out) {
  const std::string subject = "agent " + agent.name;
  const auto add = [&](std::string text) {
    out.push_back({agent.place, subject, std::move(text)});
  };
  if (!agent.runtime.sandbox.on) {
    add("has no sandbox: its sessions can write whatever their user can; that they keep to their "
        "worktree "
        "is not enforced");
  } else {
    add("the sandbox is probed when the run begins; a machine that cannot set it up is refused");
    if (agent.runtime.sandbox.network)
      add("may use the network");
    for (const std::string& path : agent.runtime.sandbox.write)
      add("may write " + path + " beside its worktree");
  }
  if (agent.writes && !agent.writes->in.empty())
    add("what it changed outside `in` is found when its work is committed; the attempt then fails");
  if (agent.writes)
    add("a branch of the same name that is not fleetc's is found before the session starts; the "
        "task then fails");
  if (agent.writes)
    add("a branch that another task of the run has, or that cannot exist beside one, is found "
        "before the session starts; the task then fails");
  if (!agent.timeout)
    add("has no timeout of its own: a step without one waits for as long as it runs");
}

void guard_node(const Node& node, std::vector<Guard>& out) {
  const auto add = [&](std::string text) {
    out.push_back({node.place, "step " + node.name, std::move(text)});
  };
  if (node.fanout && !known_count(node.fanout->source)) {
    add("the number of items is known when the step starts; the spawn check decides then");
    if (!node.fanout->limit)
      add("nothing bounds the number of items");
    add("two items whose branches cannot exist side by side are found then; the step then fails");
  }
  if (node.merge && !node.merge->into_base && !node.merge->into_step)
    add("a branch that a task of the run has, or that cannot exist beside one, is found when it "
        "merges; the merge then fails");
  if (node.kind == NodeKind::kMerge)
    add("conflicts, and a branch that somebody moved or has checked out, are found when it merges; "
        "the branch then "
        "stays as it is");
  if (node.kind == NodeKind::kHuman)
    add("nobody knows before how " + node.human +
        " decides; unanswered at its timeout it goes on "
        "with its `else`");
  if (node.fanout && node.fanout->source.kind == FanoutSource::Kind::kFindings)
    add("what a review finds is known when it ends; a step that needs findings starts only with "
        "some");
  if (node.kind == NodeKind::kRun && !node.sandboxed)
    add("has no sandbox: the command can write whatever its user can");
}

}  // namespace

std::vector<Guard> guards(const Plan& plan) {
  std::vector<Guard> out;
  for (const Agent& agent : plan.agents) {
    guard_agent(agent, out);
    guard_grants(plan, agent, out);
  }
  for (const Node& node : plan.nodes)
    guard_node(node, out);
  return out;
}

}  // namespace fleet::plan
