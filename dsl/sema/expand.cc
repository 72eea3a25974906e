#include "dsl/sema/expand.h"

#include <utility>

#include "dsl/sema/reader.h"
#include "dsl/sema/report.h"

namespace fleet::sema {
namespace {

using Kind = ast::Atom::Kind;

// Of a text whose holes are filled: a pattern that uses another with `"{t}{t}"` doubles it.
constexpr std::size_t kMostParts = 2000;
constexpr std::size_t kMostText = std::size_t{256} << 10;  // bytes

std::size_t size_of(const std::vector<ast::StringPart>& parts) {
  std::size_t size = 0;
  for (const ast::StringPart& part : parts)
    size += part.text.size();
  return size;
}

class Copy {
 public:
  Copy(Context& context, SourceId source, const Bindings& bindings)
      : context_(context), source_(source), bindings_(bindings) {}

  std::shared_ptr<ast::Body> body(const ast::Body& from) {
    auto copy = std::make_shared<ast::Body>();
    copy->span = here(from.span);
    for (const ast::Body::Item& item : from.items) {
      // Blocks and uses in a pattern were refused where it is declared.
      if (item.assignment)
        copy->items.push_back({assignment(*item.assignment), nullptr, nullptr});
    }
    return copy;
  }

 private:
  Span here(Span span) const {
    span.source = source_;
    return span;
  }
  ast::Ident here(ast::Ident name) const {
    name.span.source = source_;
    return name;
  }

  const ast::Value* bound(const std::string& name) const {
    const auto found = bindings_.find(name);
    return found == bindings_.end() ? nullptr : found->second;
  }

  std::shared_ptr<ast::Assignment> assignment(const ast::Assignment& from) {
    auto copy = std::make_shared<ast::Assignment>(from);
    copy->key = here(copy->key);
    copy->span = here(copy->span);
    copy->value = value(from.value);
    return copy;
  }

  ast::Value value(const ast::Value& from) {
    ast::Value copy;
    copy.span = here(from.span);
    for (const ast::Atom& one : from.atoms)
      append(copy.atoms, one);
    return copy;
  }

  // A parameter by itself becomes all that it stands for: `1..20` is three atoms.
  void append(std::vector<ast::Atom>& atoms, const ast::Atom& from) {
    const ast::Value* argument = is_word(from) ? bound(from.path.front().text) : nullptr;
    if (argument != nullptr)
      atoms.insert(atoms.end(), argument->atoms.begin(), argument->atoms.end());
    else
      atoms.push_back(atom(from));
  }

  ast::Atom atom(const ast::Atom& from) {
    ast::Atom copy = from;
    copy.span = here(from.span);
    for (ast::Ident& part : copy.path)
      part = here(part);
    if (copy.version)
      copy.version = here(*copy.version);
    if (copy.per)
      copy.per = here(*copy.per);
    copy.parts = parts(from.parts);
    for (ast::Argument& argument : copy.args) {
      if (argument.name)
        argument.name = here(*argument.name);
      if (argument.value)
        argument.value = std::make_shared<ast::Value>(value(*argument.value));
    }
    if (copy.block)
      copy.block = body(*copy.block);
    if (!copy.path.empty())
      put_name(copy);
    return copy;
  }

  // `builder(…)` and `build.diff`, where the first part is a parameter.
  void put_name(ast::Atom& copy) {
    const ast::Value* argument = bound(copy.path.front().text);
    if (argument == nullptr)
      return;
    const bool name = argument->atoms.size() == 1 && argument->atoms.front().kind == Kind::kName;
    if (!name) {
      say_no_name(copy, *argument);
      copy.kind = Kind::kError;
      return;
    }
    std::vector<ast::Ident> path = argument->atoms.front().path;
    path.insert(path.end(), copy.path.begin() + 1, copy.path.end());
    copy.path = std::move(path);
    copy.text.clear();
    for (const ast::Ident& part : copy.path)
      copy.text += (copy.text.empty() ? "" : ".") + part.text;
  }

  void say_no_name(const ast::Atom& use, const ast::Value& argument) {
    if (argument.atoms.empty() || argument.atoms.front().kind == Kind::kError)
      return;
    const std::string name = ticked(use.path.front().text);
    Diagnostic diagnostic =
        error("F202", argument.span, name + " stands for a name, and this is none",
              "this is " + describe(argument.atoms.front()));
    diagnostic.secondary.push_back(
        {use.path.front().span, use.kind == Kind::kCall ? "called here" : "a part of it is used"});
    context_.sink.add(std::move(diagnostic));
  }

  std::vector<ast::StringPart> parts(const std::vector<ast::StringPart>& from) {
    std::vector<ast::StringPart> copy;
    for (const ast::StringPart& part : from) {
      const ast::Value* argument = part.hole ? bound(part.text) : nullptr;
      if (argument != nullptr) {
        put_text(copy, part, *argument);
      } else {
        copy.push_back(part);
        copy.back().span = here(part.span);
      }
    }
    return copy;
  }

  // `{target}`: the text itself, or the hole that it is at the use.
  void put_text(std::vector<ast::StringPart>& copy, const ast::StringPart& hole,
                const ast::Value& argument) {
    if (argument.atoms.size() == 1) {
      const ast::Atom& one = argument.atoms.front();
      switch (one.kind) {
        case Kind::kError: return;
        case Kind::kString:
          if (copy.size() + one.parts.size() > kMostParts ||
              size_of(copy) + size_of(one.parts) > kMostText)
            return say_long(hole, argument.span);
          copy.insert(copy.end(), one.parts.begin(), one.parts.end());
          return;
        case Kind::kNumber:
        case Kind::kDate: copy.push_back({false, one.text, one.span}); return;
        case Kind::kName:
          if (is_word(one)) {
            copy.push_back({true, one.text, one.span});
            return;
          }
          break;
        default: break;
      }
    }
    Diagnostic diagnostic =
        error("F203", argument.span, "`{" + hole.text + "}` stands for text",
              argument.atoms.empty() ? "" : "this is " + describe(argument.atoms.back()));
    diagnostic.secondary.push_back({here(hole.span), "the hole"});
    context_.sink.add(std::move(diagnostic));
  }

  // Said once: what is too long stays too long.
  void say_long(const ast::StringPart& hole, Span argument) {
    if (std::exchange(context_.said_long_text, true))
      return;
    Diagnostic diagnostic =
        error("F202", argument, "with the holes of its patterns filled a text is too long",
              "what is too long for `{" + hole.text + "}`");
    diagnostic.secondary.push_back({here(hole.span), "the hole"});
    diagnostic.notes.push_back("a text may have " + std::to_string(kMostText >> 10) + " KiB and " +
                               std::to_string(kMostParts) + " holes and pieces");
    context_.sink.add(std::move(diagnostic));
  }

  Context& context_;
  SourceId source_;
  const Bindings& bindings_;
};

}  // namespace

std::shared_ptr<ast::Body> expand(Context& context, SourceId expansion, const ast::Body& body,
                                  const Bindings& bindings) {
  return Copy(context, expansion, bindings).body(body);
}

}  // namespace fleet::sema
