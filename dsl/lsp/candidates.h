// The things that completion can offer, and which of them fit a value. Private to dsl/lsp.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dsl/lsp/completion.h"
#include "dsl/lsp/cursor.h"
#include "dsl/lsp/parameter_use.h"
#include "dsl/lsp/step_words.h"
#include "dsl/schema/schema.h"
#include "dsl/sema/model.h"

namespace fleet::lsp {

CompletionShape shape_of_name(NameKind kind);

// Collects offers for one place of one file; each label is offered once.
class Candidates {
 public:
  // `end` is of the word at hand.
  Candidates(const Snapshot& snapshot, SourceId source, std::uint32_t offset, std::uint32_t end);

  const std::string& path() const { return snapshot_.path_of(source_); }
  const Snapshot& snapshot() const { return snapshot_; }
  const Named& named(std::size_t index) const { return snapshot_.names().at(index); }
  // Steps, parameters and items in reach.
  const std::map<std::string, std::size_t>& locals() const { return locals_; }
  const std::size_t* find(const std::string& name) const;
  std::vector<Completion> take() { return std::move(items_); }

  // The declaration whose body begins there; nullptr: there is none, or it is broken.
  const ast::Block* block_of(std::uint32_t body) const;

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
  // Agents, roles and patterns, with brackets where none follow.
  void calls();
  void call(const std::string& name, const std::string& arguments, std::size_t named);
  // Steps that the one at hand may wait for: themselves, with their edges, or with their outputs.
  // Where a dot follows, the name alone.
  void stand_at(std::uint32_t step);
  void steps();
  void steps_with_edges(bool until);
  void steps_with_outputs();
  void steps_with_branches(std::string_view output);
  void steps_with_findings();
  void parameters(std::string_view behind = {});
  // Of the pattern around, those that its body uses like that, or not yet; of a flow none.
  void parameters_for(ParameterUse use, std::string_view behind = {});
  // Steps that are there already: a joint joins each once.
  void leave_out(const std::set<std::string_view>& steps);
  void items();
  void outputs(const Named& step, bool only_branch);
  void edges(const Named& step, bool until = false);
  void edges(const std::string& path);
  void findings(const Named& step);
  // The pattern that a step calls so.
  std::optional<std::size_t> pattern_called(const std::string& call) const;
  // What a use of that pattern takes, by name or by place. False: no pattern has the name.
  bool pattern_arguments(const Cursor::Bracket& bracket, const std::set<std::string_view>& given);
  // Of a flow that a test runs, its parameters.
  void flow_arguments(const std::string& flow);
  void flow_calls();
  // The step that a dotted name leads to, in a flow or in a test.
  std::optional<std::size_t> step_at(const std::vector<std::string>& path) const;
  // The steps within a use or, for a test, a loop; and there the calls inside of a joint.
  enum class Behind { kEdge, kOutput, kFindings, kMerge, kJoint, kClaim };
  void steps_within(std::size_t step, Behind behind);
  // `body` is where the test's begins; `only_working`: those of which something can be assumed.
  void steps_of_test(std::uint32_t body, bool only_working);
  // `never` and `asks`, with what they need where nothing follows.
  void claim_word(std::string_view word, std::string_view what);
  void events(std::string_view prefix);
  // Of what is declared with that name: the one that its front matter says, or else the first.
  void version(std::string_view name);
  void holes(bool in_flow);
  // What the `use` of these tokens can import.
  // Whether the text goes on with that, behind the word at hand; blanks are passed over where a
  // blank is asked about.
  bool followed_by(char sign) const;
  bool ends_line() const;
  void importable(const std::vector<Cursor::Token>& use);
  void library_modules();

 private:
  FileEdit import_of(const std::string& module, const std::string& name) const;
  // An agent, or a role that a session can be started of.
  bool can_work(std::size_t named) const;
  void pattern_call(const std::string& label, std::size_t named);
  void calls_behind(const std::string& alias, std::size_t named_module);
  void behind_alias(const std::string& alias, const std::set<NameKind>& kinds,
                    const std::string& after);
  void argument_for(ParameterUse use);
  const sema::Flow* flow_of_test(std::uint32_t body) const;
  template <class Each>
  void each_step(const Each& each);

  const Snapshot& snapshot_;
  SourceId source_;
  std::uint32_t offset_;
  std::string_view rest_;  // of the text, behind the word at hand
  std::size_t module_ = 0;
  std::map<std::string, std::size_t> locals_;
  StepWords words_;
  std::set<std::string, std::less<>> left_out_;
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
  void whose_deeds();
  std::set<std::string_view> deeds_of(const std::vector<std::string>& who) const;
  void begin_of_claim();
  void rest_of_claim();
  void members_of_claim();
  bool is_said(std::string_view word) const;
  void quantity(const schema::Key& key);
  void per(const schema::Key& key);

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
  // `ship.verdict` of `after ship.verdict.|`.
  std::vector<std::string> path_before() const;
  std::set<std::string_view> arguments() const;
  std::set<std::string_view> named_arguments() const;
  void clauses(std::string_view head, const std::set<std::string_view>& said);

  const Cursor& cursor_;
  Candidates& out_;
};

}  // namespace fleet::lsp
