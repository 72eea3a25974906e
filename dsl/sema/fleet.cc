#include "dsl/sema/fleet.h"

#include <algorithm>
#include <utility>

#include "dsl/sema/report.h"
#include "dsl/sema/runtime.h"

namespace fleet::sema {
namespace {

using Kind = ast::Atom::Kind;

const char* const kRepoForm = "`git(\".\", base: main)`";

std::optional<std::string> read_branch(Context& context, const ast::Argument& argument) {
  Reader reader(context.sink, *argument.value, {"`base`", argument.name->span});
  std::optional<std::string> branch;
  if (reader.next_is(Kind::kString)) {
    branch = plain_text(context.sink, reader.next(), "`base`");
  } else if (reader.next_is(Kind::kName) && is_word(reader.peek())) {
    branch = reader.next().text;
  } else {
    reader.fail(reader.want(), "a branch's name");
  }
  reader.finish();
  if (reader.failed())
    return std::nullopt;
  if (branch && branch->empty()) {
    context.sink.add(error("F202", argument.value->span, "`base` is empty"));
    return std::nullopt;
  }
  return branch;
}

std::optional<plan::Repo> read_git(Context& context, const ast::Atom& call) {
  plan::Repo repo;
  bool has_path = false;
  bool has_base = false;
  bool good = true;
  for (const ast::Argument& argument : call.args) {
    if (argument.name && argument.name->text == "base" && !has_base) {
      has_base = true;
      std::optional<std::string> branch = read_branch(context, argument);
      good = good && branch.has_value();
      if (branch)
        repo.base = *std::move(branch);
    } else if (!argument.name && !has_path) {
      has_path = true;
      Reader reader(context.sink, *argument.value, {"`git`", call.span});
      if (!reader.next_is(Kind::kString)) {
        reader.fail(reader.want(), "a path in quotes");
      } else if (std::optional<std::string> path =
                     plain_text(context.sink, reader.next(), "`git`")) {
        repo.path = *std::move(path);
      } else {
        reader.give_up();
      }
      reader.finish();
      good = good && !reader.failed();
    } else {
      // `: main` is what the grammar has no name for; here it is known what to write.
      context.sink.withdraw(argument.value->span);
      context.sink.add(error("F202", argument.value->span,
                             std::string("unexpected argument of `git`"),
                             std::string("`repo` takes ") + kRepoForm));
      good = false;
    }
  }
  if (good && !(has_path && has_base)) {
    context.sink.add(error(
        "F108", call.span,
        has_path ? "`git` has no `base`, the branch that work starts from" : "`git` has no path",
        std::string("write ") + kRepoForm));
    good = false;
  }
  if (!good)
    return std::nullopt;
  return repo;
}

void read_repo(Context& context, Reader& reader, Fleet& fleet, Span span) {
  if (!reader.next_is(Kind::kCall) || reader.peek().text != "git") {
    reader.fail(reader.want(), kRepoForm);
    return;
  }
  std::optional<plan::Repo> repo = read_git(context, reader.next());
  if (repo) {
    fleet.repo = {*std::move(repo), span};
  } else {
    reader.give_up();
  }
}

void read_budget(Reader& reader, Fleet& fleet, Span span) {
  plan::Budget budget;
  const std::optional<plan::Money> amount =
      reader.money(reader.want(), {"day", "run"}, &budget.per);
  if (!amount)
    return;
  budget.amount = *amount;
  while (!reader.at_end()) {
    const Want want{ticked(reader.peek().text), reader.peek().span};
    if (!budget.hard && reader.take_word("hard")) {
      budget.hard = true;
    } else if (!budget.warn_percent && reader.take_word("warn")) {
      budget.warn_percent = reader.percent(want);
    } else {
      break;
    }
  }
  reader.finish();
  if (!reader.failed())
    fleet.budget = {budget, span};
}

// `2 ship/day`
void read_one_load(Context& context, Scope& scope, Reader& reader, Fleet& fleet, Span span) {
  constexpr std::uint32_t kMostRuns = 100'000;
  const std::optional<std::uint32_t> runs = reader.count(reader.want(), 1, kMostRuns);
  if (!runs)
    return;
  const bool name = reader.next_is(Kind::kName) && reader.peek().per;
  if (!name || reader.peek().per->text != "day") {
    reader.fail(reader.want(), "runs of a flow a day, such as `2 ship/day`");
    return;
  }
  const ast::Atom& flow = reader.next();
  const Symbol* symbol = scope.resolve(context, flow.path, name_span(flow), {Symbol::Kind::kFlow});
  if (symbol == nullptr) {
    reader.give_up();
    return;
  }
  if (const Load* first = fleet.load_of(symbol->index)) {
    Diagnostic diagnostic = error(
        "F106", span, "the load of flow " + ticked(flow.text) + " is said twice", "said again");
    diagnostic.secondary.push_back({first->span, "first said here"});
    reader.sink().add(std::move(diagnostic));
    reader.give_up();
    return;
  }
  fleet.load.push_back({*runs, symbol->index, span});
}

// `2 ship/day` or `[1 ship/day, 2 fix/day]`
void read_load(Context& context, Scope& scope, Reader& reader, Fleet& fleet, Span span) {
  if (!reader.next_is(Kind::kList)) {
    read_one_load(context, scope, reader, fleet, span);
    return;
  }
  const ast::Atom& list = reader.next();
  for (const ast::Argument& argument : list.args) {
    if (argument.name) {
      context.sink.add(error("F202", argument.name->span, "loads have no names"));
      continue;
    }
    Reader element(context.sink, *argument.value, reader.want());
    read_one_load(context, scope, element, fleet, argument.value->span);
    element.finish();
  }
  if (list.args.empty())
    context.sink.add(error("F202", list.span, "an empty `load` says nothing of a day"));
}

// F706: the way has to end at somebody who can decide.
void say_no_human(Context& context, const At<std::string>& last) {
  Diagnostic diagnostic = error("F706", last.span, "the escalation ends at an agent",
                                ticked(last.value) + " is no human");
  diagnostic.helps.push_back({"end it with a human: `… -> NAME`", {}, false});
  context.sink.add(std::move(diagnostic));
}

// `lead -> founder within 4h`
void read_escalation(Context& context, Scope& scope, Reader& reader, Fleet& fleet, Span span) {
  Escalation escalation;
  bool human = false;
  do {
    if (!reader.next_is(Kind::kName)) {
      reader.fail(reader.want(), "names, such as `lead -> founder`");
      return;
    }
    const ast::Atom& name = reader.next();
    const Symbol* symbol =
        scope.resolve(context, name.path, name.span, {Symbol::Kind::kHuman, Symbol::Kind::kAgent});
    if (symbol == nullptr) {
      reader.give_up();
      return;
    }
    human = symbol->kind == Symbol::Kind::kHuman;
    if (human)
      escalation.human = symbol->index;
    escalation.path.push_back({name.text, name.span});
  } while (reader.take_operator("->"));
  if (!human) {
    say_no_human(context, escalation.path.back());
    reader.give_up();
    return;
  }
  if (!reader.at_end() && is_word(reader.peek(), "within")) {
    const Want within{"`within`", reader.next().span};
    escalation.within = read_positive(context, reader, within);
  }
  if (!reader.failed())
    fleet.escalation = {std::move(escalation), span};
}

// What an agent may be told of.
void read_sync(Context& context, Reader& reader, Fleet& fleet) {
  const std::vector<std::string> known{"commits", "directives", "decisions"};
  if (!reader.next_is(Kind::kList)) {
    reader.fail(reader.want(), "a list of " + listed(known, "and"));
    return;
  }
  for (const ast::Argument& argument : reader.next().args) {
    const std::vector<ast::Atom>& atoms = argument.value->atoms;
    const bool word = !argument.name && atoms.size() == 1 && is_word(atoms.front());
    if (!word || std::ranges::find(known, atoms.front().text) == known.end()) {
      context.sink.add(
          error("F202", argument.value->span, "`sync` is a list of " + listed(known, "and")));
      reader.give_up();
      return;
    }
    fleet.sync.push_back(atoms.front().text);
  }
}

void read_forge(Reader& reader, Fleet& fleet) {
  if (reader.at_end() || !is_word(reader.peek())) {
    reader.fail(reader.want(), "a forge's name");
    return;
  }
  fleet.forge = reader.next().text;
}

void read_limits(Reader& reader, Fleet& fleet, Span span) {
  constexpr std::uint32_t kMostSessions = 10'000;
  constexpr std::uint32_t kMostAnHour = 1'000'000;
  const std::string parts =
      "`sessions N`, `starts N/h`, `worktrees SIZE` and `messages N/h`, each once";
  if (reader.at_end())
    reader.fail(reader.want(), parts);
  while (!reader.at_end()) {
    const Want want{ticked(reader.peek().text), reader.peek().span};
    if (!fleet.limits.sessions && reader.take_word("sessions")) {
      fleet.limits.sessions = reader.count(want, 1, kMostSessions);
    } else if (!fleet.limits.worktree_bytes && reader.take_word("worktrees")) {
      fleet.limits.worktree_bytes = reader.size(want);
    } else if (!fleet.limits.starts && reader.take_word("starts")) {
      fleet.limits.starts = reader.rate(want, "h", kMostAnHour);
    } else if (!fleet.limits.messages && reader.take_word("messages")) {
      fleet.limits.messages = reader.rate(want, "h", kMostAnHour);
    } else {
      reader.fail(reader.want(), parts);
    }
  }
  fleet.limits_span = span;
}

}  // namespace

void read_fleet_key(Context& context, Scope& scope, Fleet& fleet, const ast::Assignment& assignment,
                    std::map<std::string, Span>& seen) {
  const schema::Key* key = check_key(context, *schema::find_kind("fleet"), assignment, seen);
  if (key == nullptr)
    return;
  Reader reader(context.sink, assignment.value, want_of(assignment));
  const Span span = assignment.value.span;
  if (key->name == "repo")
    read_repo(context, reader, fleet, span);
  if (key->name == "budget")
    read_budget(reader, fleet, span);
  if (key->name == "load")
    read_load(context, scope, reader, fleet, span);
  if (key->name == "escalation")
    read_escalation(context, scope, reader, fleet, span);
  if (key->name == "sync")
    read_sync(context, reader, fleet);
  if (key->name == "forge")
    read_forge(reader, fleet);
  if (key->name == "hooks") {
    if (const schema::Word* word = read_word(context, *key, reader))
      fleet.hooks = word->text == "on";
  }
  if (key->name == "limits")
    read_limits(reader, fleet, span);
  if (key->name == "protect") {
    if (auto globs = reader.globs(reader.want()))
      fleet.protect = *std::move(globs);
  }
  reader.finish();
  fleet.origins[assignment.key.text].push_back(
      origin_of(context, Layer::kFleet, "fleet " + fleet.name, assignment));
}

}  // namespace fleet::sema
