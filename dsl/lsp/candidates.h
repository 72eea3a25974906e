// The things that completion can offer, and which of them fit a value. Private to dsl/lsp.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dsl/lsp/completion.h"
#include "dsl/lsp/cursor.h"
#include "dsl/schema/schema.h"
#include "dsl/sema/model.h"

namespace fleet::lsp {

// Collects offers for one place of one file; each label is offered once.
class Candidates {
 public:
  Candidates(const Snapshot& snapshot, SourceId source, std::uint32_t offset);

  const std::string& path() const { return snapshot_.path_of(source_); }
  const Snapshot& snapshot() const { return snapshot_; }
  const Named& named(std::size_t index) const { return snapshot_.names().at(index); }
  // Steps, parameters and items in reach.
  const std::map<std::string, std::size_t>& locals() const { return locals_; }
  const std::size_t* find(const std::string& name) const;
  std::vector<Completion> take() { return std::move(items_); }

  void add(Completion item);
  void word(std::string_view text, CompletionShape shape, std::string_view detail);
  void snippet(std::string_view label, std::string_view detail, std::string_view snippet);
  void row(std::string_view label, std::string_view form, std::string_view doc,
           std::string_view snippet);
  void kind(const schema::Kind& kind);
  void key(const schema::Key& key, bool set = false);
  void name(const std::string& label, std::size_t named, const std::string& text = {});

  // Names of the module that are of one of the kinds, those behind an alias qualified.
  void names(const std::set<NameKind>& kinds, const std::string& after = {});
  void exported(const std::string& alias, const std::set<NameKind>& kinds,
                const std::string& after = {});
  // `library`: also roles of the standard library that are not imported yet, with their import.
  void roles(bool library);
  void calls();
  void steps();
  void parameters();
  void outputs(bool only_branch);
  void edges(const std::string& step);
  // What a use of that pattern takes, by name or by place. False: no pattern has the name.
  bool pattern_arguments(const std::string& call, const std::string& argument);
  // The steps within the use of a pattern that the flow calls so. False: it uses none there.
  bool steps_within(const std::string& use);
  void events(std::string_view prefix);
  void holes(bool in_flow);
  // What the `use` of these tokens can import.
  void importable(const std::vector<Cursor::Token>& use);
  void library_modules();

 private:
  FileEdit import_of(const std::string& module, const std::string& name) const;

  const Snapshot& snapshot_;
  SourceId source_;
  std::uint32_t offset_;
  std::size_t module_ = 0;
  std::map<std::string, std::size_t> locals_;
  std::set<std::string> labels_;
  std::vector<Completion> items_;
};

// A value of a declaration's key.
class KeyCandidates {
 public:
  KeyCandidates(const Cursor& cursor, Candidates& out) : cursor_(cursor), out_(out) {}
  void run();

 private:
  bool by_key();
  void in_list();
  void dispatch();
  void claims();
  void deeds();
  void steps();

  const Cursor& cursor_;
  Candidates& out_;
};

// A step of a flow.
class FlowCandidates {
 public:
  FlowCandidates(const Cursor& cursor, Candidates& out) : cursor_(cursor), out_(out) {}
  void run();
  // Clauses that a line below the step may go on with.
  void clauses_of_previous(std::string_view text);

 private:
  void head();
  void member();
  bool after_word();
  void argument();
  void clauses(std::string_view head, const std::set<std::string_view>& said);

  const Cursor& cursor_;
  Candidates& out_;
};

}  // namespace fleet::lsp
