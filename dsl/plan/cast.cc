#include "dsl/plan/cast.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "dsl/plan/describe.h"
#include "dsl/plan/render.h"
#include "dsl/plan/text.h"
#include "dsl/plan/words.h"

namespace fleet::plan {
namespace {

std::string runtime_text(const Agent& agent) {
  const Runtime& runtime = agent.runtime;
  std::string text{word_of(runtime.adapter)};
  if (!runtime.name.empty()) {
    text = printable(runtime.name) + " (" + text + ")";
  }
  if (!runtime.model.empty()) {
    text += " " + printable(runtime.model);
  }
  if (!runtime.command.text.empty()) {
    text += ": " + printable(runtime.command.text);
  }
  text += runtime.sandbox.on ? "" : ", no sandbox";
  return text + (runtime.sandbox.network ? "" : ", no network");
}

std::string dispatch_text(const Agent& agent) {
  switch (agent.dispatch) {
    case Dispatch::kEphemeral: return "";
    case Dispatch::kAlways: return "; always on";
    case Dispatch::kOn: return agent.on ? "; on " + text_of(*agent.on) : "; on an event";
    case Dispatch::kEvery:
      return (agent.every ? "; every " + to_string(*agent.every) : "; by the clock") +
             (agent.overlap == Overlap::kQueue ? ", queued" : "");
  }
  return "";
}

// What is said of an agent's sessions beyond what holds anyway.
std::string life_text(const Agent& agent) {
  std::string text;
  const auto list = [&text](const char* label, const std::vector<std::string>& names) {
    text += names.empty() ? "" : fmt::format("; {} {}", label, list_text(names));
  };
  list("reads", agent.identity);
  list("granted", agent.grants);
  if (agent.session == SessionMode::kFresh) {
    text += "; a fresh session for each task";
  }
  if (agent.session_max) {
    text += fmt::format("; sessions up to {}", to_string(*agent.session_max));
  }
  if (agent.checkpoint) {
    text += fmt::format("; checkpoint every {}", to_string(*agent.checkpoint));
  }
  if (agent.handoff.shutdown) {
    text += "; handoff at shutdown";
  }
  if (agent.handoff.context_percent) {
    text += fmt::format("; handoff beyond {}% of its context", *agent.handoff.context_percent);
  }
  if (agent.restart.escalate) {
    text += fmt::format("; escalates beyond {} crashes an hour", agent.restart.max_per_hour);
  }
  return text;
}

// A section of lines "  name  text" with the names in one column.
using Line = std::pair<std::string, std::string>;
void section(std::string& out, const char* title, const std::vector<Line>& lines) {
  if (lines.empty()) {
    return;
  }
  out += fmt::format("\n{} ({})\n", title, lines.size());
  std::size_t width = 0;
  for (const Line& line : lines) {
    width = std::max(width, columns(line.first));
  }
  for (const Line& line : lines) {
    out += fmt::format("  {}  {}\n", padded(line.first, width), line.second);
  }
}

void people(std::string& out, const Plan& plan) {
  std::vector<Line> lines;
  for (const Human& human : plan.humans) {
    std::string text = human.answers ? "answers within " + to_string(*human.answers) : "";
    const bool last = plan.escalation && plan.escalation->path.back() == human.name;
    if (last) {
      text += (text.empty() ? "" : "; ") + std::string("what is stuck comes here: ") +
              text_of(*plan.escalation);
    }
    lines.emplace_back(printable(human.name), text.empty() ? "decides" : text);
  }
  section(out, "humans", lines);
}

void secrets(std::string& out, const Plan& plan) {
  std::vector<Line> lines;
  for (const Credential& one : plan.credentials) {
    std::string text(word_of(one.from));
    text += one.source.empty() ? "" : " " + printable(one.source);
    text += "; owner " + printable(one.owner);
    if (one.expires) {
      text += "; expires " + date_text(*one.expires);
    }
    text += one.scopes.empty() ? "" : "; scopes " + list_text(one.scopes);
    text += one.probe ? "; probe `" + printable(one.probe->text) + "`" : "";
    lines.emplace_back(printable(one.name), text);
  }
  section(out, "credentials", lines);
}

void documents(std::string& out, const Plan& plan) {
  std::vector<Line> lines;
  for (const Identity& one : plan.identities) {
    std::string text = printable(one.file);
    text += one.after.empty() ? "" : "; after " + list_text(one.after);
    text += one.sha256.empty() ? "; not there" : "; " + short_hash(one.sha256);
    lines.emplace_back(fmt::format("{} v{}", printable(one.name), one.version), text);
  }
  section(out, "identity documents", lines);
}

void agents(std::string& out, const Plan& plan) {
  out += fmt::format("\nagents ({})\n", plan.agents.size());
  std::size_t width = 0;
  for (const Agent& agent : plan.agents) {
    width = std::max(width, columns(printable(agent.name)));
  }
  for (const Agent& agent : plan.agents) {
    std::string text = runtime_text(agent);
    text += agent.clones ? "; cloned as wide as needed" : "; one session";
    text += dispatch_text(agent);
    if (agent.day_budget) {
      text += fmt::format("; {} a day", to_string(*agent.day_budget));
    }
    if (agent.budget) {
      text += fmt::format("; {} a task", to_string(*agent.budget));
    }
    if (agent.reads != Reads::kRepo) {
      text += fmt::format("; reads {}", word_of(agent.reads));
    }
    if (agent.returns != Returns::kDone) {
      text += fmt::format("; returns a {}", word_of(agent.returns));
    }
    if (agent.timeout) {
      text += fmt::format("; timeout {}", to_string(*agent.timeout));
    }
    text += life_text(agent);
    out += fmt::format("  {}  {}\n", padded(printable(agent.name), width), text);
  }
}

}  // namespace

void append_cast(std::string& out, const Plan& plan) {
  agents(out, plan);
  people(out, plan);
  secrets(out, plan);
  documents(out, plan);
}

}  // namespace fleet::plan
