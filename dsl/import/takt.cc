// A takt workflow: steps whose rules say which is next, by what an agent says of its own work. The
// way that the first rules lead is the flow; a rule that leads back from a review is a loop.
#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "dsl/import/formats.h"

namespace fleet::import {
namespace {

constexpr std::string_view kComplete = "COMPLETE";
constexpr std::string_view kAbort = "ABORT";

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash + 1);
}

class Takt {
 public:
  Takt(const Input& file, const Value& root, FileReader& files)
      : file_(file),
        root_(root),
        files_(files),
        steps_(root.has("movements") ? root["movements"] : root["steps"]) {}

  Drafted run() {
    Draft& draft = out_.draft;
    draft.name = names_.make(root_["name"].text, "takt");
    draft.doc = root_["description"].text;
    names_.take("task");
    flow_.name = "main";
    flow_.parameters = {"task"};
    for (const Value& step : steps_.list) {
      const std::string name = step["name"].text;
      if (name.empty() || by_name_.contains(name)) {
        out_.problem =
            name.empty() ? "a step has no `name`" : "two steps have the name `" + name + "`";
        return std::move(out_);
      }
      by_name_[name] = &step;
    }
    if (steps_.list.empty()) {
      out_.problem = "has no steps";
      return std::move(out_);
    }
    walk();
    for (const std::string& name : path_)
      add(name, *by_name_.at(name));
    tell_rest();
    if (flow_.steps.empty())
      out_.problem =
          "no step of it can be carried over: each calls another workflow, or the system";
    draft.flows.push_back(std::move(flow_));
    tell_unsafe(draft);
    return std::move(out_);
  }

 private:
  // From the first step on: of the rules the first that leads to a step not seen yet, or to the
  // end.
  void walk() {
    for (const char* key : {"initial_step", "initial_movement"})
      if (const std::string first = root_[key].text; !first.empty())
        initial_ = first;
    std::string at = initial_.empty() ? steps_.list.front()["name"].text : initial_;
    if (!by_name_.contains(at)) {
      out_.draft.notes.push_back(fmt::format(
          "it begins with `{}`, which it does not have: the first step begins here.", at));
      at = steps_.list.front()["name"].text;
    }
    while (!at.empty()) {
      path_.push_back(at);
      std::string next;
      for (const Value& rule : (*by_name_.at(at))["rules"].list) {
        const std::string to = rule["next"].text;
        if (to == kComplete)
          break;
        if (by_name_.contains(to) && std::ranges::find(path_, to) == path_.end()) {
          next = to;
          break;
        }
      }
      at = next;
    }
  }

  static bool is_foreign(const Value& step) {
    return step.has("workflow_call") || step.has("call") || step["mode"].text == "system" ||
           step["kind"].text == "system";
  }

  void add(const std::string& name, const Value& step) {
    if (is_foreign(step)) {
      pending_.push_back(
          fmt::format("step `{}` is left out: it calls another workflow, or takt itself.", name));
      return;
    }
    if (step["requires_user_input"].is_true())
      return add_gate(name, step);
    const Value& parallel = step["parallel"];
    const bool reviews = judges(step);
    DraftStep made;
    made.needs = before_;
    made.notes = std::exchange(pending_, {});
    tell_rules(made, name, step);
    if (!parallel.is_list()) {
      made.name = names_.make(name, "step");
      made.roles = {role_of(name, step, reviews)};
      made.text = text_of(step, made);
      finish(made, step, reviews);
      return;
    }
    if (reviews) {
      made.name = names_.make(name, "verdict");
      made.text = "{task}";
      for (const Value& one : parallel.list) {
        made.roles.push_back(role_of(key_of(name, parallel, one), one, true));
        DraftRole& role = out_.draft.roles[made.roles.back()];
        if (const std::string text = instruction_of(one, role.notes); !text.empty())
          role.brief += (role.brief.empty() ? "" : "\n\n") + text;
      }
      finish(made, step, true);
      return;
    }
    std::vector<std::string> all;
    for (const Value& one : parallel.list) {
      DraftStep beside = made;
      beside.name = names_.make(one["name"].text, "step");
      beside.roles = {role_of(key_of(name, parallel, one), one, false)};
      beside.text = text_of(one, beside);
      if (writes(one))
        writer_ = beside.roles.front();
      all.push_back(beside.name);
      flow_.steps.push_back(std::move(beside));
      made.notes.clear();
    }
    if (!all.empty())
      before_ = std::move(all);
  }

  void finish(DraftStep& made, const Value& step, bool reviews) {
    if (reviews)
      made.mender = mender_of(step, made.mends);
    else if (writes(step))
      writer_ = made.roles.front();
    before_ = {made.name};
    flow_.steps.push_back(std::move(made));
  }

  void add_gate(const std::string& name, const Value& step) {
    DraftStep gate;
    gate.name = names_.make(name, "decision");
    gate.needs = before_;
    gate.notes = std::exchange(pending_, {});
    gate.notes.push_back(fmt::format(
        "step `{}` let an agent ask the user, and ended the workflow where nobody sat there; here "
        "a human decides, also after a restart.",
        name));
    if (const std::string rest = leftover(step, {"name", "requires_user_input", "rules", "persona",
                                                 "instruction", "edit", "session"});
        !rest.empty())
      gate.notes.push_back(rest);
    before_ = {gate.name};
    flow_.steps.push_back(std::move(gate));
  }

  static bool writes(const Value& step) {
    const std::string mode = step["required_permission_mode"].text + step["permission_mode"].text;
    return step["edit"].is_true() || mode == "edit" || mode == "full" || step.has("team_leader") ||
           step.has("arpeggio");
  }

  // Somebody wrote before, it does not, and what it says decides where the way leads.
  bool judges(const Value& step) const {
    if (!writer_)
      return false;
    const Value& parallel = step["parallel"];
    if (parallel.is_list())
      return !parallel.list.empty() && std::ranges::none_of(parallel.list, writes);
    return !writes(step) &&
           (step["rules"].list.size() > 1 || sounds_like_review(step["name"].text));
  }

  // Where the other rules of a review lead back to, if that is somebody who writes.
  std::optional<std::size_t> mender_of(const Value& step, bool& mends) {
    for (const Value& rule : step["rules"].list) {
      const std::string to = rule["next"].text;
      const auto known = by_name_.find(to);
      if (known == by_name_.end() || is_foreign(*known->second))
        continue;
      const auto at = std::ranges::find(path_, to);
      const auto here = std::ranges::find(path_, step["name"].text);
      if (at != path_.end() && at > here)
        continue;  // the way forward
      mended_.insert(to);
      mends = true;
      if (!writes(*known->second))
        return std::nullopt;  // whoever wrote it
      const std::size_t role = role_of(to, *known->second, false);
      DraftRole& mender = out_.draft.roles[role];
      if (at == path_.end())
        if (const std::string text = instruction_of(*known->second, mender.notes); !text.empty())
          mender.brief += (mender.brief.empty() ? "" : "\n\n") + text;
      return role;
    }
    return std::nullopt;
  }

  void tell_rules(DraftStep& made, const std::string& name, const Value& step) {
    for (const Value& rule : step["rules"].list) {
      const std::string to = rule["next"].text;
      if (to == kAbort)
        made.notes.push_back(fmt::format(
            "the rule \"{}\" ended the workflow; here a step that fails asks the human.",
            rule["condition"].text));
    }
    if (step["rules"].list.size() > 1)
      conditions_.push_back(name);
  }

  std::size_t role_of(const std::string& step_name, const Value& step, bool reviews) {
    if (const auto known = roles_.find(step_name); known != roles_.end())
      return known->second;
    DraftRole role;
    const std::string persona = step.has("persona") ? step["persona"].text : step["agent"].text;
    // A path names a file: what counts is how the file is called.
    std::string called =
        persona.substr(persona.rfind('/') == std::string::npos ? 0 : persona.rfind('/') + 1);
    called = called.substr(0, called.find('.'));
    role.name = names_.make(called.empty() ? step["name"].text : called, "role");
    role.doc = fmt::format("At step {}.", step["name"].text);
    role.duty = reviews ? Duty::kReviews : writes(step) ? Duty::kWrites : Duty::kReads;
    const Value& provider = step["provider"];
    const Chosen chosen = choose_runtime(provider.is_map() ? provider["type"].text : provider.text,
                                         step["model"].text);
    role.adapter = chosen.adapter;
    role.model = chosen.model;
    if (!chosen.note.empty())
      role.notes.push_back(chosen.note);
    role.brief = facet("personas", persona, role.notes);
    for (const char* key : {"policy", "knowledge"})
      for (const std::string& name : step[key].texts())
        if (const std::string text =
                facet(std::string(key) == "policy" ? "policies" : "knowledge", name, role.notes);
            !text.empty())
          role.brief += (role.brief.empty() ? "" : "\n\n") + text;
    for (const Value& gate : step["quality_gates"].list) {
      if (gate.kind == Value::Kind::kText)
        role.brief +=
            (role.brief.empty() ? "Before you end: " : "\n\nBefore you end: ") + gate.text;
      else if (gate.has("command"))
        role.accept.push_back(gate["command"].text);
    }
    if (role.duty != Duty::kWrites && !role.accept.empty()) {
      role.notes.push_back(
          "its command gates are left out: it leaves nothing that a command could judge.");
      role.accept.clear();
    }
    if (step.has("team_leader") || step.has("arpeggio"))
      role.notes.push_back(
          "one session does it here; to split it, write `fanout x in … to …` over items that are "
          "known.");
    std::string rest = leftover(step, {"name",
                                       "persona",
                                       "agent",
                                       "edit",
                                       "instruction",
                                       "instruction_template",
                                       "rules",
                                       "parallel",
                                       "provider",
                                       "model",
                                       "policy",
                                       "knowledge",
                                       "quality_gates",
                                       "session",
                                       "persona_name",
                                       "agent_name",
                                       "required_permission_mode",
                                       "permission_mode",
                                       "team_leader",
                                       "arpeggio",
                                       "requires_user_input",
                                       "description"});
    if (!rest.empty())
      role.notes.push_back(std::move(rest));
    roles_[step_name] = out_.draft.roles.size();
    out_.draft.roles.push_back(std::move(role));
    return out_.draft.roles.size() - 1;
  }

  // Two beside one another may have one name, or none.
  static std::string key_of(const std::string& step, const Value& parallel, const Value& one) {
    return fmt::format("{}/{}/{}", step, &one - parallel.list.data(), one["name"].text);
  }

  // A text of its own, or the file that a section names, or that is named at the step.
  std::string facet(const std::string& section, const std::string& key,
                    std::vector<std::string>& notes) {
    if (key.empty())
      return {};
    std::string named = root_[section][key].text;
    if (named.empty())
      named = key;
    const bool is_path = named.find('\n') == std::string::npos &&
                         (named.ends_with(".md") || named.ends_with(".txt"));
    if (!is_path) {
      if (named != key || named.find_first_of(" \n") != std::string::npos)
        return trimmed(named);
      notes.push_back(fmt::format("`{}` of {} is one of takt's own texts, and not carried over.",
                                  key, section));
      return {};
    }
    // A definition of somebody else's must not carry any file of the user's into a fleet: its own
    // lie below the folder that its folder stands in (`.takt`).
    const std::filesystem::path path = std::filesystem::path(named).lexically_normal();
    const auto up = std::ranges::count(path, std::filesystem::path(".."));
    if (path.is_absolute() || up > 1) {
      notes.push_back(fmt::format(
          "`{}` is not read: it is not below the folder that the workflow's own stands in.",
          named));
      return {};
    }
    const FileText read = files_.read(folder_of(file_.path) + named);
    if (read.text)
      return trimmed(*read.text);
    notes.push_back(
        fmt::format("`{}` can't be read ({}): its text is missing here.", named, read.problem));
    return {};
  }

  std::string instruction_of(const Value& step, std::vector<std::string>& notes) {
    const std::string key =
        step.has("instruction") ? step["instruction"].text : step["instruction_template"].text;
    return facet("instructions", key, notes);
  }

  std::string text_of(const Value& step, DraftStep& made) {
    std::string text = instruction_of(step, made.notes);
    if (std::string note = without_value(
            text, {"previous_response", "user_inputs", "iteration", "step_iteration",
                   "movement_iteration", "max_steps", "max_movements", "report_dir", "report:"});
        !note.empty())
      made.notes.push_back(std::move(note));
    if (text.find("{task}") == std::string::npos)
      text = text.empty() ? "{task}" : "{task}\n\n" + text;
    return text;
  }

  void tell_rest() {
    Draft& draft = out_.draft;
    draft.notes.push_back(
        "what a step answered was in the prompt of the next; here the next finds its work, not its "
        "words: where they are needed, let the step write them to a file.");
    for (const auto& [name, step] : by_name_)
      if (std::ranges::find(path_, name) == path_.end() && !mended_.contains(name))
        draft.notes.push_back(fmt::format(
            "step `{}` is left out: only a rule other than the first leads there.", name));
    for (std::string& note : pending_)
      draft.notes.push_back(std::move(note));
    for (const char* key : {"max_steps", "max_movements", "max_iterations"})
      if (root_.has(key))
        draft.notes.push_back(fmt::format(
            "`{} = {}` counted the steps of the whole; here each loop has its own bound, `max 3`.",
            key, root_[key].text));
    if (!root_.has("max_steps") && !root_.has("max_movements") && !root_.has("max_iterations"))
      draft.unsafe.push_back("loops: the file itself bounds none; here each has `max 3`");
    if (!conditions_.empty())
      draft.unsafe.push_back(fmt::format(
          "routing: where the way led after `{}`{} an agent's own words decided; here a verdict, "
          "evidence or a human does",
          conditions_.front(), conditions_.size() > 1 ? " and others" : ""));
    if (std::string rest =
            leftover(root_, {"name", "description", "steps", "movements", "initial_step",
                             "initial_movement", "max_steps", "max_movements", "max_iterations",
                             "personas", "policies", "knowledge", "instructions", "agents"});
        !rest.empty())
      draft.notes.push_back(std::move(rest));
  }

  const Input& file_;
  const Value& root_;
  FileReader& files_;
  const Value& steps_;
  Drafted out_;
  Names names_;
  DraftFlow flow_;
  std::string initial_;
  std::map<std::string, const Value*> by_name_;
  std::vector<std::string> path_;             // names of steps, in the order of the flow
  std::map<std::string, std::size_t> roles_;  // by the name of the step
  std::set<std::string> mended_;              // steps that a review leads back to
  std::vector<std::string> before_;           // what the next step needs
  std::vector<std::string> pending_;          // notes for the next step
  std::vector<std::string> conditions_;       // steps with more than one way on
  std::optional<std::size_t> writer_;         // who wrote last
};

}  // namespace

Drafted from_takt(const Input& file, const Value& root, FileReader& files) {
  return Takt(file, root, files).run();
}

}  // namespace fleet::import
