#include "dsl/sema/runtime.h"

#include <utility>

#include "dsl/sema/report.h"

namespace fleet::sema {
namespace {

using Kind = ast::Atom::Kind;

// Reads a bracketed list of `name: value`. `read` handles one element; false: unknown name.
template <class Read>
void walk_named(Context& context, Reader& reader, const std::string& form, const Read& read) {
  if (!reader.next_is(Kind::kList)) {
    reader.fail(reader.want(), form);
    return;
  }
  std::map<std::string, Span> seen;
  bool good = true;
  for (const ast::Argument& argument : reader.next().args) {
    if (!argument.name) {
      context.sink.add(
          error("F202", argument.value->span, reader.want().who + " takes " + form, "has no name"));
      good = false;
      continue;
    }
    const auto [first, fresh] = seen.emplace(argument.name->text, argument.name->span);
    if (!fresh) {
      Diagnostic diagnostic =
          error("F106", argument.name->span, ticked(argument.name->text) + " is set twice",
                "set again here");
      diagnostic.secondary.push_back({first->second, "first set here"});
      context.sink.add(std::move(diagnostic));
      good = false;
      continue;
    }
    Reader element(context.sink, *argument.value,
                   {ticked(argument.name->text), argument.name->span});
    read(*argument.name, element);
    element.finish();
    good = good && !element.failed();
  }
  if (!good)
    reader.give_up();
}

// Variables by which the engine tells a session where and who it is.
bool is_set_by_engine(const std::string& name) {
  return name == "HOME" || name == "TMPDIR" || name.starts_with("FLEET_") ||
         name.starts_with("GIT_");
}

void say_set_by_engine(Context& context, const ast::Ident& name) {
  Diagnostic diagnostic = error("F202", name.span, ticked(name.text) + " is set by the engine");
  diagnostic.notes.push_back(
      "`HOME`, `TMPDIR` and all that begins with `FLEET_` or `GIT_` say where a session is and "
      "which task it has");
  context.sink.add(std::move(diagnostic));
}

void read_env(Context& context, Reader& reader, Runtime& runtime) {
  walk_named(context, reader, "a list such as `[NAME: \"value\"]`",
             [&](const ast::Ident& name, Reader& element) {
               if (is_set_by_engine(name.text)) {
                 say_set_by_engine(context, name);
                 element.give_up();
                 return;
               }
               if (!element.next_is(Kind::kString)) {
                 element.fail(element.want(), "text in quotes");
                 return;
               }
               std::optional<std::string> value = plain_text(context.sink, element.next(), "`env`");
               if (value) {
                 runtime.env.emplace_back(name.text, *std::move(value));
               } else {
                 element.give_up();
               }
             });
}

void read_sandbox(Context& context, Reader& reader, Runtime& runtime) {
  if (!reader.next_is(Kind::kList)) {
    if (const std::optional<bool> on = reader.on_off(reader.want()))
      runtime.sandbox.on = *on;
    return;
  }
  walk_named(context, reader, "a list such as `[write: [\"~/.cache\"], network: off]`",
             [&](const ast::Ident& name, Reader& element) {
               if (name.text == "write") {
                 if (auto paths = element.paths(element.want()))
                   runtime.sandbox.write = *paths;
               } else if (name.text == "network") {
                 if (const auto on = element.on_off(element.want()))
                   runtime.sandbox.network = *on;
               } else {
                 context.sink.add(unknown("F104", name.span, "key of `sandbox`", name.text,
                                          {"write", "network"}));
                 element.give_up();
               }
             });
}

void read_model(Context& context, Reader& reader, Runtime& runtime) {
  if (!reader.next_is(Kind::kString)) {
    reader.fail(reader.want(), "a model's name in quotes");
    return;
  }
  if (std::optional<std::string> name = plain_text(context.sink, reader.next(), "`model`")) {
    runtime.model = *std::move(name);
  } else {
    reader.give_up();
  }
}

// A shell has no model: a key without effect is refused. Its `price` may have one (check_prices).
void check_model_keys(Context& context, const ast::Block& block, const Runtime& runtime) {
  for (const ast::Body::Item& item : block.body.items) {
    if (!item.assignment || runtime.adapter != plan::Adapter::kShell)
      continue;
    const ast::Ident& key = item.assignment->key;
    if (key.text != "model")
      continue;
    Diagnostic diagnostic = error("F202", key.span, "a `shell` runtime has no " + ticked(key.text));
    diagnostic.helps.push_back(
        {"name the adapter that speaks with a model, such as `adapter = claude`", {}, false});
    context.sink.add(std::move(diagnostic));
  }
}

void read_key(Context& context, const schema::Key& key, Reader& reader, Runtime& runtime) {
  if (key.name == "adapter") {
    const schema::Word* word = read_word(context, key, reader);
    for (std::size_t i = 0; word != nullptr && i < key.words.size(); ++i) {
      if (key.words[i].text == word->text)
        runtime.adapter = static_cast<plan::Adapter>(i);
    }
  }
  if (key.name == "model")
    read_model(context, reader, runtime);
  if (key.name == "price")
    runtime.price = reader.money(reader.want(), {"Mtok"}, nullptr);
  if (key.name == "command") {
    if (std::optional<Text> text = reader.text(reader.want()))
      runtime.command = *std::move(text);
  }
  if (key.name == "spawn")
    runtime.spawn = reader.duration(reader.want());
  if (key.name == "env")
    read_env(context, reader, runtime);
  if (key.name == "sandbox")
    read_sandbox(context, reader, runtime);
}

}  // namespace

std::optional<plan::Millis> read_positive(Context& context, Reader& reader, const Want& want) {
  if (reader.at_end())
    return reader.duration(want);
  const Span span = reader.peek().span;
  const std::optional<plan::Millis> duration = reader.duration(want);
  if (duration && duration->count() <= 0) {
    context.sink.add(error("F202", span, want.who + " must be above zero"));
    reader.give_up();
    return std::nullopt;
  }
  return duration;
}

std::optional<Text> read_text_call(Context& context, const ast::Atom& call) {
  if (call.args.size() != 1 || call.args.front().name) {
    context.sink.add(
        error("F202", call.span, ticked(call.text) + " takes one argument, text in quotes"));
    return std::nullopt;
  }
  Reader argument(context.sink, *call.args.front().value, {ticked(call.text), call.span});
  std::optional<Text> text = argument.text(argument.want());
  argument.finish();
  if (argument.failed())
    return std::nullopt;
  return text;
}

std::optional<std::size_t> read_runtime_use(Context& context, Scope& scope, Reader& reader) {
  if (reader.failed())
    return std::nullopt;
  if (reader.next_is(Kind::kCall) && reader.peek().text == "shell") {
    const ast::Atom& call = reader.next();
    std::optional<Text> command = read_text_call(context, call);
    if (!command) {
      reader.give_up();
      return std::nullopt;
    }
    Runtime runtime;
    runtime.name_span = call.span;
    runtime.command = *std::move(command);
    context.model.runtimes.push_back(std::move(runtime));
    return context.model.runtimes.size() - 1;
  }
  if (!reader.next_is(Kind::kName)) {
    reader.fail(reader.want(), "a runtime's name or `shell(\"command\")`");
    return std::nullopt;
  }
  const ast::Atom& name = reader.next();
  const Symbol* symbol = scope.resolve(context, name.path, name.span, {Symbol::Kind::kRuntime});
  if (symbol == nullptr) {
    reader.give_up();
    return std::nullopt;
  }
  return symbol->index;
}

Runtime read_runtime(Context& context, const ast::Block& block) {
  Runtime runtime;
  runtime.name = block.names.front().text;
  runtime.name_span = block.names.front().span;
  const schema::Kind& kind = *schema::find_kind("runtime");
  bool known = true;
  walk_keys(context, kind, block.body,
            [&](const schema::Key& key, const ast::Assignment& assignment) {
              Reader reader(context.sink, assignment.value, want_of(assignment));
              read_key(context, key, reader, runtime);
              reader.finish();
              if (key.name == "adapter")
                known = !reader.failed();
              runtime.origins[assignment.key.text].push_back(
                  origin_of(context, Layer::kRuntime, "runtime " + runtime.name, assignment));
            });
  // What another adapter needs is its own affair.
  const bool shell = known && runtime.adapter == plan::Adapter::kShell;
  const std::set<std::string> further =
      shell ? std::set<std::string>{"command"} : std::set<std::string>{};
  require_keys(context, kind, block, further);
  if (shell && runtime.origins.contains("adapter"))
    check_model_keys(context, block, runtime);
  return runtime;
}

}  // namespace fleet::sema
