// The right side of a step.
#include <algorithm>

#include "dsl/lsp/candidates.h"
#include "dsl/syntax/words.h"

namespace fleet::lsp {
namespace {

// What each form looks like with places to fill in.
std::string form_snippet(std::string_view form) {
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

std::string clause_snippet(std::string_view clause) {
  if (clause == "else")
    return "else ${1|escalate,skip,fail|}";
  if (clause == "force")
    return "force ${1|parallel,inline|}";
  if (clause == "after" || clause == "until")
    return std::string(clause) + " ${1:step.accepted}";
  if (clause == "timeout")
    return "timeout ${1:30min}";
  if (clause == "est" || clause == "spawn")
    return std::string(clause) + " ${1:1min}";
  return std::string(clause) + " ${1:3}";
}

}  // namespace

void FlowCandidates::run() {
  if (!cursor_.before.empty())
    out_.stand_at(cursor_.before.front().offset);
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
  if (first == "fanout" && !said.contains("to")) {
    out_.word("to", CompletionShape::kKeyword, "fanout X in SOURCE to AGENT");
    return;
  }
  clauses(first, said);
}

void FlowCandidates::head() {
  for (const schema::StepForm& form : schema::steps()) {
    if (!form.word.empty())
      out_.row(form.word, form.form, form.doc,
               out_.followed_by('(') ? "" : form_snippet(form.word));
  }
  out_.calls();
  out_.parameters_for(ParameterUse::kAgent, "()");
}

std::vector<std::string> FlowCandidates::path_before() const {
  std::vector<std::string> path;
  for (std::size_t i = 0; cursor_.back(i) == "."; i += 2)
    path.insert(path.begin(), std::string(cursor_.back(i + 1)));
  return path;
}

// After a dot: an edge, an output, a field, or what a module exports.
void FlowCandidates::member() {
  const std::string left(cursor_.back(1));
  if (left == "repo") {
    const schema::StepForm& merge = *schema::find_step("repo.merge");
    out_.row("merge", merge.form, merge.doc, out_.followed_by('(') ? "" : "merge(${1:step})");
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
  const std::vector<std::string> path = path_before();
  const std::optional<std::size_t> step = out_.step_at(path);
  if (!step)
    return;
  using Behind = Candidates::Behind;
  const std::string_view call =
      cursor_.brackets.empty() ? std::string_view() : cursor_.brackets.back().call;
  const std::string_view word = cursor_.back(2 * path.size());
  if (call == "all" || call == "any") {
    out_.steps_within(*step, Behind::kJoint);
  } else if (!cursor_.brackets.empty()) {
    out_.steps_within(*step, call == "repo.merge" ? Behind::kMerge : Behind::kOutput);
    out_.outputs(out_.named(*step), call == "repo.merge");
  } else if (word == "in") {
    out_.steps_within(*step, Behind::kFindings);
    out_.findings(out_.named(*step));
  } else {
    out_.steps_within(*step, Behind::kEdge);
    out_.edges(out_.named(*step), word == "until");
  }
}

// True: the word before says what has to stand here.
bool FlowCandidates::after_word() {
  const std::string_view last = cursor_.back(0);
  if (last == "after" || last == "until" || last == "&") {
    out_.steps_with_edges(last == "until");
    out_.parameters_for(ParameterUse::kStep, ".done");
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
    out_.steps_with_findings();
    out_.parameters_for(ParameterUse::kSource);
  } else if (last == "to") {
    out_.names({NameKind::kAgent, NameKind::kRole});
    out_.parameters_for(ParameterUse::kAgent);
    const schema::Entry& route = *schema::find_form("route");
    out_.row("route", route.form, route.doc,
             "route(${1:x}.${2:label}, ${3:bug}: ${4:agent}, else: ${5:agent})");
  } else if (last == "fanout") {
    return true;  // a name of one's own
  } else if (last == "timeout" || last == "est" || last == "spawn") {
    for (const char* const span : {"30s", "5min", "15min", "1h", "24h"})
      out_.word(span, CompletionShape::kUnit, "a duration");
    out_.parameters_for(ParameterUse::kDuration);
  } else {
    const bool counts = last == "retry" || last == "width" || last == "limit" || last == "max";
    if (counts)
      out_.parameters_for(ParameterUse::kNumber);
    return counts;
  }
  return true;
}

void FlowCandidates::argument() {
  const Cursor::Bracket& bracket = cursor_.brackets.back();
  const std::string& call = bracket.call;
  if (bracket.open == '[') {
    out_.leave_out(arguments());
    out_.names({NameKind::kAgent, NameKind::kRole});
    out_.parameters_for(ParameterUse::kAgent);
  } else if (call == "human") {
    out_.names({NameKind::kHuman});
    out_.parameters_for(ParameterUse::kHuman);
  } else if (call == "all" || call == "any") {
    out_.leave_out(arguments());
    out_.steps();
    out_.calls();
    out_.parameters_for(ParameterUse::kAgent, "()");
    for (const char* const joint : {"all", "any"})
      out_.row(joint, std::string(joint) + "(STEP, …)", "A joint inside of the joint.",
               out_.followed_by('(') ? "" : form_snippet(joint));
  } else if (call == "repo.merge" && out_.followed_by(':')) {
    out_.word("into", CompletionShape::kKeyword, "into: \"branch\" or STEP.branch");
    out_.word("as", CompletionShape::kKeyword, "as: squash or rebase");
  } else if (call == "repo.merge" && bracket.name == "as") {
    for (const schema::Word& style : schema::merge_styles())
      out_.word(style.text, CompletionShape::kEnumMember, style.doc);
  } else if (call == "repo.merge") {
    out_.leave_out(arguments());
    out_.steps_with_branches(bracket.name == "into" ? "branch" : "");
    out_.parameters_for(ParameterUse::kStep);
    if (bracket.name == "into")
      out_.parameters_for(ParameterUse::kText);
    if (bracket.name != "into") {
      out_.snippet("as", "as: squash or rebase", out_.followed_by(':') ? "as" : "as: ${1:squash}");
      out_.snippet("into", "into: \"branch\" or STEP.branch",
                   out_.followed_by(':') ? "into" : "into: ${1:\"branch\"}");
    }
  } else if (call == "route") {
    if (bracket.argument == 0)
      out_.items();
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
  } else if (!out_.pattern_arguments(bracket, named_arguments())) {
    // A task has one text, its first argument.
    if (bracket.argument == 0 || cursor_.in_pattern())
      out_.parameters();
    out_.steps_with_outputs();
  }
}

// What stands in the innermost brackets so far by itself.
std::set<std::string_view> FlowCandidates::arguments() const {
  std::set<std::string_view> found;
  for (std::size_t i = cursor_.brackets.back().token + 1; i < cursor_.before.size(); ++i) {
    const std::string_view before = cursor_.before[i - 1].text;
    if (before == "(" || before == "[" || before == ",")
      found.insert(cursor_.before[i].text);
  }
  return found;
}

// What the innermost brackets have named so far.
std::set<std::string_view> FlowCandidates::named_arguments() const {
  std::set<std::string_view> names;
  int open = 0;
  for (std::size_t i = cursor_.brackets.back().token + 1; i < cursor_.before.size(); ++i) {
    const std::string_view text = cursor_.before[i].text;
    open += text == "(" || text == "[" ? 1 : text == ")" || text == "]" ? -1 : 0;
    if (text == ":" && open == 0)
      names.insert(cursor_.before[i - 1].text);
  }
  return names;
}

void FlowCandidates::clauses(std::string_view head, const std::set<std::string_view>& said) {
  std::string call;
  for (std::size_t i = 2; i < cursor_.before.size() && cursor_.before[i].text != "("; ++i)
    call += cursor_.before[i].text;
  const bool use = out_.pattern_called(call).has_value();
  for (const schema::Clause& clause : schema::clauses()) {
    const bool fits =
        clause.only.empty() ? head != "loop" || clause.word == "else" : clause.only == head;
    const bool retried = head != "human" && head != "repo";
    if (!fits || said.contains(clause.word) || (clause.word == "retry" && !retried) ||
        (use && clause.word != "after"))
      continue;
    out_.row(clause.word, clause.form, clause.doc,
             out_.ends_line() ? clause_snippet(clause.word) : std::string());
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
