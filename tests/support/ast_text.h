// The syntax tree as text without its positions: two files mean the same to the compiler if and
// only if these texts are equal.
#pragma once

#include <string>

#include "dsl/syntax/ast.h"

namespace fleet::testing {

std::string ast_text(const ast::Body& body);
std::string ast_text(const ast::Value& value);

inline std::string ast_text(const ast::Atom& atom) {
  std::string out =
      "<" + std::to_string(static_cast<int>(atom.kind)) + " " + std::to_string(atom.amount);
  if (atom.kind != ast::Atom::Kind::kString) {
    out += " " + atom.text;
  }
  for (const ast::Ident& part : atom.path) {
    out += " ." + part.text;
  }
  out += atom.version ? " @" + atom.version->text : "";
  out += atom.per ? " /" + atom.per->text : "";
  for (const ast::StringPart& part : atom.parts) {
    out += (part.hole ? " hole:" : " text:") + part.text;
  }
  for (const ast::Argument& argument : atom.args) {
    out +=
        " (" + (argument.name ? argument.name->text + ":" : "") + ast_text(*argument.value) + ")";
  }
  return out + (atom.block ? ast_text(*atom.block) : "") + ">";
}

inline std::string ast_text(const ast::Value& value) {
  std::string out;
  for (const ast::Atom& atom : value.atoms) {
    out += ast_text(atom);
  }
  return out;
}

inline std::string ast_text(const ast::Block& block) {
  std::string out = "block " + block.kind.text;
  for (const ast::Ident& name : block.names) {
    out += (block.name_is_string ? " \"" : " ") + name.text;
  }
  out += block.version ? " " + block.version->text : "";
  out += block.has_parameters ? " (" : "";
  for (const ast::Parameter& parameter : block.parameters) {
    out += parameter.name.text + ",";
  }
  out += block.base ? " : " + ast_text(*block.base) : "";
  out += block.on ? " on " + ast_text(*block.on) : "";
  return out + (block.has_body ? ast_text(block.body) : " without body");
}

inline std::string ast_text(const ast::Use& use) {
  std::string out = "use " + std::string(use.is_file ? "file " : "") + use.path;
  for (const ast::Ident& name : use.names) {
    out += " " + name.text;
  }
  return out + (use.alias ? " as " + use.alias->text : "");
}

inline std::string ast_text(const ast::Body& body) {
  std::string out = "{\n";
  for (const ast::Body::Item& item : body.items) {
    if (item.assignment) {
      out += "/// " + item.assignment->doc + "\n" + item.assignment->key.text +
             (item.assignment->add ? " += " : " = ") + ast_text(item.assignment->value) + "\n";
    } else if (item.block) {
      out += "/// " + item.block->doc + "\n" + ast_text(*item.block) + "\n";
    } else {
      out += ast_text(*item.use) + "\n";
    }
  }
  return out + "}";
}

inline std::string ast_text(const ast::File& file) {
  return file.doc + "\n" + ast_text(file.body);
}

}  // namespace fleet::testing
