#include "dsl/sema/contract.h"

#include <utility>

#include "dsl/base/suggest.h"
#include "dsl/sema/lifecycle.h"
#include "dsl/sema/report.h"
#include "dsl/sema/runtime.h"
#include "dsl/sema/things.h"

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
    if (key.name == "identity")
      put(contract_.identity, read_identity_uses(context_, scope_, reader), span);
    if (key.name == "grants")
      read_grants(reader, span);
    if (key.name == "dispatch")
      put(contract_.dispatch, read_dispatch(context_, reader), span);
    if (key.name == "session_max")
      put(contract_.session_max, read_positive(context_, reader, reader.want()), span);
    if (key.name == "checkpoint")
      put(contract_.checkpoint, read_positive(context_, reader, reader.want()), span);
    if (key.name == "handoff")
      put(contract_.handoff, read_handoff(context_, reader), span);
    if (key.name == "restart")
      put(contract_.restart, read_restart(context_, key, reader), span);
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
    std::string per;
    const std::optional<plan::Money> amount = reader.money(reader.want(), {"task", "day"}, &per);
    put(per == "day" ? contract_.day_budget : contract_.budget, amount, span);
  }

  void read_grants(Reader& reader, Span span) {
    if (!reader.failed() && !reader.next_is(Kind::kList)) {
      reader.fail(reader.want(), "a list of credentials, such as `[llm]`");
      return;
    }
    put(contract_.grants,
        read_names(context_, scope_, reader, {Symbol::Kind::kCredential}, "credentials"), span);
  }

  void read_timeout(Reader& reader, Span span) {
    put(contract_.timeout, read_positive(context_, reader, reader.want()), span);
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
    const auto choice = static_cast<std::size_t>(word - key.words.data());
    if (key.name == "session")
      contract_.session = {static_cast<plan::SessionMode>(choice), span};
    if (key.name == "on_engine_crash")
      contract_.on_engine_crash = {static_cast<plan::OnEngineCrash>(choice), span};
    if (key.name == "reads")
      contract_.reads = {static_cast<plan::Reads>(choice), span};
    if (key.name == "returns")
      contract_.returns = {static_cast<plan::Returns>(choice), span};
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
  lay_list(base.identity, layer.identity, adds(layer, "identity"));
  lay_list(base.grants, layer.grants, adds(layer, "grants"));
  lay_value(base.dispatch, layer.dispatch);
  lay_value(base.reads, layer.reads);
  lay_value(base.returns, layer.returns);
  if (layer.budget || layer.day_budget) {
    base.budget = layer.budget;
    base.day_budget = layer.day_budget;
  }
  lay_value(base.timeout, layer.timeout);
  lay_list(base.accept, layer.accept, adds(layer, "accept"));
  lay_value(base.session, layer.session);
  lay_value(base.session_max, layer.session_max);
  lay_value(base.checkpoint, layer.checkpoint);
  lay_value(base.handoff, layer.handoff);
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
