// A Gas City formula: a DAG of steps, each of which an agent is told in prose.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "dsl/import/formats.h"

namespace fleet::import {
namespace {

constexpr std::size_t kMostSteps = 1000;

class Formula {
 public:
  explicit Formula(const Value& root) : root_(root) {}

  Drafted run() {
    Draft& draft = out_.draft;
    draft.name = names_.make(root_["formula"].text, "formula");
    draft.doc = root_["description"].text;
    flow_.name = "main";
    const Value& vars = root_.has("vars") ? root_["vars"] : root_["inputs"];
    for (const auto& [name, var] : vars.map)
      add_parameter(name, var);
    if (root_["steps"].list.empty())
      out_.problem = "has no `[[steps]]`: of formulas only workflows can be carried over";
    for (const Value& step : root_["steps"].list)
      collect(step, {});
    if (items_.size() > kMostSteps)
      fail(fmt::format("has more than {} steps", kMostSteps));
    if (!out_.problem.empty())
      return std::move(out_);
    sort();
    for (const Item* item : order_)
      add(*item);
    draft.flows.push_back(std::move(flow_));
    if (std::string rest = leftover(root_, {"formula", "description", "vars", "inputs", "steps",
                                            "version", "requires", "type", "contract"});
        !rest.empty())
      draft.notes.push_back(std::move(rest));
    draft.notes.push_back(
        "what the steps say of worktrees, branches, commits and merges is the engine's work here: "
        "take it out of the texts.");
    tell_unsafe(draft);
    return std::move(out_);
  }

 private:
  struct Item {
    std::string id;
    const Value* step = nullptr;
    std::vector<std::string> needs;
  };

  void add_parameter(const std::string& name, const Value& var) {
    const std::string parameter = names_.make(name, "input");
    flow_.parameters.push_back(parameter);
    holes_[name] = parameter;
    const std::string standard = var.is_map() ? var["default"].text : var.text;
    if (!standard.empty())
      out_.draft.notes.push_back(
          fmt::format("`{}` was `{}` unless it was said; a parameter has to be said here.",
                      parameter, standard));
  }

  void collect(const Value& step, const std::vector<std::string>& also) {
    Item item;
    item.id = step["id"].text;
    item.step = &step;
    item.needs = step["needs"].texts();
    for (const std::string& need : step["depends_on"].texts())
      item.needs.push_back(need);
    item.needs.insert(item.needs.end(), also.begin(), also.end());
    if (item.id.empty())
      return fail("a step has no `id`");
    if (std::ranges::find(items_, item.id, &Item::id) != items_.end())
      return fail(fmt::format("two steps have the id `{}`", item.id));
    items_.push_back(item);
    for (const Value& child : step["children"].list)
      collect(child, {item.id});
  }

  void fail(std::string problem) {
    if (out_.problem.empty())
      out_.problem = std::move(problem);
  }

  // Those that are needed first; of a circle what closes it is left out.
  void sort() {
    std::map<std::string, Item*> known;
    for (Item& item : items_)
      known[item.id] = &item;
    for (Item& item : items_) {
      std::erase_if(item.needs, [&](const std::string& need) {
        if (known.contains(need))
          return false;
        out_.draft.unsafe.push_back(fmt::format(
            "`{}` needs `{}`, which is no step: the old engine drops that without a word, and so "
            "begins `{}` at once; it is left out here, too",
            item.id, need, item.id));
        return true;
      });
    }
    std::set<std::string> done, open;
    for (Item& item : items_)
      visit(item, known, done, open);
  }

  void visit(Item& item, std::map<std::string, Item*>& known, std::set<std::string>& done,
             std::set<std::string>& open) {
    if (done.contains(item.id))
      return;
    open.insert(item.id);
    std::erase_if(item.needs, [&](const std::string& need) {
      if (!open.contains(need))
        return false;
      out_.draft.notes.push_back(
          fmt::format("`{}` needs `{}`, which waits for it: left out.", item.id, need));
      return true;
    });
    for (const std::string& need : std::vector<std::string>(item.needs))
      visit(*known[need], known, done, open);
    open.erase(item.id);
    done.insert(item.id);
    order_.push_back(&item);
  }

  void add(const Item& item) {
    const Value& step = *item.step;
    const Value& gate = step["gate"];
    std::vector<std::string> needs;
    for (const std::string& need : item.needs)
      needs.push_back(steps_[need]);
    std::vector<std::string> notes;
    if (gate.is_map()) {
      DraftStep decision;
      decision.name = names_.make(item.id + "_decision", "decision");
      decision.needs = needs;
      decision.timeout = duration_of(gate["timeout"].text);
      decision.notes.push_back(fmt::format(
          "a gate of type `{}`, which nothing watched: it waited until somebody closed it by "
          "hand.{}",
          gate["type"].text, gate["type"].text == "human" ? "" : " A human decides here."));
      needs = {decision.name};
      flow_.steps.push_back(std::move(decision));
    }
    DraftStep made;
    made.name = names_.make(item.id, "step");
    made.needs = std::move(needs);
    made.roles = {role_of(item, !made.needs.empty())};
    made.mends = out_.draft.roles[made.roles.front()].duty == Duty::kReviews;
    made.text = text_of(step);
    made.retries = retries_;
    if (step.has("condition"))
      made.notes.push_back(fmt::format("its condition \"{}\" is not carried over: it always runs.",
                                       step["condition"].text));
    std::string rest = leftover(step, {"id", "title", "description", "needs", "depends_on", "gate",
                                       "metadata", "check", "ralph", "condition", "children",
                                       "acceptance_criteria", "acceptance", "assignee", "agent"});
    if (!rest.empty())
      made.notes.push_back(std::move(rest));
    steps_[item.id] = made.name;
    flow_.steps.push_back(std::move(made));
  }

  // By whom it is to be done; somebody with other evidence is another role.
  std::size_t role_of(const Item& item, bool later) {
    const Value& step = *item.step;
    std::string who = step["metadata"]["gc.run_target"].text;
    if (who.empty())
      who = step["metadata"]["gc"]["run_target"].text;
    for (const char* key : {"assignee", "agent"})
      if (who.empty())
        who = step[key].text;
    const std::string called =
        who.empty() ? "worker"
                    : who.substr(who.rfind('/') == std::string::npos ? 0 : who.rfind('/') + 1);
    const bool reviews = later && (sounds_like_review(called) || sounds_like_review(item.id));
    const Value& check = step.has("check") ? step["check"] : step["ralph"];
    const Value& how = check["check"].is_map() ? check["check"] : check;
    const std::string path = how["path"].text;
    retries_ = 0;
    for (const char c : check["max_attempts"].text)
      retries_ = c >= '0' && c <= '9' && retries_ < 100
                     ? retries_ * 10 + static_cast<std::uint32_t>(c - '0')
                     : retries_;
    retries_ = retries_ > 0 ? retries_ - 1 : 0;
    const std::string key = called + "\n" + path + (reviews ? "\nreviews" : "");
    if (const auto known = roles_.find(key); known != roles_.end())
      return known->second;
    DraftRole role;
    role.name = names_.make(called, "role");
    role.doc = who.empty() ? "Whoever was free." : "Was " + who + ".";
    role.duty = reviews ? Duty::kReviews : Duty::kWrites;
    if (!path.empty() && !reviews)
      role.accept.push_back(path.starts_with('/') || path.starts_with("./") ? path : "./" + path);
    if (!path.empty() && reviews)
      role.notes.push_back(
          fmt::format("its check `{}` is left out: a verdict is what it leaves.", path));
    if (const std::string limit = how["timeout"].text; !limit.empty())
      role.notes.push_back(fmt::format(
          "the check had {}; here the evidence of a task has the time that its attempt has.",
          limit));
    role.notes.push_back(
        "its prompt is in another file (agents/*/prompt.template.md): write it as `brief`.");
    roles_[key] = out_.draft.roles.size();
    out_.draft.roles.push_back(std::move(role));
    return out_.draft.roles.size() - 1;
  }

  // `{{var}}` is the parameter.
  std::string text_of(const Value& step) const {
    std::string text = trimmed(step["title"].text);
    if (const std::string more = trimmed(step["description"].text); !more.empty())
      text += (text.empty() ? "" : "\n\n") + more;
    for (const char* key : {"acceptance_criteria", "acceptance"})
      if (const std::string wanted = trimmed(step[key].text); !wanted.empty())
        text += "\n\nIt is done when: " + wanted;
    for (const auto& [name, parameter] : holes_) {
      const std::string from = "{{" + name + "}}";
      const std::string to = "{" + parameter + "}";
      for (std::size_t at = text.find(from); at != std::string::npos;
           at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
    }
    return text;
  }

  const Value& root_;
  Drafted out_;
  Names names_;
  DraftFlow flow_;
  std::vector<Item> items_;
  std::vector<const Item*> order_;
  std::map<std::string, std::string> steps_;  // by id; the step of the flow
  std::map<std::string, std::size_t> roles_;  // by who and by what judges
  std::map<std::string, std::string> holes_;  // by the name of the variable
  std::uint32_t retries_ = 0;                 // of the step that is being read
};

}  // namespace

Drafted from_gas_city(const Value& root) {
  return Formula(root).run();
}

}  // namespace fleet::import
