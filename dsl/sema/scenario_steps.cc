#include "dsl/sema/scenario_steps.h"

#include <algorithm>
#include <utility>

#include "dsl/sema/report.h"
#include "dsl/sema/scenario.h"
#include "dsl/sema/steps.h"

namespace fleet::sema {
namespace {

// "polish#2" in the path of a step in a loop.
bool is_round(std::string_view part) {
  return part.find('#') != std::string_view::npos;
}

bool ends_with(const StepPath& path, const StepPath& end) {
  return end.size() <= path.size() && std::equal(end.rbegin(), end.rend(), path.rbegin());
}

bool begins_with(const StepPath& path, const StepPath& begin) {
  return begin.size() <= path.size() && std::equal(begin.begin(), begin.end(), path.begin());
}

StepPath without_rounds(const StepPath& path) {
  StepPath bare;
  for (const std::string& part : path) {
    if (!is_round(part))
      bare.push_back(part);
  }
  return bare;
}

// Whether all flows were understood: else a step that is not known may be one that was left out.
bool knows_all_steps(const Context& context) {
  const auto is_within = [&](const Diagnostic& diagnostic, const Flow& flow) {
    return diagnostic.severity == Severity::kError &&
           diagnostic.primary.span.source == flow.span.source &&
           diagnostic.primary.span.begin >= flow.span.begin &&
           diagnostic.primary.span.end <= flow.span.end;
  };
  for (const Flow& flow : context.model.flows) {
    if (std::ranges::any_of(flow.steps, &Step::broken))
      return false;
    for (const Diagnostic& diagnostic : context.sink.all()) {
      if (is_within(diagnostic, flow))
        return false;
    }
  }
  return !context.model.flows.empty() || !context.sink.has_errors();
}

void say_ambiguous(Context& context, Span span, const StepPath& written,
                   const std::set<StepPath>& found) {
  std::vector<std::string> names;
  for (const StepPath& path : found)
    names.push_back(dotted(path));
  Diagnostic diagnostic = error(
      "F101", span, ticked(dotted(written)) + " is the name of several steps", "which of them?");
  diagnostic.helps.push_back({"write " + listed(names, "or"), {}, false});
  context.sink.add(std::move(diagnostic));
}

}  // namespace

StepPath step_path(std::string_view dotted) {
  StepPath path;
  for (std::size_t at = 0; at <= dotted.size();) {
    const std::size_t end = std::min(dotted.find('.', at), dotted.size());
    path.emplace_back(dotted.substr(at, end - at));
    at = end + 1;
  }
  return path;
}

std::string dotted(const StepPath& path) {
  std::string text;
  for (const std::string& part : path)
    text += (text.empty() ? "" : ".") + part;
  return text;
}

StepNames::StepNames(const Model& model) {
  for (const Flow& flow : model.flows)
    add(flow);
}

void StepNames::add(const Flow& flow) {
  for (const Step& step : flow.steps) {
    if (step.kind == StepKind::kLast)
      continue;  // a name for the step of some round
    Paths paths;
    for (const std::string& part : step_path(step.name)) {
      if (!is_round(part))
        paths.bare.push_back(part);
      paths.with_loops.push_back(part.substr(0, part.find('#')));
    }
    all_.push_back(std::move(paths));
  }
}

std::set<StepPath> StepNames::meanings(const StepPath& written) const {
  std::set<StepPath> steps;
  std::set<StepPath> uses;
  for (const Paths& one : all_) {
    if (ends_with(one.bare, written) || ends_with(one.with_loops, written))
      steps.insert(one.bare);
    for (std::size_t size = written.size(); size < one.bare.size(); ++size) {
      const StepPath use(one.bare.begin(), one.bare.begin() + static_cast<std::ptrdiff_t>(size));
      if (ends_with(use, written))
        uses.insert(use);
    }
  }
  std::set<StepPath>& found = steps.empty() ? uses : steps;
  return found.contains(written) ? std::set<StepPath>{written} : found;
}

// Each path, each end of it that is one step's alone, and the uses around it.
std::vector<std::string> StepNames::all_names() const {
  std::set<std::string> names;
  for (const Paths& one : all_) {
    StepPath end = one.bare;
    names.insert(dotted(end));
    for (StepPath use = one.bare; use.size() > 1; names.insert(dotted(use)))
      use.pop_back();
    while (end.size() > 1) {
      end.erase(end.begin());
      if (meanings(end).size() == 1)
        names.insert(dotted(end));
    }
  }
  return {names.begin(), names.end()};
}

void StepNames::say_no_step(Context& context, const ast::Atom& atom, const StepPath& written,
                            bool edges) const {
  if (!knows_all_steps(context))
    return;
  StepPath step = written;
  const bool has_edge = edges && step.size() > 1 && edge_kind(step.back());
  if (has_edge)
    step.pop_back();
  const ast::Ident& last = atom.path[step.size() - 1];
  if (!has_edge && step.size() > 1 && !meanings(StepPath(step.begin(), step.end() - 1)).empty()) {
    // The step is known; what follows it is an edge, or a step inside of it.
    std::vector<std::string> candidates = edges ? edge_names() : std::vector<std::string>();
    const std::size_t outside = candidates.size();
    const StepPath outer(step.begin(), step.end() - 1);
    for (const Paths& one : all_) {
      if (one.bare.size() > 1 && ends_with(StepPath(one.bare.begin(), one.bare.end() - 1), outer))
        candidates.push_back(one.bare.back());
    }
    const bool inside = candidates.size() > outside;
    const char* const what = !edges ? "step" : inside ? "step or edge" : "edge";
    context.sink.add(unknown("F101", last.span, what, last.text, candidates));
    return;
  }
  context.sink.add(
      unknown("F101", cover(atom.path.front().span, last.span), "step", dotted(step), all_names()));
}

std::optional<std::string> StepNames::find(Context& context, const ast::Atom& atom,
                                           std::string* edge) const {
  StepPath written;
  for (const ast::Ident& part : atom.path)
    written.push_back(part.text);
  StepPath step = written;
  std::set<StepPath> found = meanings(step);
  if (edge != nullptr && found.empty() && step.size() > 1 && edge_kind(step.back())) {
    *edge = step.back();
    step.pop_back();
    found = meanings(step);
  }
  if (found.size() == 1)
    return dotted(*found.begin());
  if (found.empty())
    say_no_step(context, atom, written, edge != nullptr);
  else
    say_ambiguous(context, atom.span, step, found);
  return std::nullopt;
}

namespace {

// The steps of a use of a pattern are those below its path. Its last statement was declared last,
// after which come only the insides of loops and joints.
std::vector<std::size_t> last_steps(const Flow& flow, const StepPath& use) {
  // By the rounds around the use, as written: each has a use of its own.
  std::vector<std::pair<StepPath, std::size_t>> last;
  for (std::size_t i = 0; i < flow.steps.size(); ++i) {
    const Step& step = flow.steps[i];
    if (step.kind == StepKind::kLast || step.inner)
      continue;
    const StepPath whole = step_path(step.name);
    if (!begins_with(without_rounds(whole), use) || without_rounds(whole).size() <= use.size())
      continue;
    // As much of the whole path as makes the use; what is behind it may have no round of its own.
    StepPath around;
    std::size_t named = 0;
    std::size_t at = 0;
    for (; at < whole.size() && named < use.size(); ++at) {
      around.push_back(whole[at]);
      named += is_round(whole[at]) ? 0 : 1;
    }
    if (std::any_of(whole.begin() + static_cast<std::ptrdiff_t>(at), whole.end(), is_round))
      continue;
    const auto known = std::ranges::find(last, around, &std::pair<StepPath, std::size_t>::first);
    if (known == last.end())
      last.emplace_back(std::move(around), i);
    else
      known->second = i;
  }
  std::vector<std::size_t> steps;
  for (const auto& [around, step] : last)
    steps.push_back(step);
  return steps;
}

}  // namespace

std::vector<std::size_t> steps_meant(const Flow& flow, const std::string& path) {
  const StepPath wanted = step_path(path);
  std::vector<std::size_t> steps;
  for (std::size_t i = 0; i < flow.steps.size(); ++i) {
    const Step& step = flow.steps[i];
    if (step.kind != StepKind::kLast && without_rounds(step_path(step.name)) == wanted)
      steps.push_back(i);
  }
  return steps.empty() ? last_steps(flow, wanted) : steps;
}

}  // namespace fleet::sema
