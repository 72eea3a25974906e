// F401, F402, F607: a review is done by somebody else, who sees it cold and changes nothing. F405:
// two reviews are two reviewers'. F717: findings come from a review.
#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "dsl/checks/checks.h"
#include "dsl/sema/offers.h"
#include "dsl/sema/report.h"

namespace fleet::checks {
namespace {

using sema::StepKind;
using sema::ticked;
using Steps = std::set<std::size_t>;

// Where the value of a key was said last: the place to point at, and to mend.
std::optional<Span> said(const sema::Agent& agent, const std::string& key) {
  const auto found = agent.contract.origins.find(key);
  if (found == agent.contract.origins.end() || found->second.empty())
    return std::nullopt;
  return found->second.back().span;
}

// Whose text the user can mend: agents and roles of their own, and those that a flow uses.
std::set<std::size_t> subjects_of(const sema::Model& model) {
  std::set<std::size_t> all;
  for (std::size_t i = 0; i < model.agents.size(); ++i) {
    if (!model.agents[i].imported)
      all.insert(i);
  }
  for (const sema::Flow& flow : model.flows) {
    for (const sema::Step& step : flow.steps) {
      for (const sema::At<std::size_t>& use : step.agents)
        all.insert(use.value);
    }
  }
  return all;
}

void say_shared(Subject& subject, const sema::Agent& agent) {
  const Span at = *said(agent, "session");
  Diagnostic diagnostic =
      sema::error("F401", agent.name_span,
                  "reviewer " + ticked(agent.name) + " keeps its session from one task to the next",
                  "would see more than the change");
  diagnostic.secondary.push_back({at, "a session of its own is kept between tasks"});
  diagnostic.helps.push_back(
      {"set `session = fresh` on it: every review begins with nothing but the change", {}, false});
  subject.sink.add(std::move(diagnostic));
}

void say_writer(Subject& subject, const sema::Agent& agent) {
  Diagnostic diagnostic =
      sema::error("F607", agent.contract.writes->span,
                  "reviewer " + ticked(agent.name) + " can write", "could change what it judges");
  if (const auto returns = said(agent, "returns"))
    diagnostic.secondary.push_back({*returns, "its tasks answer with a verdict"});
  diagnostic.helps.push_back(
      {"write `writes = none`", {{agent.contract.writes->span, "none"}}, true});
  subject.sink.add(std::move(diagnostic));
}

// All steps whose work is on a branch: those that made it, what they began at, and what was merged
// into it.
class Authors {
 public:
  explicit Authors(const sema::Flow& flow) : flow_(flow) {}

  const Steps& of_what(const sema::Step& step) {
    for (const sema::Argument& argument : step.arguments) {
      if (argument.output_of && !argument.findings)
        add(*argument.output_of);
    }
    return steps_;
  }

 private:
  void add(std::size_t index) {
    if (!steps_.insert(index).second)
      return;
    const sema::Step& step = flow_.steps[index];
    add_beginning(step);
    for (const sema::At<std::size_t>& from : step.merge.from)
      add(from.value);
    if (step.merge.into_step)
      add(step.merge.into_step->value);
    for (std::size_t i = 0; i < flow_.steps.size(); ++i) {
      if (flow_.steps[i].merge.into_step && flow_.steps[i].merge.into_step->value == index)
        add(i);
    }
  }

  // A task begins at another's work, or at what a review had before it.
  void add_beginning(const sema::Step& step) {
    for (const sema::Argument& argument : step.arguments) {
      if (argument.output_of && argument.findings)
        add_reviewed(*argument.output_of);
      else if (argument.output_of)
        add(*argument.output_of);
    }
    if (step.fanout.source.of)
      add_reviewed(*step.fanout.source.of);
  }

  void add_reviewed(std::size_t review) {
    if (!reviews_.insert(review).second)
      return;
    const sema::Step& step = flow_.steps[review];
    for (const sema::At<std::size_t>& member : step.members)
      add_reviewed(member.value);
    for (const sema::Argument& argument : step.arguments) {
      if (argument.output_of && !argument.findings)
        add(*argument.output_of);
    }
  }

  const sema::Flow& flow_;
  Steps steps_;
  Steps reviews_;
};

void say_own_work(Subject& subject, const sema::Step& author, const sema::At<std::size_t>& use,
                  const sema::At<std::size_t>& wrote) {
  const std::string name = ticked(subject.model.agents[use.value].name);
  Diagnostic diagnostic = sema::error("F402", use.span, name + " reviews its own work",
                                      "judges what " + ticked(author.name) + " made");
  diagnostic.secondary.push_back({wrote.span, name + " makes it here"});
  diagnostic.helps.push_back(
      {"declare an agent of its own for the review: `agent NAME : reviewer { … }`", {}, false});
  subject.sink.add(std::move(diagnostic));
}

// The agents that F402 was said of: that they write is the same mistake.
std::set<std::size_t> check_own_work(Subject& subject, const sema::Flow& flow) {
  std::set<std::size_t> said_of;
  for (const sema::Step& step : flow.steps) {
    for (const sema::At<std::size_t>& use : step.agents) {
      if (step.broken || !subject.model.agents[use.value].gives_verdicts())
        continue;
      Authors authors(flow);
      for (const std::size_t author : authors.of_what(step)) {
        for (const sema::At<std::size_t>& wrote : flow.steps[author].agents) {
          if (wrote.value != use.value || said_of.contains(use.value))
            continue;
          said_of.insert(use.value);
          say_own_work(subject, flow.steps[author], use, wrote);
        }
      }
    }
  }
  return said_of;
}

// The reviews that a joint takes together; those of a joint of its own kind inside of it as well.
void add_reviews(const sema::Model& model, const sema::Flow& flow, const sema::Step& joint,
                 std::vector<std::size_t>& reviews) {
  for (const sema::At<std::size_t>& member : joint.members) {
    const sema::Step& step = flow.steps[member.value];
    if (step.kind == joint.kind)
      add_reviews(model, flow, step, reviews);
    else if (step.kind == StepKind::kTask && !step.broken && step.agents.size() == 1 &&
             model.agents[step.agents.front().value].gives_verdicts())
      reviews.push_back(member.value);
  }
}

// Whether both are asked for the same of the same, once the same things have happened.
bool is_asked_twice(const sema::Step& one, const sema::Step& other) {
  const auto same_argument = [](const sema::Argument& a, const sema::Argument& b) {
    return a.output_of == b.output_of && a.findings == b.findings &&
           to_string(a.text) == to_string(b.text);
  };
  const auto same_edge = [](const sema::Edge& a, const sema::Edge& b) {
    return a.from == b.from && a.kind == b.kind;
  };
  return one.agents.front().value == other.agents.front().value &&
         std::ranges::equal(one.arguments, other.arguments, same_argument) &&
         std::ranges::equal(one.after, other.after, same_edge);
}

// A declared reviewer that is none of those.
std::optional<std::string> another_reviewer(const sema::Model& model, const sema::Flow& flow,
                                            const std::vector<std::size_t>& reviews) {
  for (std::size_t i = 0; i < model.agents.size(); ++i) {
    const sema::Agent& agent = model.agents[i];
    const auto is_it = [&](std::size_t review) {
      return flow.steps[review].agents.front().value == i;
    };
    if (!agent.is_role && !agent.broken && agent.gives_verdicts() &&
        std::ranges::none_of(reviews, is_it))
      return agent.name;
  }
  return std::nullopt;
}

void say_counted_twice(Subject& subject, const sema::Step& joint, const sema::Step& first,
                       const sema::Step& second, const std::optional<std::string>& other) {
  const std::string name = ticked(subject.model.agents[second.agents.front().value].name);
  Diagnostic diagnostic = sema::warning("F405", second.agents.front().span,
                                        name + " is counted twice in " + ticked(joint.name),
                                        "judges the same change again");
  if (first.agents.front().span.begin != second.agents.front().span.begin)
    diagnostic.secondary.push_back({first.agents.front().span, "judges it here"});
  diagnostic.notes.push_back(
      "a second session of one agent has the same model, identity and brief: it is no second "
      "opinion");
  diagnostic.helps.push_back(
      {other ? "call another reviewer here, such as " + ticked(*other)
             : "declare another reviewer, `agent NAME : ROLE { … }`, and call that here",
       {},
       false});
  subject.sink.add(std::move(diagnostic));
}

// Those of one agent are one mistake, however many joints count them.
void check_counted_twice(Subject& subject, const sema::Flow& flow) {
  std::set<std::size_t> said;
  for (const sema::Step& joint : flow.steps) {
    if (joint.broken || (joint.kind != StepKind::kAll && joint.kind != StepKind::kAny))
      continue;
    std::vector<std::size_t> reviews;
    add_reviews(subject.model, flow, joint, reviews);
    std::set<std::size_t> seen;
    for (const std::size_t review : reviews) {
      const auto first = std::ranges::find_if(seen, [&](std::size_t other) {
        return other != review && is_asked_twice(flow.steps[other], flow.steps[review]);
      });
      if (first != seen.end()) {
        if (!said.contains(*first))
          say_counted_twice(subject, joint, flow.steps[*first], flow.steps[review],
                            another_reviewer(subject.model, flow, reviews));
        said.insert({*first, review});
        break;
      }
      seen.insert(review);
    }
  }
}

void say_no_findings(Subject& subject, const sema::Step& from, Span use) {
  Diagnostic diagnostic = sema::error("F717", use, "step " + ticked(from.name) + " has no findings",
                                      "gives no verdict");
  diagnostic.secondary.push_back({from.head, "step " + ticked(from.name) + " is set here"});
  diagnostic.helps.push_back(
      {"findings are what a review wants changed: its role says `returns = verdict`", {}, false});
  subject.sink.add(std::move(diagnostic));
}

}  // namespace

void check_reviewers(Subject& subject) {
  std::set<std::size_t> own_work;
  for (const sema::Flow& flow : subject.model.flows) {
    own_work.merge(check_own_work(subject, flow));
    check_counted_twice(subject, flow);
  }
  for (const std::size_t index : subjects_of(subject.model)) {
    const sema::Agent& agent = subject.model.agents[index];
    if (agent.broken || !agent.gives_verdicts())
      continue;
    const auto& session = agent.contract.session;
    if (session && session->value == plan::SessionMode::kOwn)
      say_shared(subject, agent);
    if (agent.writes() && !own_work.contains(index))
      say_writer(subject, agent);
  }
}

void check_findings(Subject& subject) {
  for (const sema::Flow& flow : subject.model.flows) {
    for (const sema::Step& step : flow.steps) {
      const auto& of = step.fanout.source.of;
      if (of && !sema::can_find(subject.model, flow, *of))
        say_no_findings(subject, flow.steps[*of], step.fanout.source.span);
      for (const sema::Argument& argument : step.arguments) {
        if (argument.findings && !sema::can_find(subject.model, flow, *argument.output_of))
          say_no_findings(subject, flow.steps[*argument.output_of], argument.text.span);
      }
    }
  }
}

}  // namespace fleet::checks
