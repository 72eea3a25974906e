// Agent files of Claude Code: Markdown with a front matter in YAML, the body of which is the
// prompt. Which of them is called its main session decides, so there is no flow to carry over.
#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

#include "dsl/import/formats.h"

namespace fleet::import {
namespace {

struct AgentFile {
  Value front;
  std::string body;
  std::string problem;
  bool loose = false;  // the front matter is no YAML, and was read line by line
};

// `key: rest of the line`, which is what its own reader makes of descriptions that are no YAML.
Value read_lines(std::string_view text) {
  Value map;
  map.kind = Value::Kind::kMap;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t colon = line.find(':');
    const bool is_key = colon != std::string_view::npos && colon > 0 &&
                        std::ranges::all_of(line.substr(0, colon), [](unsigned char c) {
                          return std::isalnum(c) != 0 || c == '_' || c == '-';
                        });
    if (is_key && !map.has(line.substr(0, colon))) {
      Value value;
      value.kind = Value::Kind::kText;
      value.text = trimmed(line.substr(colon + 1));
      map.map.emplace_back(std::string(line.substr(0, colon)), std::move(value));
    } else if (!map.map.empty()) {
      map.map.back().second.text.append("\n").append(line);
    }
  }
  return map;
}

AgentFile read_agent(std::string text) {
  AgentFile file;
  std::erase(text, '\r');
  if (!text.starts_with("---\n")) {
    file.problem =
        "has no front matter: an agent file of Claude Code begins with `---`, `name: …`, "
        "`description: …` and `---`";
    return file;
  }
  const std::size_t end = text.find("\n---", 3);
  const std::size_t after = end == std::string::npos ? end : text.find('\n', end + 1);
  if (end == std::string::npos) {
    file.problem = "has a front matter without the `---` that ends it";
    return file;
  }
  const std::string front = text.substr(4, end < 4 ? 0 : end - 4);
  file.body = after == std::string::npos ? std::string() : text.substr(after + 1);
  Parsed parsed = read_yaml(front);
  file.loose = !parsed.problem.empty();
  file.front = file.loose ? read_lines(front) : std::move(parsed.value);
  if (!file.front.is_map() || trimmed(file.front["name"].text).empty())
    file.problem = parsed.problem.empty() ? "has no `name` in its front matter"
                                          : "has a front matter that is no YAML: " + parsed.problem;
  return file;
}

// "Read, Grep, Bash(git *)" or a list.
std::vector<std::string> tools_of(const Value& tools) {
  if (tools.is_list())
    return tools.texts();
  std::vector<std::string> all;
  std::string_view rest = tools.text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    if (std::string one = trimmed(rest.substr(0, end)); !one.empty())
      all.push_back(std::move(one));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return all;
}

bool has_tool(const std::vector<std::string>& tools,
              std::initializer_list<std::string_view> names) {
  return std::ranges::any_of(tools, [&](const std::string& tool) {
    return std::ranges::any_of(names,
                               [&](std::string_view name) { return tool.starts_with(name); });
  });
}

DraftRole role_of(const AgentFile& file, Draft& draft, Names& names) {
  const Value& front = file.front;
  DraftRole role;
  role.name = names.make(front["name"].text, "worker");
  role.doc = front["description"].text;
  role.brief = file.body;
  const std::string model = front["model"].text;
  if (model != "inherit") {
    const Chosen chosen = choose_runtime("claude", model);
    role.model = chosen.model;
  }
  const std::vector<std::string> tools = tools_of(front["tools"]);
  const bool edits =
      tools.empty() || has_tool(tools, {"Write", "Edit", "MultiEdit", "NotebookEdit", "*"});
  const bool judges = sounds_like_review(front["name"].text) ||
                      (!edits && sounds_like_review(first_line(role.doc)));
  if (judges && (tools.empty() || !edits))
    role.duty = Duty::kReviews;
  else if (!edits && !has_tool(tools, {"Bash"}))
    role.duty = Duty::kReads;
  if (judges && tools.empty())
    draft.unsafe.push_back(fmt::format(
        "`{}` judges, and had every tool, those that write among them; here it cannot write",
        role.name));
  if (!tools.empty())
    role.notes.push_back(
        fmt::format("`tools` is not carried over: what a session may do is bounded by its worktree "
                    "and its sandbox{}.",
                    role.duty == Duty::kWrites ? "" : "; it has no worktree to write"));
  if (file.loose)
    role.notes.push_back("its front matter is no YAML; it was read line by line.");
  if (std::string rest = leftover(front, {"name", "description", "tools", "model"}); !rest.empty())
    role.notes.push_back(std::move(rest));
  return role;
}

DraftFlow flow_of(const Draft& draft, std::size_t role, Names names, const std::string& name) {
  DraftFlow flow{name, {"task"}, {}};
  DraftStep first;
  const Duty duty = draft.roles[role].duty;
  first.name = names.make(duty == Duty::kWrites ? "build" : "answer", "build");
  first.roles = {role};
  first.text = "{task}";
  flow.steps.push_back(first);
  if (duty != Duty::kWrites)
    return flow;
  DraftStep verdict;
  verdict.name = names.make("verdict", "verdict");
  for (std::size_t i = 0; i < draft.roles.size(); ++i)
    if (draft.roles[i].duty == Duty::kReviews)
      verdict.roles.push_back(i);
  verdict.needs = {first.name};
  verdict.mends = true;
  if (!verdict.roles.empty())
    flow.steps.push_back(std::move(verdict));
  return flow;
}

}  // namespace

Drafted from_claude_agents(const std::vector<Input>& files) {
  Drafted out;
  Draft& draft = out.draft;
  draft.name = "agents";
  draft.doc = "The agents of Claude Code, each with a flow of its own.";
  Names names;
  names.take(draft.name);
  names.take("task");
  for (const Input& input : files) {
    const AgentFile file = read_agent(input.text);
    if (!file.problem.empty()) {
      out.problem = input.path + " " + file.problem;
      return out;
    }
    draft.roles.push_back(role_of(file, draft, names));
  }
  const auto is = [&draft](std::size_t role, Duty duty) {
    return draft.roles[role].duty == duty;
  };
  bool writes = false;
  for (std::size_t i = 0; i < draft.roles.size(); ++i)
    writes = writes || is(i, Duty::kWrites);
  std::vector<std::size_t> first;
  for (std::size_t i = 0; i < draft.roles.size(); ++i)
    if (!is(i, Duty::kReviews) || !writes)
      first.push_back(i);
  std::vector<std::string> flows;
  for (const std::size_t role : first)
    flows.push_back(first.size() == 1 ? std::string("main")
                                      : names.make("do_" + draft.roles[role].name, "flow"));
  for (std::size_t i = 0; i < first.size(); ++i)
    draft.flows.push_back(flow_of(draft, first[i], names, flows[i]));
  draft.notes.push_back(
      "whom to call the main session decided by the descriptions; here each agent that makes "
      "something has a flow, and all that review judge it.");
  tell_unsafe(draft);
  return out;
}

}  // namespace fleet::import
