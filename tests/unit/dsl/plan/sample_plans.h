// Plans written out by hand: what the compiler would make of a small and of a rich fleet.
#pragma once

#include <string>
#include <utility>

#include "dsl/plan/codec.h"
#include "dsl/plan/plan.h"

namespace fleet::plan {
namespace sample {

inline Segment text(std::string literal) {
  return {false, std::move(literal)};
}
inline Segment hole(std::string name) {
  return {true, std::move(name)};
}

inline Acceptance passes(std::vector<Template> argv, const std::string& as_written) {
  Acceptance accept;
  accept.command = {std::move(argv), as_written};
  accept.text = "\"" + as_written + "\" passes";
  return accept;
}

inline Agent agent(const std::string& name, std::int64_t dollars, Returns returns) {
  Agent agent;
  agent.name = name;
  agent.role = name;
  agent.runtime.name = "sonnet";
  agent.runtime.adapter = Adapter::kClaude;
  agent.runtime.model = "sonnet";
  agent.runtime.spawn = Millis{45'000};
  agent.runtime.env = {{"LANG", "C"}};
  agent.budget = Money{dollars * 1'000'000};
  agent.returns = returns;
  return agent;
}

inline Node node(const std::string& name, NodeKind kind, std::vector<Edge> after,
                 std::uint32_t line) {
  Node node;
  node.name = name;
  node.kind = kind;
  node.after = std::move(after);
  node.place = {"ship.fleet", line, 5};
  return node;
}

inline Node review(const std::string& name, std::uint32_t agent, Edge after, std::uint32_t start) {
  Node verdict = node(name, NodeKind::kTask, {after}, 37);
  verdict.agents = {AgentIndex{agent}};
  verdict.args = {{text("the diff of "), hole("task")}};
  verdict.start = NodeIndex{start};
  verdict.timeout = Millis{20 * 60'000};
  return verdict;
}

inline void add_round(Plan& plan, const std::string& round, Edge findings) {
  const auto first = static_cast<std::uint32_t>(plan.nodes.size());
  Node fixes = node("polish#" + round + ".fixes", NodeKind::kFanout, {findings}, 39);
  fixes.agents = {AgentIndex{3}, AgentIndex{4}};
  fixes.start = findings.from;
  fixes.round = static_cast<std::uint32_t>(std::stoul(round));
  Fanout fanout;
  fanout.variable = "f";
  fanout.source.kind = FanoutSource::Kind::kFindings;
  fanout.source.of = findings.from;
  fanout.source.text = "verdict.findings";
  fanout.width = 2;
  fanout.limit = 6;
  fanout.est = Millis{8 * 60'000};
  fanout.spawn = Millis{90'000};
  fixes.fanout = fanout;
  plan.nodes.push_back(fixes);
  Node gather = node("polish#" + round + ".gather", NodeKind::kMerge,
                     {{NodeIndex{first}, EdgeKind::kAccepted}}, 40);
  gather.merge = Merge{{NodeIndex{first}}, {}, NodeIndex{0}, false, plan.accept};
  gather.timeout = Millis{20 * 60'000};
  plan.nodes.push_back(gather);
  plan.nodes.push_back(review("polish#" + round + ".review", 1,
                              {NodeIndex{first + 1}, EdgeKind::kMerged}, first + 1));
}

}  // namespace sample

// One fan-out over the notes of a repository, gathered on one branch. Sealed.
inline Plan hello_plan() {
  using namespace sample;
  Plan plan;
  plan.fleet = "hello";
  plan.fleet_version = 1;
  plan.file = "hello.fleet";
  plan.flow = "main";
  plan.repo = {".", "main"};
  plan.accept = {passes({{text("sh")}, {text("scripts/check.sh")}, {text("notes")}},
                        "sh scripts/check.sh notes")};
  Agent fixer;
  fixer.name = "fixer";
  fixer.role = "fixer";
  fixer.clones = true;
  fixer.runtime.command = {{{text("sh")}, {text("scripts/fix.sh")}, {hole("item")}},
                           "sh scripts/fix.sh {item}"};
  fixer.writes = Writes{{text("fix/"), hole("item")}, {"notes/**"}};
  fixer.accept = {passes({{text("sh")}, {text("scripts/check.sh")}, {hole("item")}},
                         "sh scripts/check.sh {item}")};
  fixer.place = {"hello.fleet", 6, 8};
  plan.agents = {fixer};

  Node fixes;
  fixes.name = "fixes";
  fixes.kind = NodeKind::kFanout;
  fixes.agents = {AgentIndex{0}};
  Fanout fanout;
  fanout.variable = "f";
  fanout.source.kind = FanoutSource::Kind::kFiles;
  fanout.source.path = "notes/*.txt";
  fanout.source.text = "files(\"notes/*.txt\")";
  fanout.width = 8;
  fanout.est = Millis{2000};
  fanout.spawn = Millis{300};
  fixes.fanout = fanout;
  fixes.place = {"hello.fleet", 14, 5};

  Node gather;
  gather.name = "gather";
  gather.kind = NodeKind::kMerge;
  gather.after = {{NodeIndex{0}, EdgeKind::kAccepted}};
  gather.merge = Merge{{NodeIndex{0}}, {text("hello/fixed")}, std::nullopt, false, plan.accept};
  gather.place = {"hello.fleet", 15, 5};

  plan.nodes = {fixes, gather};
  plan.critical_path = {NodeIndex{0}, NodeIndex{1}};
  plan.worst.terms = {{NodeIndex{0}, 1, std::nullopt, std::nullopt}};
  seal(plan);
  return plan;
}

// Builder, two reviewers, two rounds of fixes, a human and a merge into the base: every kind of
// node, and texts that need escaping in each format. Sealed.
inline Plan ship_plan() {
  using namespace sample;
  Plan plan;
  plan.fleet = "ship \"<&>\"";
  plan.fleet_version = 2;
  plan.file = "fleets/ship.fleet";
  plan.flow = "ship";
  plan.parameters = {{"task", "parse \\ «naïve» <dates>\nand \x1b[31mred\x1b[0m"}};
  plan.unbound = {"who"};
  plan.repo = {"../repo", "main"};
  plan.budget = Budget{Money{50'000'000}, "day", true, 80};
  plan.load = {Load{1, "ship"}};
  plan.on = Event{Event::Kind::kTask, "backend"};
  plan.sync = {"commits"};
  plan.humans = {{"ann \"<&>\"", Millis{8 * 3'600'000}, std::nullopt, ""}};
  plan.escalation = Escalation{{"lead", "ann \"<&>\""}, Millis{3'600'000}};
  Credential key;
  key.name = "llm";
  key.source = "KEY";
  key.owner = "ann \"<&>\"";
  key.expires = 22'339;
  plan.credentials = {key};
  plan.identities = {{"core", 4, "identity/core.md", {}, std::string(64, 'a')}};
  plan.limits.sessions = 4;
  plan.limits.worktree_bytes = std::uint64_t{20} << 30;
  plan.protect = {"fleets/**", "ci/*"};
  plan.accept = {passes({{text("ctest")}, {text("--preset")}, {text("ci")}}, "ctest --preset ci")};
  Acceptance small;
  small.kind = Acceptance::Kind::kDiffLines;
  small.max_lines = 400;
  small.text = "diff < 400 lines";
  plan.accept.push_back(small);

  plan.agents = {agent("backend", 3, Returns::kDone), agent("review", 1, Returns::kVerdict),
                 agent("security", 2, Returns::kVerdict), agent("fix_a", 1, Returns::kDone),
                 agent("fix_b", 1, Returns::kDone)};
  plan.agents[0].writes = Writes{{text("task/"), hole("task")}, {}};
  plan.agents[0].identity = {"core"};
  plan.agents[0].grants = {"llm"};
  plan.agents[0].checkpoint = Millis{900'000};
  plan.agents[0].handoff = {true, 70};
  for (const std::size_t fixer : {3u, 4u}) {
    plan.agents[fixer].writes =
        Writes{{text("fix/"), hole("task"), text("/"), hole("round"), text("/"), hole("item")}, {}};
  }

  Node build = node("build", NodeKind::kTask, {}, 35);
  build.agents = {AgentIndex{0}};
  build.args = {{text("parse \"dates\" & <times> #1; `x` {}")}};
  build.retries = 1;
  build.timeout = Millis{45 * 60'000};
  build.est = Millis{30 * 60'000};
  build.doc = "Writes the feature.";
  plan.nodes.push_back(build);
  Node lint = node("lint", NodeKind::kRun, {{NodeIndex{0}, EdgeKind::kDone}}, 36);
  lint.command = Command{{{text("make")}, {text("lint")}}, "make lint"};
  lint.sandboxed = false;
  lint.otherwise = Otherwise::kSkip;
  plan.nodes.push_back(lint);
  plan.nodes.push_back(review("verdict.review", 1, {NodeIndex{0}, EdgeKind::kAccepted}, 0));
  plan.nodes.push_back(review("verdict.security", 2, {NodeIndex{0}, EdgeKind::kAccepted}, 0));
  plan.nodes.push_back(node("verdict", NodeKind::kAll,
                            {{NodeIndex{2}, EdgeKind::kDone}, {NodeIndex{3}, EdgeKind::kDone}},
                            37));
  add_round(plan, "1", {NodeIndex{4}, EdgeKind::kChangesRequested});  // 5, 6, 7
  add_round(plan, "2", {NodeIndex{7}, EdgeKind::kChangesRequested});  // 8, 9, 10
  plan.nodes.push_back(node("polish", NodeKind::kLoop,
                            {{NodeIndex{4}, EdgeKind::kApproved},
                             {NodeIndex{7}, EdgeKind::kApproved},
                             {NodeIndex{10}, EdgeKind::kApproved}},
                            38));
  Node signoff = node("signoff", NodeKind::kHuman, {{NodeIndex{11}, EdgeKind::kApproved}}, 43);
  signoff.timeout = Millis{24 * 3'600'000};
  signoff.human = "ann \"<&>\"";
  plan.nodes.push_back(signoff);
  Node merge = node("merge", NodeKind::kMerge,
                    {{NodeIndex{12}, EdgeKind::kApproved}, {NodeIndex{1}, EdgeKind::kDone}}, 44);
  merge.merge = Merge{{NodeIndex{0}}, {}, std::nullopt, true, plan.accept};
  merge.otherwise = Otherwise::kFail;
  plan.nodes.push_back(merge);

  plan.critical_path = {NodeIndex{0},  NodeIndex{3},  NodeIndex{4},  NodeIndex{5},
                        NodeIndex{6},  NodeIndex{7},  NodeIndex{8},  NodeIndex{9},
                        NodeIndex{10}, NodeIndex{11}, NodeIndex{12}, NodeIndex{13}};
  const auto dollars = [](std::int64_t amount) {
    return Money{amount * 1'000'000};
  };
  plan.worst.terms = {{NodeIndex{0}, 2, 1, dollars(3)}, {NodeIndex{2}, 1, 1, dollars(1)},
                      {NodeIndex{3}, 1, 1, dollars(2)}, {NodeIndex{5}, 1, 6, dollars(1)},
                      {NodeIndex{7}, 1, 1, dollars(1)}, {NodeIndex{8}, 1, 6, dollars(1)},
                      {NodeIndex{10}, 1, 1, dollars(1)}};
  plan.worst.sessions = 18;
  plan.worst.money = dollars(23);
  plan.day = DayCase{{{"ship", 1, dollars(23)}, {"lead (always on)", 1, dollars(6)}}, dollars(29)};
  seal(plan);
  return plan;
}

}  // namespace fleet::plan
