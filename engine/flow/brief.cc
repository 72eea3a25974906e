#include "engine/flow/brief.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dsl/plan/describe.h"
#include "dsl/plan/grants.h"
#include "dsl/plan/render.h"
#include "engine/report/words.h"

namespace fleet::flow {
namespace {

// At a character's end, with a note.
std::string cut(const std::string& text) {
  if (text.size() <= kMaxPart)
    return text;
  std::size_t end = kMaxPart;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
    --end;
  return fmt::format("{}\n[cut: {} of {} bytes shown]", text.substr(0, end), end, text.size());
}

void section(std::string& out, const std::string& title, const std::string& body) {
  if (body.empty())
    return;
  out += fmt::format("\n## {}\n\n{}", title, body);
  if (out.back() != '\n')
    out += '\n';
}

std::string list(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines)
    out += "- " + line + "\n";
  return out;
}

// What others wrote, set off from what we say.
std::string quoted(const std::string& from, const std::string& text) {
  return text.empty() ? std::string()
                      : fmt::format("{}, {} bytes:\n\n{}", from, text.size(), cut(text));
}

std::string messages_of(const Brief& brief) {
  std::string out;
  if (!brief.messages.empty())
    out = "What stands behind `>` is what others wrote.\n\n" + messages_text(brief.messages);
  if (!brief.mail_note.empty())
    out += (out.empty() ? "" : "\n") + brief.mail_note + "\n";
  return out;
}

// The heading is one line, and the task may be pages.
std::string headline(const TaskFacts& task) {
  const std::string& text = task.item.empty() ? task.text : task.item;
  return report::shortened(report::printable(text.substr(0, text.find('\n'))), 100);
}

const char* how_to_end(plan::Returns returns) {
  switch (returns) {
    case plan::Returns::kDone:
      return "`fleetc agent done` says that it is done, `fail` that it can't be done, `escalate` "
             "asks for a human. Then end the session: what it leaves in the worktree is committed "
             "by the engine.\n";
    case plan::Returns::kVerdict:
      return "File each thing that has to change with `fleetc agent finding`, then give `fleetc "
             "agent verdict approved` or `changes_requested`. Then end the session. A review "
             "without a verdict counts for nothing.\n";
    case plan::Returns::kReport:
      return "File what you found with `fleetc agent finding`, then `fleetc agent done`. Then end "
             "the session.\n";
  }
  return "";
}

const char* what_it_reads(plan::Reads reads) {
  return reads == plan::Reads::kDiff
             ? "The change is in the folder that the variable `FLEET_REVIEW` names: `diff.patch`; "
               "`files.txt`; `criteria.md`, what was asked for and all that judges it; `commit`. "
               "The working directory has the files as they are without the change.\n"
             : "";
}

}  // namespace

std::string brief_text(const Brief& brief) {
  const TaskFacts& task = brief.task;
  std::string out =
      fmt::format("# {}: {}\n\nYou are `{}`, attempt {} at this task of run {}.\n", brief.step,
                  headline(task), task.agent, task.attempt.epoch, brief.run);
  section(out, "Who you are: documents to read first", list(brief.identity));
  section(out, "The task", cut(task.text.empty() ? task.item : task.text));
  section(out, "What to read", what_it_reads(brief.reads));
  section(out, "How to go about it", cut(brief.instructions));
  section(out, "How it is judged", list(brief.criteria));
  section(out, "Bounds", list(brief.bounds));
  section(out, "How the attempt before this one ended", cut(task.last));
  section(out, "Notes of the session before you",
          quoted("Left by " + brief.handoff_from, brief.handoff));
  section(out, "The last state that was saved",
          quoted("Saved by " + brief.checkpoint_from, brief.checkpoint));
  section(out, "Messages to you", messages_of(brief));
  section(out, "What changed since you last ran here", cut(brief.sync));
  section(out, "How to end", how_to_end(brief.returns));
  return out;
}

std::string brief_json(const Brief& brief, bool gated) {
  using Json = nlohmann::ordered_json;
  const TaskFacts& task = brief.task;
  Json out = {{"run", brief.run},
              {"step", brief.step},
              {"agent", task.agent},
              {"attempt", task.attempt.epoch},
              {"identity", brief.identity}};
  if (!gated) {
    out["task"] = task.text;
    out["item"] = task.item;
    out["brief"] = brief.instructions;
    out["accept"] = brief.criteria;
    out["bounds"] = brief.bounds;
  }
  if (!gated && !task.last.empty())
    out["last_attempt"] = cut(task.last);
  if (!gated && !brief.handoff.empty())
    out["handoff"] = cut(brief.handoff);
  if (!gated && !brief.checkpoint.empty())
    out["checkpoint"] = cut(brief.checkpoint);
  if (const std::string messages = messages_of(brief); !gated && !messages.empty())
    out["messages"] = messages;
  if (!gated && !brief.sync.empty())
    out["sync"] = cut(brief.sync);
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Brief brief_of(const plan::Plan& plan, const std::string& run, const plan::Agent& agent,
               const TaskFacts& task) {
  Brief brief;
  brief.run = run;
  brief.step = plan.nodes[task.node.value].name;
  brief.task = task;
  brief.instructions = agent.brief;
  brief.returns = agent.returns;
  brief.reads = agent.reads;
  for (const std::string& name : agent.identity)
    for (const plan::Identity& identity : plan.identities)
      if (identity.name == name)
        brief.identity.push_back(fmt::format("{} v{} ({}), sha256 {}", name, identity.version,
                                             identity.file, identity.sha256));
  for (const auto* accept : {&plan.accept, &agent.accept})
    for (const plan::Acceptance& one : *accept)
      if (const std::string text = plan::text_of(one);
          std::ranges::find(brief.criteria, text) == brief.criteria.end())
        brief.criteria.push_back(text);
  if (!plan.criteria.empty())
    brief.criteria.push_back(plan.criteria);
  const plan::Node& node = plan.nodes[task.node.value];
  if (agent.writes && !agent.writes->in.empty())
    brief.bounds.push_back(
        fmt::format("a change outside {} fails the attempt", fmt::join(agent.writes->in, ", ")));
  if (!agent.writes)
    brief.bounds.emplace_back("nothing that you change is kept");
  std::optional<plan::Millis> limit = node.timeout;
  if (agent.timeout && (!limit || *agent.timeout < *limit))
    limit = agent.timeout;
  if (limit)
    brief.bounds.push_back(fmt::format("the session ends after {}", plan::to_string(*limit)));
  if (const auto left = left_for(agent, task))
    brief.bounds.push_back(fmt::format("it may spend {}", plan::to_string(*left)));
  const auto models = plan::model_credentials(plan, agent);
  for (const plan::Credential* kept : plan::kept_for(plan, agent))
    if (std::ranges::find(models, kept) == models.end())
      brief.bounds.push_back(
          fmt::format("the credential {} stays with the engine: this session cannot act by it",
                      plan::text_of(*kept)));
  if (agent.checkpoint)
    brief.bounds.push_back(
        fmt::format("save your state with `fleetc agent checkpoint` every {}; the next attempt is "
                    "given the last one",
                    plan::to_string(*agent.checkpoint)));
  if (agent.handoff.shutdown)
    brief.bounds.emplace_back(
        "when you are told to stop (SIGTERM), leave `fleetc agent handoff` within its few seconds");
  if (agent.handoff.context_percent)
    brief.bounds.push_back(fmt::format(
        "leave `fleetc agent handoff` and end once more than {}% of your context is used",
        *agent.handoff.context_percent));
  return brief;
}

}  // namespace fleet::flow
