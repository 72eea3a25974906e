// The right side of a step.
#include <algorithm>

#include "dsl/lsp/candidates.h"
#include "dsl/syntax/words.h"

namespace fleet::lsp {
namespace {

// What each form looks like with places to fill in.
std::string snippet_of(std::string_view form) {
  if (form == "fanout")
    return "fanout ${1:x} in ${2:files(\"${3:**}\")} to ${4:agent} limit ${5:10}";
  if (form == "run")
    return "run(\"${1:command}\")";
  if (form == "repo.merge")
    return "repo.merge(${1:step}) after ${2:step.approved}";
  if (form == "all" || form == "any")
    return std::string(form) + "($1)";
  if (form == "loop")
    return "loop until ${1:step.approved} max ${2:3} {\n  $0\n}";
  return "human(${1:name}) timeout ${2:24h}";
}

}  // namespace

void FlowCandidates::run() {
  if (cursor_.back(0) == ".") {
    member();
    return;
  }
  if (!cursor_.brackets.empty()) {
    argument();
    return;
  }
  const std::string_view last = cursor_.back(0);
  if (last == "=" || last == "+=") {
    head();
    return;
  }
  if (after_word())
    return;
  std::set<std::string_view> said;
  for (const Cursor::Token& token : cursor_.before)
    said.insert(token.text);
  const std::string_view first = cursor_.before.size() > 2 ? cursor_.before[2].text : last;
  if (first == "fanout" && !said.contains("in")) {
    out_.word("in", CompletionShape::kKeyword, "fanout X in SOURCE to AGENT");
    return;
  }
  if (first == "fanout" && !said.contains("to"))
    out_.word("to", CompletionShape::kKeyword, "fanout X in SOURCE to AGENT");
  clauses(first, said);
}

void FlowCandidates::head() {
  for (const schema::StepForm& form : schema::steps()) {
    if (!form.word.empty())
      out_.row(form.word, form.form, form.doc, snippet_of(form.word));
  }
  out_.calls();
  if (cursor_.in_pattern())
    out_.parameters();
}

// After a dot: an edge, an output, a field, or what a module exports.
void FlowCandidates::member() {
  const std::string left(cursor_.back(1));
  if (left == "repo") {
    out_.row("merge", "repo.merge(STEP, …)", "Takes the commits of steps into one branch.",
             "merge(${1:step})");
    return;
  }
  const std::size_t* const found = out_.find(left);
  const bool is_module = found != nullptr && out_.named(*found).kind == NameKind::kModule;
  if (is_module) {
    out_.exported(left, {NameKind::kAgent, NameKind::kRole, NameKind::kPattern, NameKind::kHuman});
    return;
  }
  if (found != nullptr && out_.named(*found).kind == NameKind::kItem) {
    out_.word("label", CompletionShape::kField, "of the item");
    return;
  }
  out_.steps_within(left);
  if (!cursor_.brackets.empty()) {
    out_.outputs(cursor_.brackets.back().call == "repo.merge");
    return;
  }
  if (cursor_.back(2) == "in") {
    out_.word("findings", CompletionShape::kField, "what the review wants changed");
    return;
  }
  out_.edges(left);
}

// True: the word before says what has to stand here.
bool FlowCandidates::after_word() {
  const std::string_view last = cursor_.back(0);
  if (last == "after" || last == "until" || last == "&") {
    out_.steps();
  } else if (last == "else") {
    out_.word("escalate", CompletionShape::kEnumMember, "a human is asked");
    out_.word("skip", CompletionShape::kEnumMember, "the flow goes on without it");
    out_.word("fail", CompletionShape::kEnumMember, "the step fails");
  } else if (last == "force") {
    out_.word("parallel", CompletionShape::kEnumMember, "as wide as allowed");
    out_.word("inline", CompletionShape::kEnumMember, "one session serves all");
  } else if (last == "in") {
    for (const schema::Entry& source : schema::sources())
      out_.row(source.name, source.form, source.doc, std::string(source.name) + "($1)");
    out_.steps();
  } else if (last == "to") {
    out_.names({NameKind::kAgent, NameKind::kRole});
    if (cursor_.in_pattern())
      out_.parameters();
    out_.row("route", "route(x.FIELD, VALUE: AGENT, else: AGENT)",
             "Chooses the agent by a field of the item.",
             "route(${1:x}.${2:label}, ${3:bug}: ${4:agent}, else: ${5:agent})");
  } else if (last == "fanout") {
    return true;  // a name of one's own
  } else if (last == "timeout" || last == "est" || last == "spawn") {
    for (const char* const span : {"30s", "5min", "15min", "1h", "24h"})
      out_.word(span, CompletionShape::kUnit, "a duration");
  } else {
    const bool counts = last == "retry" || last == "width" || last == "limit" || last == "max";
    if (counts && cursor_.in_pattern())
      out_.parameters();
    return counts;
  }
  return true;
}

void FlowCandidates::argument() {
  const Cursor::Bracket& bracket = cursor_.brackets.back();
  const std::string& call = bracket.call;
  if (bracket.open == '[') {
    out_.names({NameKind::kAgent, NameKind::kRole});
  } else if (call == "human") {
    out_.names({NameKind::kHuman});
  } else if (call == "all" || call == "any") {
    out_.steps();
    out_.calls();
    for (const char* const joint : {"all", "any"})
      out_.row(joint, std::string(joint) + "(STEP, …)", "A joint inside of the joint.",
               snippet_of(joint));
  } else if (call == "repo.merge") {
    out_.steps();
    if (bracket.name != "into")
      out_.snippet("into", "into: \"branch\" or STEP.branch", "into: ${1:\"branch\"}");
  } else if (call == "route") {
    if (bracket.argument == 0)
      out_.parameters();
    else if (!bracket.name.empty())
      out_.names({NameKind::kAgent, NameKind::kRole});
    else
      out_.snippet("else", "else: AGENT", "else: ${1:agent}");
  } else if (call == "run") {
    if (bracket.name == "sandbox") {
      out_.word("on", CompletionShape::kEnumMember, "");
      out_.word("off", CompletionShape::kEnumMember, "");
    } else if (bracket.argument > 0) {
      out_.snippet("sandbox", "sandbox: off", "sandbox: off");
    }
  } else if (call == "lines") {
    out_.snippet("run", "run(\"command\")", "run(\"${1:command}\")");
  } else if (call == "issues") {
    out_.snippet("label", "label: \"…\"", "label: \"${1:bug}\"");
  } else if (!out_.pattern_arguments(call, std::string(bracket.name))) {
    out_.parameters();
    out_.steps();
  }
}

void FlowCandidates::clauses(std::string_view head, const std::set<std::string_view>& said) {
  for (const schema::Clause& clause : schema::clauses()) {
    const bool fits =
        clause.only.empty() ? head != "loop" || clause.word == "else" : clause.only == head;
    if (!fits || said.contains(clause.word))
      continue;
    out_.row(clause.word, clause.form, clause.doc, {});
  }
}

void FlowCandidates::clauses_of_previous(std::string_view text) {
  const std::string_view step =
      text.substr(cursor_.previous_begin, cursor_.previous_end - cursor_.previous_begin);
  const std::size_t mark = step.find('=');
  if (mark == std::string_view::npos)
    return;
  const std::size_t begin = step.find_first_not_of(" \t\r\n", mark + 1);
  if (begin == std::string_view::npos)
    return;
  const std::string_view head = step.substr(begin);
  const std::string_view word = head.substr(0, head.find_first_of(" \t\r\n("));
  std::set<std::string_view> said;
  for (const std::string_view known : syntax::kClauseWords) {
    if (head.find(std::string(" ") + std::string(known) + " ") != std::string_view::npos)
      said.insert(known);
  }
  if (word != "loop")
    clauses(word, said);
}

}  // namespace fleet::lsp
