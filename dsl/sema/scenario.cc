#include "dsl/sema/scenario.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "dsl/sema/report.h"
#include "dsl/sema/steps.h"

namespace fleet::sema {
namespace {

using Kind = ast::Atom::Kind;

// Calls `read` with a reader for each element of a list, or for the value itself.
template <class Read>
void each_element(Context& context, const ast::Assignment& assignment, const Read& read) {
  const Want want = want_of(assignment);
  const std::vector<ast::Atom>& atoms = assignment.value.atoms;
  const auto read_one = [&](const ast::Value& value) {
    Reader reader(context.sink, value, want);
    if (!reader.failed())
      read(reader, value.span);
    reader.finish();
  };
  if (atoms.size() != 1 || atoms.front().kind != Kind::kList) {
    read_one(assignment.value);
    return;
  }
  for (const ast::Argument& argument : atoms.front().args) {
    if (argument.name) {
      context.sink.add(error("F202", argument.name->span, want.who + " has no names"));
    } else {
      read_one(*argument.value);
    }
  }
}

// What may be assumed of an agent, or of a human.
std::optional<std::string> read_behaviour(Reader& reader, bool human) {
  if (reader.take_word("fails"))
    return "fails";
  if (human && reader.take_word("approves"))
    return "approves";
  if (human && reader.take_word("rejects"))
    return "rejects";
  if (!human && reader.take_word("returns")) {
    for (const char* const outcome : {"done", "approved", "changes_requested"}) {
      if (reader.take_word(outcome))
        return std::string("returns ") + outcome;
    }
    reader.fail({"`returns`", reader.want().span}, "`done`, `approved` or `changes_requested`");
    return std::nullopt;
  }
  reader.fail(reader.want(), human ? "`approves`, `rejects` or `fails`"
                                   : "`returns OUTCOME` or `fails` after the agent");
  return std::nullopt;
}

void read_given(Context& context, Scope& scope, Reader& reader, Span span, Test& test) {
  if (!reader.next_is(Kind::kName)) {
    reader.fail(reader.want(), "an assumption, such as `review returns changes_requested`");
    return;
  }
  const ast::Atom& who = reader.next();
  const Symbol* symbol =
      scope.resolve(context, who.path, who.span,
                    {Symbol::Kind::kAgent, Symbol::Kind::kRole, Symbol::Kind::kHuman});
  if (symbol == nullptr) {
    reader.give_up();
    return;
  }
  if (auto what = read_behaviour(reader, symbol->kind == Symbol::Kind::kHuman))
    test.given.push_back({who.text, *std::move(what), span});
}

using Path = std::vector<std::string>;

Path path_of(std::string_view name) {
  Path path;
  for (std::size_t at = 0; at <= name.size();) {
    const std::size_t end = std::min(name.find('.', at), name.size());
    path.emplace_back(name.substr(at, end - at));
    at = end + 1;
  }
  return path;
}

std::string dotted(const Path& path) {
  std::string text;
  for (const std::string& part : path)
    text += (text.empty() ? "" : ".") + part;
  return text;
}

// A step with the uses of patterns and the joints around it, and with the loops or without: a step
// of a loop is said without its round.
struct StepPaths {
  Path with_loops;
  Path bare;
};

std::vector<StepPaths> paths_of(const Model& model) {
  std::vector<StepPaths> all;
  for (const Flow& flow : model.flows) {
    for (const Step& step : flow.steps) {
      if (step.kind == StepKind::kLast)
        continue;  // a name for the step of some round
      StepPaths paths;
      for (std::string& part : path_of(step.name)) {
        const std::size_t round = part.find('#');
        if (round == std::string::npos)
          paths.bare.push_back(part);
        paths.with_loops.push_back(part.substr(0, round));
      }
      all.push_back(std::move(paths));
    }
  }
  return all;
}

bool ends_with(const Path& path, const Path& end) {
  return end.size() <= path.size() && std::equal(end.rbegin(), end.rend(), path.rbegin());
}

// The steps that `written` can mean, by their bare paths: those whose path ends with it, else the
// uses of patterns whose does. What is a path as a whole means nothing else.
std::set<Path> meanings(const std::vector<StepPaths>& all, const Path& written) {
  std::set<Path> steps;
  std::set<Path> uses;
  for (const StepPaths& one : all) {
    if (ends_with(one.bare, written) || ends_with(one.with_loops, written))
      steps.insert(one.bare);
    for (std::size_t size = written.size(); size < one.bare.size(); ++size) {
      const Path use(one.bare.begin(), one.bare.begin() + static_cast<std::ptrdiff_t>(size));
      if (ends_with(use, written))
        uses.insert(use);
    }
  }
  std::set<Path>& found = steps.empty() ? uses : steps;
  return found.contains(written) ? std::set<Path>{written} : found;
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

// Each path, each end of it that is one step's alone, and the uses around it.
std::vector<std::string> step_names(const std::vector<StepPaths>& all) {
  std::set<std::string> names;
  for (const StepPaths& one : all) {
    Path end = one.bare;
    names.insert(dotted(end));
    for (Path use = one.bare; use.size() > 1; names.insert(dotted(use)))
      use.pop_back();
    while (end.size() > 1) {
      end.erase(end.begin());
      if (meanings(all, end).size() == 1)
        names.insert(dotted(end));
    }
  }
  return {names.begin(), names.end()};
}

void say_ambiguous(Context& context, Span span, const Path& written, const std::set<Path>& found) {
  std::vector<std::string> names;
  for (const Path& path : found)
    names.push_back(dotted(path));
  Diagnostic diagnostic = error(
      "F101", span, ticked(dotted(written)) + " is the name of several steps", "which of them?");
  diagnostic.helps.push_back({"write " + listed(names, "or"), {}, false});
  context.sink.add(std::move(diagnostic));
}

void say_no_step(Context& context, const std::vector<StepPaths>& all, const ast::Atom& atom,
                 const Path& written) {
  if (!knows_all_steps(context))
    return;
  Path step = written;
  const bool has_edge = step.size() > 1 && edge_kind(step.back());
  if (has_edge)
    step.pop_back();
  const ast::Ident& last = atom.path[step.size() - 1];
  if (!has_edge && step.size() > 1 && !meanings(all, Path(step.begin(), step.end() - 1)).empty()) {
    // The step is known; what follows it is an edge, or a step inside of it.
    std::vector<std::string> candidates = edge_names();
    const Path outer(step.begin(), step.end() - 1);
    for (const StepPaths& one : all) {
      if (one.bare.size() > 1 && ends_with(Path(one.bare.begin(), one.bare.end() - 1), outer))
        candidates.push_back(one.bare.back());
    }
    const bool inside = candidates.size() > edge_names().size();
    context.sink.add(
        unknown("F101", last.span, inside ? "step or edge" : "edge", last.text, candidates));
    return;
  }
  context.sink.add(unknown("F101", cover(atom.path.front().span, last.span), "step", dotted(step),
                           step_names(all)));
}

void read_claim(Context& context, Reader& reader, Span span, Test& test) {
  Test::Claim claim;
  claim.span = span;
  claim.never = reader.take_word("never");
  if (!reader.next_is(Kind::kName)) {
    reader.fail(reader.want(), "`never STEP` or `STEP.EDGE`");
    return;
  }
  const ast::Atom& atom = reader.next();
  Path written;
  for (const ast::Ident& part : atom.path)
    written.push_back(part.text);
  const std::vector<StepPaths> all = paths_of(context.model);
  Path step = written;
  std::set<Path> found = meanings(all, step);
  if (found.empty() && step.size() > 1 && edge_kind(step.back())) {
    claim.edge = step.back();
    step.pop_back();
    found = meanings(all, step);
  }
  if (found.size() != 1) {
    if (found.empty())
      say_no_step(context, all, atom, written);
    else
      say_ambiguous(context, atom.span, step, found);
    reader.give_up();
    return;
  }
  claim.step = dotted(*found.begin());
  test.expect.push_back(std::move(claim));
}

}  // namespace

Test read_test(Context& context, Scope& scope, const ast::Block& block) {
  Test test;
  test.name = block.names.front().text;
  test.name_span = block.names.front().span;
  const schema::Kind& kind = *schema::find_kind("test");
  walk_keys(context, kind, block.body,
            [&](const schema::Key& key, const ast::Assignment& assignment) {
              each_element(context, assignment, [&](Reader& reader, Span span) {
                if (key.name == "given")
                  read_given(context, scope, reader, span, test);
                if (key.name == "expect")
                  read_claim(context, reader, span, test);
              });
            });
  require_keys(context, kind, block, {});
  return test;
}

}  // namespace fleet::sema
