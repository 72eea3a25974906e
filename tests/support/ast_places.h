// The syntax tree as text with every place in it: two texts are equal if and only if the trees are.
#pragma once

#include <optional>
#include <string>

#include "dsl/syntax/ast.h"

namespace fleet::testing {

class AstPlaces {
 public:
  static std::string of(const ast::File& file) {
    AstPlaces places;
    places.put(file.source.value);
    places.put(file.doc);
    places.put(file.body);
    return std::move(places.text_);
  }

 private:
  void put(std::uint64_t number) { text_ += std::to_string(number) + " "; }
  void put(const std::string& text) { text_ += std::to_string(text.size()) + ":" + text + " "; }
  void put(const Span& span) {
    text_ += "@" + std::to_string(span.source.value) + ":" + std::to_string(span.begin) + "-" +
             std::to_string(span.end) + " ";
  }
  void put(const ast::Ident& ident) {
    put(ident.text);
    put(ident.span);
  }
  void put(const std::optional<ast::Ident>& ident) {
    text_ += ident ? "+" : "- ";
    if (ident)
      put(*ident);
  }
  void put(const ast::Body& body) {
    text_ += "\n{";
    put(body.span);
    for (const ast::Body::Item& item : body.items) {
      text_ += "\n";
      if (item.assignment)
        put(*item.assignment);
      if (item.block)
        put(*item.block);
      if (item.use)
        put(*item.use);
    }
    text_ += "}";
  }
  void put(const ast::Assignment& one) {
    put(one.key);
    put(static_cast<std::uint64_t>(one.add) + 2 * static_cast<std::uint64_t>(one.doubtful) +
        4 * static_cast<std::uint64_t>(one.bound));
    put(one.value);
    put(one.doc);
    put(one.span);
  }
  void put(const ast::Block& one) {
    put(one.kind);
    for (const ast::Ident& name : one.names)
      put(name);
    put(static_cast<std::uint64_t>(one.name_is_string) +
        2 * static_cast<std::uint64_t>(one.has_parameters) +
        4 * static_cast<std::uint64_t>(one.has_body) + 8 * static_cast<std::uint64_t>(one.misread));
    put(one.version);
    for (const ast::Parameter& parameter : one.parameters)
      put(parameter.name);
    text_ += one.base ? ":" : "-";
    if (one.base)
      put(*one.base);
    text_ += one.on ? "on" : "-";
    if (one.on)
      put(*one.on);
    put(one.body);
    put(one.doc);
    put(one.header);
    put(one.span);
  }
  void put(const ast::Use& one) {
    put(one.path);
    put(static_cast<std::uint64_t>(one.is_file) + 2 * static_cast<std::uint64_t>(one.foreign));
    put(one.path_span);
    for (const ast::Ident& name : one.names)
      put(name);
    put(one.alias);
    put(one.span);
  }
  void put(const ast::Value& value) {
    text_ += "[";
    put(value.span);
    for (const ast::Atom& atom : value.atoms)
      put(atom);
    text_ += "]";
  }
  void put(const ast::Atom& atom) {
    text_ += "<";
    put(static_cast<std::uint64_t>(atom.kind));
    put(atom.span);
    put(static_cast<std::uint64_t>(atom.amount));
    put(atom.text);
    for (const ast::Ident& part : atom.path)
      put(part);
    put(atom.version);
    put(atom.per);
    for (const ast::StringPart& part : atom.parts) {
      put(static_cast<std::uint64_t>(part.hole));
      put(part.text);
      put(part.span);
    }
    put(static_cast<std::uint64_t>(atom.block_string));
    for (const ast::Argument& argument : atom.args) {
      put(argument.name);
      put(*argument.value);
    }
    if (atom.block)
      put(*atom.block);
    text_ += ">";
  }

  std::string text_;
};

}  // namespace fleet::testing
