#include "dsl/import/flow_text.h"

#include <algorithm>

#include <fmt/format.h>

#include "dsl/import/quote.h"

namespace fleet::import {
namespace {

using Texts = std::vector<std::string>;

std::string joined(const Texts& texts, std::string_view between) {
  std::string out;
  for (const std::string& text : texts)
    out.append(out.empty() ? "" : between).append(text);
  return out;
}

void add_once(Texts& texts, const std::string& text) {
  if (std::ranges::find(texts, text) == texts.end())
    texts.push_back(text);
}

class FlowText {
 public:
  FlowText(const Draft& draft, const DraftFlow& flow, FlowNeeds& needs)
      : draft_(draft), flow_(flow), needs_(needs), names_(needs.names) {
    for (const DraftStep& step : flow.steps)
      names_.take(step.name);
  }

  std::string run() {
    for (const DraftStep& step : flow_.steps)
      add(step);
    add_merge();
    std::string head = "flow " + flow_.name;
    if (!flow_.parameters.empty())
      head += "(" + joined(flow_.parameters, ", ") + ")";
    return head + " {\n" + out_ + "}\n";
  }

 private:
  // What a step leaves to those that need it.
  struct Left {
    Texts works;                // steps whose branches hold the work so far
    std::string edge;           // fired when it went well
    std::set<std::string> all;  // of a step with a branch: the works that are in it
  };

  void add(const DraftStep& step) {
    for (const std::string& note : step.notes)
      out_ += comment("// import:", note);
    if (step.roles.empty())
      return add_gate(step);
    const Duty duty = draft_.roles[step.roles.front()].duty;
    const std::string start = start_of(step);
    if (duty == Duty::kReviews)
      return add_review(step, start);
    const std::size_t role = step.roles.front();
    const std::string name =
        duty == Duty::kWrites ? writer(role, step.name) : draft_.roles[role].name;
    out_ +=
        fmt::format("{} = {}{}{}\n", step.name, call(name, step, start), after(step, start),
                    step.retries > 0 ? fmt::format(" retry {}", std::min(step.retries, 10U)) : "");
    Left& left = left_[step.name];
    if (duty == Duty::kReads) {
      left.works = works_before(step);
      left.edge = step.name + ".done";
      return;
    }
    makers_[step.name] = role;
    left.works = {step.name};
    left.edge = step.name + ".accepted";
    for (const std::string& work : works_before(step)) {
      left.all.insert(work);
      left.all.insert(left_[work].all.begin(), left_[work].all.end());
    }
  }

  // The role at this step of the flow; at a second one it has a branch of its own.
  std::string writer(std::size_t role, const std::string& step) {
    const std::string& base = draft_.roles[role].name;
    if (seated_.insert(role).second)
      return base;
    const std::string name = needs_.names.make(base + "_" + step, "role");
    needs_.derived.push_back({name, base, name + "/{run}"});
    return name;
  }

  // All work that the step is to build on or judge; none that is in another of them.
  Texts works_before(const DraftStep& step) {
    Texts works;
    for (const std::string& need : step.needs)
      for (const std::string& work : left_[need].works)
        add_once(works, work);
    return outermost(works);
  }

  Texts outermost(const Texts& works) {
    Texts kept;
    for (const std::string& work : works)
      if (std::ranges::none_of(
              works, [&](const std::string& other) { return left_[other].all.contains(work); }))
        kept.push_back(work);
    return kept;
  }

  // The step whose work this one begins at; where there are several they are gathered first.
  std::string start_of(const DraftStep& step) {
    const Texts works = works_before(step);
    if (works.size() < 2)
      return works.empty() ? std::string() : works.front();
    const std::string key = joined(works, " ");
    if (const auto known = gathered_.find(key); known != gathered_.end())
      return known->second;
    const std::string name = names_.make("gather_" + step.name, "gather");
    Texts edges;
    for (const std::string& work : works)
      edges.push_back(left_[work].edge);
    out_ += fmt::format("{} = repo.merge({}, into: \"{}/{{run}}\") after {}\n", name,
                        joined(works, ", "), flow_.name + "_" + name, joined(edges, " & "));
    Left& left = left_[name];
    left.works = {name};
    left.edge = name + ".merged";
    for (const std::string& work : works) {
      left.all.insert(work);
      left.all.insert(left_[work].all.begin(), left_[work].all.end());
    }
    makers_[name] = makers_.at(works.back());
    gathered_[key] = name;
    return name;
  }

  std::string call(const std::string& role, const DraftStep& step, const std::string& start) const {
    Texts arguments;
    const std::string text = trimmed(step.text);
    const auto is_all = [&text](const std::string& name) {
      return text == "{" + name + "}";
    };
    if (const auto whole = std::ranges::find_if(flow_.parameters, is_all);
        whole != flow_.parameters.end())
      arguments.push_back(*whole);
    else if (!text.empty())
      arguments.push_back(quoted(text, flow_.parameters));
    if (!start.empty())
      arguments.push_back(start + ".diff");
    return role + "(" + joined(arguments, ", ") + ")";
  }

  // What it waits for beyond the work that it begins at, which is waited for as it is.
  std::string after(const DraftStep& step, const std::string& start) {
    Texts edges;
    for (const std::string& need : step.needs) {
      const Left& left = left_[need];
      const bool is_start =
          need == start || (left_.contains(start) && left_[start].all.contains(need));
      if (!left.edge.empty() && !is_start)
        add_once(edges, left.edge);
    }
    return edges.empty() ? std::string() : " after " + joined(edges, " & ");
  }

  void add_gate(const DraftStep& step) {
    out_ += fmt::format("{} = human({}){} timeout {}\n", step.name, needs_.human, after(step, ""),
                        step.timeout.empty() ? "24h" : step.timeout);
    Left& left = left_[step.name];
    left.works = works_before(step);
    left.edge = step.name + ".approved";
  }

  std::string verdict(const DraftStep& step, const std::string& start) const {
    Texts calls;
    for (const std::size_t role : step.roles)
      calls.push_back(call(draft_.roles[role].name, step, start));
    return calls.size() == 1 ? calls.front() : "all(" + joined(calls, ", ") + ")";
  }

  void add_review(const DraftStep& step, const std::string& start) {
    if (start.empty())
      needs_.blind.insert(step.roles.begin(), step.roles.end());
    out_ += fmt::format("{} = {}{}\n", step.name, verdict(step, start), after(step, start));
    Left left;
    left.works = start.empty() ? Texts() : Texts{start};
    left.edge = step.name + ".approved";
    if (step.mends && !start.empty()) {
      const std::string& base = draft_.roles[step.mender.value_or(makers_.at(start))].name;
      const std::string mender = needs_.names.make(base + "_mend", "mend");
      needs_.derived.push_back({mender, base, mender + "/{run}/{round}/{item}"});
      const std::string loop = names_.make("polish", "polish");
      const std::string fixes = names_.make("fixes", "fixes");
      const std::string gather = names_.make("gather", "gather");
      out_ += fmt::format(
          "{} = loop until {}.approved max 3 {{\n"
          "{} = fanout f in {}.findings to {} limit 6\n"
          "{} = repo.merge({}, into: {}.branch) after {}.accepted\n"
          "{} = {} after {}.merged\n}}\n",
          loop, step.name, fixes, step.name, mender, gather, fixes, start, fixes, step.name,
          verdict(step, start), gather);
      left.edge = loop + ".approved";
    }
    left_[step.name] = std::move(left);
  }

  // A human has the last word on all that nothing else builds on.
  void add_merge() {
    Texts edges, works;
    std::size_t last = 0;
    const DraftStep* gate = nullptr;
    for (const DraftStep& step : flow_.steps) {
      const bool needed = std::ranges::any_of(flow_.steps, [&](const DraftStep& other) {
        return std::ranges::find(other.needs, step.name) != other.needs.end();
      });
      if (needed)
        continue;
      ++last;
      gate = step.roles.empty() ? &step : nullptr;
      add_once(edges, left_[step.name].edge);
      for (const std::string& work : left_[step.name].works)
        add_once(works, work);
    }
    works = outermost(works);
    if (works.empty())
      return;
    std::string decided;
    if (last == 1 && gate != nullptr) {
      decided = left_[gate->name].edge;
    } else {
      const std::string signoff = names_.make("signoff", "signoff");
      out_ += fmt::format("{} = human({}) after {} timeout 24h\n", signoff, needs_.human,
                          joined(edges, " & "));
      decided = signoff + ".approved";
    }
    Texts branches;
    for (const std::string& work : works)
      branches.push_back(work + ".branch");
    out_ += fmt::format("{} = repo.merge({}) after {}\n", names_.make("merge", "merge"),
                        joined(branches, ", "), decided);
  }

  const Draft& draft_;
  const DraftFlow& flow_;
  FlowNeeds& needs_;
  Names names_;  // of this flow
  std::string out_;
  std::map<std::string, Left> left_;
  std::map<std::string, std::string> gathered_;  // from the works to the step that has them all
  std::map<std::string, std::size_t> makers_;    // who made the work of a step
  std::set<std::size_t> seated_;                 // roles that have a step already
};

}  // namespace

std::string flow_text(const Draft& draft, const DraftFlow& flow, FlowNeeds& needs) {
  return FlowText(draft, flow, needs).run();
}

}  // namespace fleet::import
