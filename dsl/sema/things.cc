#include "dsl/sema/things.h"

#include <algorithm>
#include <utility>

#include "dsl/sema/report.h"
#include "dsl/sema/runtime.h"

namespace fleet::sema {
namespace {

using Kind = ast::Atom::Kind;

// Calls `read` for each good key, records where it was said, and reports keys that are missing.
template <class Thing, class Read>
void read_body(Context& context, const ast::Block& block, Thing& thing, const Read& read) {
  const schema::Kind& kind = *schema::find_kind(block.kind.text);
  const std::string owner = block.kind.text + " " + block.names.front().text;
  walk_keys(context, kind, block.body,
            [&](const schema::Key& key, const ast::Assignment& assignment) {
              Reader reader(context.sink, assignment.value, want_of(assignment));
              read(key, reader, assignment.value.span);
              reader.finish();
              thing.origins[assignment.key.text].push_back(
                  origin_of(context, Layer::kThing, owner, assignment));
            });
  require_keys(context, kind, block, {});
}

// Nothing fills a hole in what is no task's command.
bool has_no_hole(Context& context, const ast::Atom& call, const std::string& who) {
  return plain_text(context.sink, call.args.front().value->atoms.front(), who).has_value();
}

// `command("…")`.
Text read_command(Context& context, Reader& reader) {
  if (!reader.next_is(Kind::kCall) || reader.peek().text != "command") {
    reader.fail(reader.want(), "`command(\"…\")`");
    return {};
  }
  const ast::Atom& call = reader.next();
  std::optional<Text> text = read_text_call(context, call);
  if (!text || !has_no_hole(context, call, reader.want().who)) {
    reader.give_up();
    return {};
  }
  return *std::move(text);
}

std::string read_plain(Context& context, Reader& reader, const std::string& expected) {
  if (!reader.next_is(Kind::kString)) {
    reader.fail(reader.want(), expected);
    return {};
  }
  std::optional<std::string> text = plain_text(context.sink, reader.next(), reader.want().who);
  if (!text)
    reader.give_up();
  return text ? *std::move(text) : std::string();
}

const char* const kFromForms = "`env(NAME)`, `file(\"path\")` or `command(\"…\")`";

// `env(NAME)`: the name of a variable, never a value.
void read_env(Context& context, const ast::Atom& call, Reader& reader, Credential& credential) {
  const bool good = call.args.size() == 1 && !call.args.front().name &&
                    call.args.front().value->atoms.size() == 1 &&
                    is_word(call.args.front().value->atoms.front());
  if (good) {
    credential.source = call.args.front().value->atoms.front().text;
    return;
  }
  Diagnostic diagnostic = error("F202", call.span, "`env` takes the name of a variable");
  diagnostic.helps.push_back({"write `env(NAME)`: the fleet never holds the secret", {}, false});
  context.sink.add(std::move(diagnostic));
  reader.give_up();
}

void read_from(Context& context, Reader& reader, Credential& credential) {
  using From = plan::Credential::From;
  if (!reader.next_is(Kind::kCall)) {
    reader.fail(reader.want(), kFromForms);
    return;
  }
  const ast::Atom& call = reader.peek();
  if (call.text != "env" && call.text != "file" && call.text != "command") {
    reader.fail(reader.want(), kFromForms);
    return;
  }
  reader.next();
  if (call.text == "env") {
    read_env(context, call, reader, credential);
    return;
  }
  std::optional<Text> text = read_text_call(context, call);
  if (!text || !has_no_hole(context, call, "`from`")) {
    reader.give_up();
  } else if (call.text == "command") {
    credential.from = From::kCommand;
    credential.command = *std::move(text);
  } else {
    credential.from = From::kFile;
    credential.source = to_string(*text);
  }
}

// Scopes are the issuer's words: `contents.write`.
void read_scopes(Context& context, Reader& reader, Credential& credential) {
  if (!reader.next_is(Kind::kList)) {
    reader.fail(reader.want(), "a list such as `[contents.write]`");
    return;
  }
  for (const ast::Argument& argument : reader.next().args) {
    const std::vector<ast::Atom>& atoms = argument.value->atoms;
    const bool name = atoms.size() == 1 && !argument.name && atoms.front().kind == Kind::kName;
    const bool text = atoms.size() == 1 && !argument.name && atoms.front().kind == Kind::kString;
    if (name) {
      credential.scopes.push_back(atoms.front().text);
    } else if (std::optional<std::string> plain =
                   text ? plain_text(context.sink, atoms.front(), "`scopes`") : std::nullopt) {
      credential.scopes.push_back(*std::move(plain));
    } else {
      if (!text)
        context.sink.add(error("F202", argument.value->span, "a scope is a name or text"));
      reader.give_up();
      return;
    }
  }
}

std::uint32_t version_number(const ast::Ident& version) {
  std::uint32_t number = 0;
  for (const char c : version.text) {
    if (c >= '0' && c <= '9' && number < 100'000'000)
      number = number * 10 + static_cast<std::uint32_t>(c - '0');
  }
  return number;
}

void say_order(Context& context, const std::vector<std::size_t>& chain, std::size_t begin) {
  std::vector<Identity>& all = context.model.identities;
  std::string path;
  for (std::size_t i = begin; i < chain.size(); ++i)
    path += all[chain[i]].name + " -> ";
  Diagnostic diagnostic = error("F412", all[chain[begin]].name_span,
                                "identity documents are each to be read after the other",
                                "can't be read before itself");
  diagnostic.notes.push_back("each is read after the next: " + path + all[chain[begin]].name);
  context.sink.add(std::move(diagnostic));
}

// Depth first; `state`: 0 new, 1 on the chain, 2 done.
void walk_order(Context& context, std::size_t at, std::vector<std::size_t>& chain,
                std::vector<int>& state) {
  state[at] = 1;
  chain.push_back(at);
  for (const At<std::size_t>& before : context.model.identities[at].after) {
    if (state[before.value] == 1) {
      const auto begin = std::ranges::find(chain, before.value) - chain.begin();
      say_order(context, chain, static_cast<std::size_t>(begin));
      context.model.identities[at].broken = true;
    } else if (state[before.value] == 0) {
      walk_order(context, before.value, chain, state);
    }
  }
  chain.pop_back();
  state[at] = 2;
}

}  // namespace

Human read_human(Context& context, const ast::Block& block) {
  Human human;
  human.name = block.names.front().text;
  human.name_span = block.names.front().span;
  read_body(context, block, human, [&](const schema::Key& key, Reader& reader, Span span) {
    if (key.name == "answers") {
      if (const auto time = read_positive(context, reader, reader.want()))
        human.answers = {*time, span};
    }
    if (key.name == "notify")
      human.notify = read_command(context, reader);
    if (key.name == "key")
      human.key = read_plain(context, reader, "a public key in quotes");
  });
  return human;
}

Credential read_credential(Context& context, Scope& scope, const ast::Block& block) {
  Credential credential;
  credential.name = block.names.front().text;
  credential.name_span = block.names.front().span;
  read_body(context, block, credential, [&](const schema::Key& key, Reader& reader, Span span) {
    if (key.name == "from")
      read_from(context, reader, credential);
    if (key.name == "owner") {
      auto owner = read_names(context, scope, reader, {Symbol::Kind::kHuman}, "a human's name");
      if (owner && owner->size() == 1)
        credential.owner = owner->front();
    }
    if (key.name == "expires") {
      if (const auto day = reader.date(reader.want()))
        credential.expires = {*day, span};
    }
    if (key.name == "scopes")
      read_scopes(context, reader, credential);
    if (key.name == "probe")
      credential.probe = read_command(context, reader);
    if (key.name == "mode") {
      const schema::Word* word = read_word(context, key, reader);
      if (word != nullptr && word->text == "env")
        credential.mode = plan::Credential::Mode::kEnv;
    }
  });
  return credential;
}

Identity read_identity(Context& context, Scope& scope, const ast::Block& block) {
  Identity identity;
  identity.name = block.names.front().text;
  identity.name_span = block.names.front().span;
  identity.home = context.sources.get(block.span.source).name();
  if (block.version) {
    identity.version = version_number(*block.version);
    identity.version_span = block.version->span;
  } else {
    identity.broken = true;
    Diagnostic diagnostic =
        error("F410", identity.name_span, "identity " + ticked(identity.name) + " has no version");
    diagnostic.helps.push_back(
        {"write `identity " + identity.name + " v1 { … }`: what agents read is pinned by it",
         {},
         false});
    context.sink.add(std::move(diagnostic));
  }
  read_body(context, block, identity, [&](const schema::Key& key, Reader& reader, Span span) {
    if (key.name == "file") {
      if (std::optional<std::string> path = reader.glob(reader.want()))
        identity.file = {*std::move(path), span};
    }
    if (key.name == "after") {
      auto before = read_names(context, scope, reader, {Symbol::Kind::kIdentity},
                               "an identity document's name");
      if (before)
        identity.after = *std::move(before);
    }
  });
  return identity;
}

void check_reading_order(Context& context) {
  std::vector<int> state(context.model.identities.size(), 0);
  std::vector<std::size_t> chain;
  for (std::size_t i = 0; i < state.size(); ++i) {
    if (state[i] == 0)
      walk_order(context, i, chain, state);
  }
}

std::optional<std::vector<At<std::size_t>>> read_names(Context& context, Scope& scope,
                                                       Reader& reader,
                                                       const std::vector<Symbol::Kind>& wanted,
                                                       const std::string& form) {
  if (reader.failed())
    return std::nullopt;
  std::vector<const ast::Atom*> names;
  if (reader.next_is(Kind::kName)) {
    names.push_back(&reader.next());
  } else if (reader.next_is(Kind::kList)) {
    for (const ast::Argument& argument : reader.next().args) {
      const std::vector<ast::Atom>& atoms = argument.value->atoms;
      const bool name = !argument.name && atoms.size() == 1 && atoms.front().kind == Kind::kName;
      if (!name) {
        context.sink.add(error("F202", argument.value->span, reader.want().who + " takes " + form));
        reader.give_up();
        return std::nullopt;
      }
      names.push_back(&atoms.front());
    }
  } else {
    reader.fail(reader.want(), form);
    return std::nullopt;
  }
  std::vector<At<std::size_t>> found;
  for (const ast::Atom* name : names) {
    const Symbol* symbol = scope.resolve(context, name->path, name->span, wanted);
    if (symbol == nullptr) {
      reader.give_up();
      return std::nullopt;
    }
    found.push_back({symbol->index, name->span});
  }
  return found;
}

}  // namespace fleet::sema
