// What a `test` assumes and claims.
#include <algorithm>

#include "dsl/lsp/candidates.h"

namespace fleet::lsp {

void KeyCandidates::claims() {
  const std::string_view last = cursor_.back(0);
  const bool begins = last == "=" || last == "," || last == "[";
  if (!cursor_.brackets.empty() && cursor_.brackets.back().open == '(')
    out_.flow_arguments(cursor_.brackets.back().call);
  else if (last == ".")
    members_of_claim();
  else if (last == "in" || last == "about")
    out_.steps_of_test(cursor_.bodies.back(), false);
  else if (cursor_.key == "given")
    begins ? whose_deeds() : deeds();
  else
    begins || last == "never" || last == "asks" ? begin_of_claim() : rest_of_claim();
}

void KeyCandidates::begin_of_claim() {
  const std::string_view last = cursor_.back(0);
  if (last == "asks") {
    out_.names({NameKind::kHuman});
    return;
  }
  out_.steps_of_test(cursor_.bodies.back(), false);
  out_.claim_word("asks", "${1:human}");
  if (last == "never")
    return;
  out_.claim_word("never", "${1:step}");
  for (const char* const end : {"run.done", "run.failed", "run.waiting"})
    out_.word(end, CompletionShape::kEnumMember, "how the run ends");
}

void KeyCandidates::rest_of_claim() {
  const std::string_view last = cursor_.back(0);
  const bool number = !last.empty() && last.front() >= '0' && last.front() <= '9';
  if (!number) {
    const schema::Key* const key = schema::find_key(*schema::find_kind("test"), "expect");
    for (const schema::Word& part : key->parts) {
      const bool asked = std::ranges::any_of(
          cursor_.before, [](const Cursor::Token& one) { return one.text == "asks"; });
      if (part.text == "within" || (part.text == "about" && asked))
        out_.word(part.text, CompletionShape::kKeyword, part.doc);
    }
    return;
  }
  // `STEP == N …`: what there can be several of.
  std::vector<std::string> path;
  for (std::size_t i = 2; path.empty() || cursor_.back(i - 1) == "."; i += 2)
    path.insert(path.begin(), std::string(cursor_.back(i)));
  const std::optional<std::size_t> step = out_.step_at(path);
  const bool loop = step && is_loop(out_.named(*step));
  const bool fanout = step && out_.named(*step).step != nullptr &&
                      !out_.named(*step).step->value.atoms.empty() &&
                      out_.named(*step).step->value.atoms.front().text == "fanout";
  if (loop)
    out_.word("rounds", CompletionShape::kUnit, "so many rounds began");
  else
    out_.word("attempts", CompletionShape::kUnit, "so many were started for it");
  if (!loop && path != std::vector<std::string>{"run"})
    out_.word("sessions", CompletionShape::kUnit, "so many were started for it");
  if (fanout)
    out_.word("items", CompletionShape::kUnit, "so many were worked on");
}

// Who does something: agents, humans and steps; and the flow that is run.
void KeyCandidates::whose_deeds() {
  out_.names({NameKind::kAgent, NameKind::kRole, NameKind::kHuman});
  out_.steps_of_test(cursor_.bodies.back(), true);
  out_.flow_calls();
}

// After the dot of a step: what is in it; of a claim, the edges that it can fire.
void KeyCandidates::members_of_claim() {
  if (cursor_.back(1) == "run") {
    for (const char* const end : {"done", "failed", "waiting"})
      out_.word(end, CompletionShape::kEnumMember, "how the run ends");
    return;
  }
  std::vector<std::string> path;
  for (std::size_t i = 0; cursor_.back(i) == "."; i += 2)
    path.insert(path.begin(), std::string(cursor_.back(i + 1)));
  const std::optional<std::size_t> step = out_.step_at(path);
  if (!step) {
    std::string dotted;
    for (const std::string& part : path)
      dotted += (dotted.empty() ? "" : ".") + part;
    out_.edges(dotted);
    return;
  }
  out_.steps_within(*step, Candidates::Behind::kClaim);
  if (cursor_.key != "expect")
    return;
  out_.edges(out_.named(*step));
  // Also of what the fleet lets pass: that it does not happen is what may be claimed.
  out_.row("failed", schema::find_edge("failed")->form, schema::find_edge("failed")->doc, {});
}

// What somebody can do, and after that what comes next and where it holds.
void KeyCandidates::deeds() {
  const std::string_view last = cursor_.back(0);
  const bool number = !last.empty() && last.front() >= '0' && last.front() <= '9';
  if (last == "returns") {
    for (const char* const outcome : {"approved", "changes_requested", "done"})
      out_.word(outcome, CompletionShape::kEnumMember, "what it answers");
    return;
  }
  if (last == "never") {
    out_.word("answers", CompletionShape::kKeyword, "the human is asked in vain");
    return;
  }
  if (number) {
    const bool lists = cursor_.back(1) == "lists";
    out_.word(lists ? "items" : "findings", CompletionShape::kUnit,
              lists ? "lists N items" : "changes_requested N [LABEL] findings");
    return;
  }
  // The words before it in this element, up to the comma.
  std::size_t begin = cursor_.before.size();
  while (begin > 0 && cursor_.before[begin - 1].text != "," &&
         cursor_.before[begin - 1].text != "=" && cursor_.before[begin - 1].text != "[")
    --begin;
  bool done = false;
  std::vector<std::string> who;
  for (std::size_t i = begin; i < cursor_.before.size(); ++i) {
    const std::string_view text = cursor_.before[i].text;
    const schema::Key& given = *schema::find_key(*schema::find_kind("test"), "given");
    done = (done || schema::find_part(given, text) != nullptr) && text != "then";
    if (!done && text != "then" && text != ".")
      who.emplace_back(text);
  }
  if (last == "fails")
    out_.word("evidence", CompletionShape::kEnumMember, "fails evidence: its `accept` fails");
  const std::set<std::string_view> fitting =
      done ? std::set<std::string_view>{"then", "in", "on"} : deeds_of(who);
  const schema::Key* const key = schema::find_key(*schema::find_kind("test"), "given");
  for (const schema::Word& word : key->parts) {
    if (fitting.contains(word.text))
      out_.word(word.text, CompletionShape::kKeyword, word.doc);
  }
}

std::set<std::string_view> KeyCandidates::deeds_of(const std::vector<std::string>& who) const {
  const std::size_t* const found = who.empty() ? nullptr : out_.find(who.front());
  if (found != nullptr && out_.named(*found).kind == NameKind::kHuman)
    return {"approves", "rejects", "continues", "stops", "never", "takes"};
  const bool agent = found != nullptr && (out_.named(*found).kind == NameKind::kAgent ||
                                          out_.named(*found).kind == NameKind::kRole);
  const std::optional<std::size_t> step = agent ? std::nullopt : out_.step_at(who);
  const ast::Assignment* const setting = step ? out_.named(*step).step : nullptr;
  const std::string head =
      setting == nullptr || setting->value.atoms.empty() ? "" : setting->value.atoms.front().text;
  if (head == "run")
    return {"fails", "crashes", "hangs", "takes"};
  if (head == "repo.merge")
    return {"conflicts", "fails", "takes"};
  std::set<std::string_view> deeds{"returns", "fails", "crashes", "hangs", "takes", "spends"};
  if (head == "fanout")
    deeds.insert("lists");
  return deeds;
}

}  // namespace fleet::lsp
