#include "dsl/sema/contract.h"

#include <utility>

#include "dsl/base/suggest.h"
#include "dsl/sema/report.h"
#include "dsl/sema/runtime.h"

namespace fleet::sema {
namespace {

using Kind = ast::Atom::Kind;

// The keys of one body, each read by the function of its name.
class ContractReader {
 public:
  ContractReader(Context& context, Scope& scope, Contract& contract)
      : context_(context), scope_(scope), contract_(contract) {}

  // False: the value was wrong, and was reported.
  bool read(const schema::Key& key, const ast::Assignment& assignment) {
    Reader reader(context_.sink, assignment.value, want_of(assignment));
    const Span span = assignment.value.span;
    if (key.name == "runtime")
      read_runtime(reader, span);
    if (key.name == "writes")
      read_writes(reader, span);
    if (key.name == "keep")
      put(contract_.keep, reader.globs(reader.want()), span);
    if (key.name == "budget")
      read_budget(reader, span);
    if (key.name == "timeout")
      read_timeout(reader, span);
    if (key.name == "accept")
      put(contract_.accept, read_acceptances(context_, reader), span);
    if (key.name == "restart")
      read_restart(key, reader, span);
    if (key.name == "brief")
      read_brief(reader, span);
    if (!key.words.empty())
      read_choice(key, reader, span);
    reader.finish();
    return !reader.failed();
  }

 private:
  template <class T>
  static void put(std::optional<At<T>>& slot, std::optional<T> value, Span span) {
    if (value)
      slot = At<T>{*std::move(value), span};
  }

  void read_runtime(Reader& reader, Span span) {
    put(contract_.runtime, read_runtime_use(context_, scope_, reader), span);
  }

  void read_writes(Reader& reader, Span span) {
    Writes writes;
    if (reader.take_word("none")) {
      writes.none = true;
      contract_.writes = {writes, span};
      return;
    }
    if (reader.failed())
      return;
    if (!reader.next_is(Kind::kCall) || reader.peek().text != "worktree") {
      say_no_worktree(reader);
      return;
    }
    const ast::Atom& call = reader.next();
    if (call.args.size() != 1 || call.args.front().name) {
      context_.sink.add(error("F202", call.span, "`worktree` takes one branch name in quotes"));
      reader.give_up();
      return;
    }
    Reader argument(context_.sink, *call.args.front().value, {"`worktree`", call.span});
    std::optional<Text> branch = argument.text(argument.want());
    argument.finish();
    if (argument.failed()) {
      reader.give_up();
      return;
    }
    writes.branch = *std::move(branch);
    if (!reader.at_end() && is_word(reader.peek(), "in")) {
      const Want in{"`in`", reader.next().span};
      const Span list = reader.at_end() ? in.span : reader.peek().span;
      if (std::optional<std::vector<std::string>> globs = reader.globs(in)) {
        writes.in = *std::move(globs);
        if (writes.in.empty())
          say_nothing_may_change(reader, list);
      }
    }
    if (!reader.failed())
      contract_.writes = {std::move(writes), span};
  }

  // Without `in` everything may change, so an empty list must not be mistaken for none.
  void say_nothing_may_change(Reader& reader, Span list) {
    Diagnostic diagnostic = error("F202", list, "`in` names no files", "nothing could change");
    diagnostic.helps.push_back({"name globs, or leave `in` out", {}, false});
    context_.sink.add(std::move(diagnostic));
    reader.give_up();
  }

  void say_no_worktree(Reader& reader) {
    const Span span = reader.at_end() ? reader.want().span : reader.peek().span;
    Diagnostic diagnostic =
        error("F301", span, "`writes` without a worktree", "not a place of each task's own");
    diagnostic.notes.push_back(
        "sessions that share a directory overwrite each other's work; every task that writes has a "
        "worktree and a branch of its own");
    diagnostic.helps.push_back(
        {"write `worktree(\"work/{task}\")`, with `in [\"glob\"]` after it to "
         "bound what may change, or `none`",
         {},
         false});
    context_.sink.add(std::move(diagnostic));
    reader.give_up();
  }

  void read_budget(Reader& reader, Span span) {
    if (reader.next_is(Kind::kMoney) && reader.peek().per && reader.peek().per->text == "day") {
      say_later(context_.sink, reader.peek().span, "a budget per day of one agent is");
      reader.give_up();
    }
    put(contract_.budget, reader.money(reader.want(), {"task"}, nullptr), span);
  }

  void read_timeout(Reader& reader, Span span) {
    put(contract_.timeout, read_positive(context_, reader, reader.want()), span);
  }

  void read_restart(const schema::Key& key, Reader& reader, Span span) {
    plan::Restart restart;
    if (!reader.take_word("on_crash")) {
      reader.fail(reader.want(), "`on_crash`");
      return;
    }
    std::optional<Span> said;
    while (!reader.at_end()) {
      const ast::Atom& word = reader.peek();
      const schema::Word* part = is_word(word) ? schema::find_part(key, word.text) : nullptr;
      if (part == nullptr) {
        reader.finish();
      } else if (part->support == schema::Support::kLater) {
        say_later(context_.sink, word.span, ticked(part->text) + " of `restart` is");
        reader.give_up();
      } else if (said) {
        say_twice(reader, word, *said);
      } else {
        said = word.span;
        const Want want{ticked(word.text), word.span};
        reader.next();
        read_backoff(reader, want, restart);
      }
    }
    if (!reader.failed())
      contract_.restart = {restart, span};
  }

  void say_twice(Reader& reader, const ast::Atom& word, Span first) {
    Diagnostic diagnostic =
        error("F106", word.span, ticked(word.text) + " is said twice", "said again here");
    diagnostic.secondary.push_back({first, "first said here"});
    context_.sink.add(std::move(diagnostic));
    reader.give_up();
  }

  void read_backoff(Reader& reader, const Want& want, plan::Restart& restart) {
    const std::optional<plan::Millis> least = reader.duration(want);
    if (!least)
      return;
    if (!reader.take_operator("..")) {
      reader.fail(want, "two durations, such as `1s..60s`");
      return;
    }
    const std::optional<plan::Millis> most = reader.duration(want);
    if (!most)
      return;
    if (*most < *least) {
      context_.sink.add(error("F202", want.span, "`backoff` ends below its beginning"));
      reader.give_up();
      return;
    }
    restart.backoff_min = *least;
    restart.backoff_max = *most;
  }

  void read_brief(Reader& reader, Span span) {
    if (!reader.next_is(Kind::kString)) {
      reader.fail(reader.want(), "text in quotes");
      return;
    }
    std::optional<std::string> text = plain_text(context_.sink, reader.next(), "`brief`");
    if (!text)
      reader.give_up();
    put(contract_.brief, std::move(text), span);
  }

  void read_choice(const schema::Key& key, Reader& reader, Span span) {
    const schema::Word* word = read_word(context_, key, reader);
    if (word == nullptr)
      return;
    if (key.name == "session") {
      contract_.session = {
          word->text == "own" ? plan::SessionMode::kOwn : plan::SessionMode::kFresh, span};
    }
    if (key.name == "on_engine_crash") {
      contract_.on_engine_crash = {
          word->text == "adopt" ? plan::OnEngineCrash::kAdopt : plan::OnEngineCrash::kKill, span};
    }
    // `dispatch`, `reads` and `returns` have one supported word each, which is what holds anyway.
  }

  Context& context_;
  Scope& scope_;
  Contract& contract_;
};

template <class T>
void lay_list(std::optional<At<std::vector<T>>>& base,
              const std::optional<At<std::vector<T>>>& over, bool add) {
  if (!over)
    return;
  if (!add || !base) {
    base = over;
    return;
  }
  base->value.insert(base->value.end(), over->value.begin(), over->value.end());
  base->span = over->span;
}

template <class T>
void lay_value(std::optional<T>& base, const std::optional<T>& over) {
  if (over)
    base = over;
}

// A key that is not known was meant to be one that is: nothing more is said about those near it.
void note_misspelt(const schema::Kind& kind, const ast::Body& body, Contract& contract) {
  std::vector<std::string> names;
  for (const schema::Key& key : kind.keys)
    names.emplace_back(key.name);
  for (const ast::Body::Item& item : body.items) {
    if (!item.assignment || schema::find_key(kind, item.assignment->key.text) != nullptr)
      continue;
    const std::vector<std::string> near = suggest(item.assignment->key.text, names);
    contract.broken.insert(near.begin(), near.end());
  }
}

bool adds(const Contract& layer, const std::string& key) {
  const auto found = layer.origins.find(key);
  return found != layer.origins.end() && found->second.back().add;
}

}  // namespace

Contract read_contract(Context& context, Scope& scope, const ast::Block& block, Layer layer,
                       const std::string& owner) {
  Contract contract;
  const schema::Kind& kind = *schema::find_kind(block.kind.text);
  note_misspelt(kind, block.body, contract);

  walk_keys(context, kind, block.body,
            [&](const schema::Key& key, const ast::Assignment& assignment) {
              ContractReader reader(context, scope, contract);
              if (reader.read(key, assignment)) {
                contract.origins[assignment.key.text].push_back(
                    origin_of(context, layer, owner, assignment));
              } else {
                contract.broken.insert(assignment.key.text);
              }
            });
  return contract;
}

void lay_over(Contract& base, const Contract& layer) {
  lay_value(base.runtime, layer.runtime);
  lay_value(base.writes, layer.writes);
  lay_list(base.keep, layer.keep, adds(layer, "keep"));
  lay_value(base.budget, layer.budget);
  lay_value(base.timeout, layer.timeout);
  lay_list(base.accept, layer.accept, adds(layer, "accept"));
  lay_value(base.session, layer.session);
  lay_value(base.restart, layer.restart);
  lay_value(base.on_engine_crash, layer.on_engine_crash);
  lay_value(base.brief, layer.brief);
  for (const auto& [key, origins] : layer.origins) {
    std::vector<Origin>& chain = base.origins[key];
    chain.insert(chain.end(), origins.begin(), origins.end());
    if (!origins.back().add)
      base.broken.erase(key);
  }
  base.broken.insert(layer.broken.begin(), layer.broken.end());
}

}  // namespace fleet::sema
