// A CrewAI crew: `agents.yaml` (role, goal, backstory) and `tasks.yaml` (description, agent,
// context). Tasks run in the order of the file, those with `async_execution` beside one another.
#include <algorithm>
#include <cctype>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "dsl/import/formats.h"

namespace fleet::import {
namespace {

std::string brief_of(const Value& agent) {
  std::string brief;
  const auto add = [&](const char* title, const char* key) {
    if (const std::string text = trimmed(agent[key].text); !text.empty())
      brief += fmt::format("{}{}{}", brief.empty() ? "" : "\n", title, text);
  };
  add("You are: ", "role");
  add("Goal: ", "goal");
  add("", "backstory");
  return brief;
}

// `{topic}` and the like, which the crew is given when it is started.
void find_inputs(std::string_view text, std::vector<std::string>& found) {
  for (std::size_t at = text.find('{'); at != std::string_view::npos; at = text.find('{', at + 1)) {
    const std::size_t end = text.find('}', at);
    if (end == std::string_view::npos)
      return;
    const std::string name(text.substr(at + 1, end - at - 1));
    const bool fits =
        !name.empty() && std::isalpha(static_cast<unsigned char>(name[0])) != 0 &&
        std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
    if (fits && std::ranges::find(found, name) == found.end())
      found.push_back(name);
  }
}

std::string replaced(std::string text, const std::map<std::string, std::string>& names) {
  // In one pass: what one is renamed to may be another's name.
  for (std::size_t at = text.find('{'); at != std::string::npos; at = text.find('{', at + 1)) {
    const std::size_t end = text.find('}', at);
    if (end == std::string::npos)
      break;
    const auto name = names.find(text.substr(at + 1, end - at - 1));
    if (name != names.end())
      text.replace(at + 1, end - at - 1, name->second);
  }
  return text;
}

class Crew {
 public:
  Crew(const Value& agents, const Value& tasks) : agents_(agents), tasks_(tasks) {}

  Drafted run() {
    Draft& draft = out_.draft;
    draft.name = "crew";
    names_.take(draft.name);
    names_.take("task");
    for (const auto& [name, agent] : agents_.map)
      add_agent(name, agent);
    DraftFlow flow;
    flow.name = "main";
    for (const auto& [name, task] : tasks_.map) {
      find_inputs(task["description"].text, inputs_);
      find_inputs(task["expected_output"].text, inputs_);
    }
    for (const std::string& input : inputs_)
      flow.parameters.push_back(holes_[input] = names_.make(input, "input"));
    if (tasks_.map.empty())
      add_agents_alone(flow);
    for (const auto& [name, task] : tasks_.map)
      add_task(flow, name, task);
    if (out_.problem.empty() && flow.steps.empty())
      out_.problem = "no task of it can be carried over";
    draft.flows.push_back(std::move(flow));
    draft.notes.push_back(
        "what one task answered was the next one's context; here each begins at the work of those "
        "before it.");
    tell_unsafe(draft);
    return std::move(out_);
  }

 private:
  void add_agent(const std::string& name, const Value& agent) {
    DraftRole role;
    role.name = names_.make(name, "agent");
    role.doc = agent["role"].text;
    role.brief = brief_of(agent);
    const Chosen chosen = choose_runtime("", agent["llm"].text);
    role.adapter = chosen.adapter;
    role.model = chosen.model;
    if (!chosen.note.empty())
      role.notes.push_back(chosen.note);
    if (sounds_like_review(name) || sounds_like_review(role.doc))
      role.duty = Duty::kReviews;
    if (const std::string seconds = agent["max_execution_time"].text; !seconds.empty())
      role.timeout = duration_of(seconds);
    if (agent["allow_delegation"].is_true())
      out_.draft.unsafe.push_back(fmt::format(
          "`{}` could hand its work on to anyone; here it cannot: who works at what is in the flow",
          role.name));
    if (!agent["tools"].texts().empty())
      role.notes.push_back("`tools` is not carried over: a session has its CLI's own.");
    std::string rest = leftover(agent, {"role", "goal", "backstory", "llm", "max_execution_time",
                                        "allow_delegation", "tools", "verbose"});
    if (!rest.empty())
      role.notes.push_back(std::move(rest));
    std::vector<std::string> inputs;
    find_inputs(role.brief, inputs);
    for (const std::string& input : inputs)
      role.notes.push_back(fmt::format(
          "`{{{}}}` in `brief` stands as written: only a task's text has parameters.", input));
    roles_[name] = out_.draft.roles.size();
    out_.draft.roles.push_back(std::move(role));
  }

  void add_agents_alone(DraftFlow& flow) {
    const std::string work = "task";
    flow.parameters.push_back(work);
    out_.draft.notes.push_back(
        "there is no tasks.yaml: every agent is given the same work, one after the other.");
    for (const auto& [name, role] : roles_) {
      DraftStep step;
      step.name = names_.make(out_.draft.roles[role].name + "_work", "step");
      step.roles = {role};
      step.text = "{" + work + "}";
      if (!flow.steps.empty())
        step.needs = {flow.steps.back().name};
      flow.steps.push_back(std::move(step));
    }
  }

  void add_task(DraftFlow& flow, const std::string& name, const Value& task) {
    if (!out_.problem.empty())
      return;
    const std::string agent = task["agent"].text;
    const auto role = roles_.find(agent);
    if (role == roles_.end()) {
      out_.problem =
          agent.empty()
              ? fmt::format("task `{}` has no `agent`: write one into tasks.yaml", name)
              : fmt::format("task `{}` is for agent `{}`, which agents.yaml does not have", name,
                            agent);
      return;
    }
    DraftStep step;
    step.name = names_.make(name, "step");
    step.roles = {role->second};
    step.text = replaced(trimmed(task["description"].text), holes_);
    if (const std::string wanted = trimmed(task["expected_output"].text); !wanted.empty())
      step.text += "\n\nWhat is expected: " + replaced(wanted, holes_);
    need(flow, step, task);
    if (const std::string file = task["output_file"].text; !file.empty())
      step.text += "\n\nWrite it to " + replaced(file, holes_) + ".";
    std::string rest = leftover(task, {"description", "expected_output", "agent", "context",
                                       "async_execution", "human_input", "output_file", "name"});
    if (!rest.empty())
      step.notes.push_back(std::move(rest));
    steps_[name] = step.name;
    const std::string made = step.name;
    flow.steps.push_back(std::move(step));
    if (task["human_input"].is_true()) {
      DraftStep gate;
      gate.name = names_.make(name + "_decision", "decision");
      gate.needs = {made};
      gate.notes.push_back(
          "`human_input` asked on the terminal and took any words; this waits, also over a "
          "restart.");
      steps_[name] = gate.name;
      flow.steps.push_back(std::move(gate));
    }
    if (task["async_execution"].is_true()) {
      beside_.push_back(steps_[name]);
    } else {
      last_ = {steps_[name]};
      beside_.clear();
    }
  }

  void need(const DraftFlow&, DraftStep& step, const Value& task) {
    for (const std::string& context : task["context"].texts()) {
      const auto known = steps_.find(context);
      if (known == steps_.end())
        step.notes.push_back(
            fmt::format("its context `{}` is no task before it, and is left out.", context));
      else
        step.needs.push_back(known->second);
    }
    if (step.needs.empty()) {
      step.needs = last_;
      if (!task["async_execution"].is_true())
        step.needs.insert(step.needs.end(), beside_.begin(), beside_.end());
    }
    // Of a review: whoever made the work puts it right.
    step.mends = out_.draft.roles[step.roles.front()].duty == Duty::kReviews;
  }

  const Value& agents_;
  const Value& tasks_;
  Drafted out_;
  Names names_;
  std::map<std::string, std::size_t> roles_;  // by the name in the file
  std::map<std::string, std::string> steps_;  // likewise; to the step that ends the task
  std::vector<std::string> inputs_;
  std::map<std::string, std::string> holes_;  // from the crew's name for it
  std::vector<std::string> last_, beside_;    // steps that the next one waits for
};

}  // namespace

Drafted from_crew(const Value& agents, const Value& tasks) {
  return Crew(agents, tasks).run();
}

}  // namespace fleet::import
