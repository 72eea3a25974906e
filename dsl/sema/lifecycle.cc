#include "dsl/sema/lifecycle.h"

#include <utility>

#include "dsl/sema/event.h"
#include "dsl/sema/report.h"
#include "dsl/sema/runtime.h"

namespace fleet::sema {
namespace {

using Kind = ast::Atom::Kind;

void say_twice(Reader& reader, const ast::Atom& word, Span first) {
  Diagnostic diagnostic =
      error("F106", word.span, ticked(word.text) + " is said twice", "said again here");
  diagnostic.secondary.push_back({first, "first said here"});
  reader.sink().add(std::move(diagnostic));
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
    reader.sink().add(error("F202", want.span, "`backoff` ends below its beginning"));
    reader.give_up();
    return;
  }
  restart.backoff_min = *least;
  restart.backoff_max = *most;
}

void read_part(Reader& reader, const Want& want, const std::string& part, plan::Restart& restart) {
  constexpr std::uint32_t kMostAnHour = 1000;
  if (part == "backoff")
    read_backoff(reader, want, restart);
  if (part == "max") {
    if (const auto most = reader.rate(want, "h", kMostAnHour))
      restart.max_per_hour = *most;
  }
  if (part == "else") {
    restart.escalate = reader.take_word("escalate");
    if (!restart.escalate && !reader.take_word("fail"))
      reader.fail(want, "`escalate` or `fail`");
  }
}

// One trigger of `handoff`: `shutdown`, or `context > 70%`.
void read_trigger(Reader& reader, plan::Handoff& handoff) {
  if (!handoff.shutdown && reader.take_word("shutdown")) {
    handoff.shutdown = true;
  } else if (!handoff.context_percent && reader.take_word("context")) {
    if (!reader.take_operator(">")) {
      reader.fail(reader.want(), "a bound, such as `context > 70%`");
      return;
    }
    handoff.context_percent = reader.percent(reader.want());
  } else {
    reader.fail(reader.want(), "`shutdown` and `context > 70%`, each once");
  }
}

// F410: what is read is pinned by its version.
void say_version(Context& context, const ast::Atom& atom, const Identity& identity) {
  const std::string right = identity.name + "@v" + std::to_string(identity.version);
  const bool other = atom.version.has_value();
  Diagnostic diagnostic =
      error("F410", atom.span,
            other ? "identity " + ticked(identity.name) + " is declared in another version"
                  : "identity " + ticked(identity.name) + " is used without a version",
            other ? "this asks for " + atom.version->text : "");
  diagnostic.secondary.push_back(
      {identity.name_span, "version " + std::to_string(identity.version) + " is declared here"});
  diagnostic.helps.push_back({"write `" + right + "`", {{atom.span, right}}, true});
  context.sink.add(std::move(diagnostic));
}

std::optional<IdentityUse> read_use(Context& context, Scope& scope, const ast::Atom& atom) {
  const Symbol* symbol =
      scope.resolve(context, atom.path, name_span(atom), {Symbol::Kind::kIdentity});
  if (symbol == nullptr)
    return std::nullopt;
  const Identity& identity = context.model.identities[symbol->index];
  const std::string declared = "v" + std::to_string(identity.version);
  const bool same = atom.version && atom.version->text == declared;
  if (!same && !identity.broken) {
    say_version(context, atom, identity);
    return std::nullopt;
  }
  return IdentityUse{symbol->index, atom.span};
}

void read_overlap(Reader& reader, Dispatch& dispatch) {
  dispatch.says_overlap = reader.take_word("overlap");
  if (!dispatch.says_overlap)
    return;
  if (reader.take_word("queue")) {
    dispatch.overlap = plan::Overlap::kQueue;
  } else if (!reader.take_word("skip")) {
    reader.fail(reader.want(), "`overlap skip` or `overlap queue`");
  }
}

}  // namespace

std::optional<plan::Restart> read_restart(Context&, const schema::Key& key, Reader& reader) {
  plan::Restart restart;
  if (!reader.take_word("on_crash")) {
    reader.fail(reader.want(), "`on_crash`");
    return std::nullopt;
  }
  std::map<std::string, Span> said;
  while (!reader.at_end()) {
    const ast::Atom& word = reader.peek();
    if (!is_word(word) || schema::find_part(key, word.text) == nullptr) {
      reader.finish();
      break;
    }
    const auto [first, fresh] = said.emplace(word.text, word.span);
    if (!fresh) {
      say_twice(reader, word, first->second);
      break;
    }
    reader.next();
    read_part(reader, {ticked(word.text), word.span}, word.text, restart);
  }
  if (reader.failed())
    return std::nullopt;
  return restart;
}

std::optional<plan::Handoff> read_handoff(Context& context, Reader& reader) {
  if (!reader.next_is(Kind::kList)) {
    reader.fail(reader.want(), "a list such as `[shutdown, context > 70%]`");
    return std::nullopt;
  }
  plan::Handoff handoff;
  for (const ast::Argument& argument : reader.next().args) {
    Reader element(context.sink, *argument.value, reader.want());
    if (argument.name) {
      context.sink.add(error("F202", argument.name->span, "an element of `handoff` has no name"));
      element.give_up();
    }
    if (!element.failed())
      read_trigger(element, handoff);
    element.finish();
    if (element.failed()) {
      reader.give_up();
      return std::nullopt;
    }
  }
  return handoff;
}

std::optional<Dispatch> read_dispatch(Context& context, Reader& reader) {
  Dispatch dispatch;
  if (reader.take_word("ephemeral"))
    return dispatch;
  if (reader.take_word("always")) {
    dispatch.mode = plan::Dispatch::kAlways;
    return dispatch;
  }
  if (reader.take_word("on")) {
    dispatch.mode = plan::Dispatch::kOn;
    dispatch.on = read_event(reader, {"`on`", reader.want().span});
  } else if (reader.take_word("every")) {
    dispatch.mode = plan::Dispatch::kEvery;
    dispatch.every = read_positive(context, reader, {"`every`", reader.want().span});
    read_overlap(reader, dispatch);
  } else {
    reader.fail(reader.want(), "`ephemeral`, `always`, `on EVENT` or `every D`");
  }
  if (reader.failed())
    return std::nullopt;
  return dispatch;
}

std::optional<std::vector<IdentityUse>> read_identity_uses(Context& context, Scope& scope,
                                                           Reader& reader) {
  if (!reader.next_is(Kind::kList)) {
    reader.fail(reader.want(), "a list of documents, such as `[core@v4]`");
    return std::nullopt;
  }
  std::vector<IdentityUse> uses;
  for (const ast::Argument& argument : reader.next().args) {
    const std::vector<ast::Atom>& atoms = argument.value->atoms;
    const bool name = !argument.name && atoms.size() == 1 && atoms.front().kind == Kind::kName;
    if (!name) {
      context.sink.add(error("F202", argument.value->span,
                             "`identity` takes documents with their versions, such as `core@v4`"));
      reader.give_up();
      return std::nullopt;
    }
    const std::optional<IdentityUse> use = read_use(context, scope, atoms.front());
    if (!use) {
      reader.give_up();
      return std::nullopt;
    }
    uses.push_back(*use);
  }
  return uses;
}

}  // namespace fleet::sema
