// Values of keys, flow's `accept` included.
#include <algorithm>

#include "dsl/lsp/candidates.h"

namespace fleet::lsp {

void KeyCandidates::run() {
  if (!cursor_.brackets.empty()) {
    in_list();
    return;
  }
  if (by_key())
    return;
  const schema::Kind* const kind = schema::find_kind(cursor_.kind());
  const schema::Key* const key = kind == nullptr ? nullptr : schema::find_key(*kind, cursor_.key);
  if (key == nullptr)
    return;
  if (cursor_.back(0) == "=" || cursor_.back(0) == "+=") {
    for (const schema::Word& word : key->words)
      out_.word(word.text, CompletionShape::kEnumMember, word.doc.empty() ? key->doc : word.doc);
    quantity(*key);
  } else if (cursor_.back(0) == "/") {
    per(*key);
  } else {
    for (const schema::Word& part : key->parts) {
      if (!is_said(part.text))
        out_.word(part.text, CompletionShape::kKeyword, part.doc);
    }
  }
}

// Each part of a value, and each element of a list, once.
bool KeyCandidates::is_said(std::string_view word) const {
  return std::ranges::find(cursor_.before, word, &Cursor::Token::text) != cursor_.before.end();
}

// What has no words of its own: an amount, a text or a list to begin with.
void KeyCandidates::quantity(const schema::Key& key) {
  const std::string_view form = key.form;
  if (form == "D") {
    for (const char* const span : {"30s", "5min", "30min", "1h", "8h", "24h"})
      out_.word(span, CompletionShape::kUnit, key.doc);
  } else if (form == "DATE") {
    out_.snippet("2031-12-31", key.doc, "${1:2031-12-31}");
  } else if (form.starts_with('$')) {
    for (const std::string_view per : {"run", "day", "task", "Mtok"}) {
      if (form.find("/" + std::string(per)) != std::string_view::npos)
        out_.snippet("$…/" + std::string(per), schema::find_per(per)->doc,
                     "\\$${1:" + std::string(per == "task" ? "1" : "20") + "}/" + std::string(per));
    }
  } else if (form.starts_with('"')) {
    out_.snippet("\"…\"", key.doc, "\"$1\"");
  } else if (form.starts_with("[\"")) {
    out_.snippet("[\"…\"]", key.doc, "[\"$1\"]");
  } else if (form.starts_with('[')) {
    out_.snippet("[…]", key.doc, "[$1]");
  }
}

// `$20/|`: what the key's form says can stand there.
void KeyCandidates::per(const schema::Key& key) {
  for (const std::string_view word : {"task", "run", "day", "h", "Mtok"}) {
    if (key.form.find("/" + std::string(word)) != std::string_view::npos)
      out_.word(word, CompletionShape::kUnit, schema::find_per(word)->doc);
  }
}

// Keys whose values are more than one word of a set. True: nothing else can stand here.
bool KeyCandidates::by_key() {
  const std::string_view key = cursor_.key;
  const std::string_view last = cursor_.back(0);
  const bool first = last == "=" || last == "+=";
  if (key == "runtime" && first) {
    out_.names({NameKind::kRuntime});
    out_.snippet("shell", "shell(\"command\")", "shell(\"${1:command}\")");
  } else if (key == "runtime" && last == ".") {
    out_.exported(std::string(cursor_.back(1)), {NameKind::kRuntime});
  } else if (key == "owner" && first) {
    out_.names({NameKind::kHuman});
  } else if (key == "after" && first) {
    out_.names({NameKind::kIdentity});
  } else if (key == "escalation" && (first || last == "->")) {
    out_.names({NameKind::kAgent, NameKind::kHuman});
  } else if (key == "escalation") {
    out_.word("within", CompletionShape::kKeyword, "within D");
  } else if ((key == "load" || key == "budget" || key == "price" || key == "restart") &&
             last == "/") {
    return false;
  } else if (key == "load" && first) {
    out_.snippet("N FLOW/day", "runs a day", "${1:1} ${2:flow}/day");
  } else if (key == "load") {
    out_.names({NameKind::kFlow}, out_.followed_by('/') ? "" : "/day");
  } else if (key == "dispatch") {
    dispatch();
  } else if (key == "writes" && first) {
    out_.snippet("worktree", "worktree(\"branch\")", "worktree(\"${1:task/{task\\}}\")");
    out_.word("none", CompletionShape::kEnumMember, "writes nothing");
  } else if (key == "writes") {
    out_.snippet("in", "in [\"glob\", …]", "in [\"${1:src/**}\"]");
  } else if (key == "from" && first) {
    out_.snippet("env", "env(VARIABLE)", "env(${1:TOKEN})");
    out_.snippet("file", "file(\"path\")", "file(\"${1:path}\")");
    out_.snippet("command", "command(\"…\")", "command(\"${1:command}\")");
  } else if ((key == "notify" || key == "probe") && first) {
    out_.snippet("command", "command(\"…\")", "command(\"${1:command}\")");
  } else if (key == "repo" && first) {
    out_.snippet("git", "git(\"PATH\", base: BRANCH)", "git(\"${1:.}\", base: ${2:main})");
  } else if (key == "restart" && first) {
    out_.word("on_crash", CompletionShape::kEnumMember, "again, after a while");
  } else if (key == "restart" && last == "else") {
    out_.word("escalate", CompletionShape::kEnumMember, "a human is asked");
    out_.word("fail", CompletionShape::kEnumMember, "the task fails");
  } else if (key == "budget" && !first) {
    if (!is_said("hard"))
      out_.word("hard", CompletionShape::kKeyword, "pauses the fleet there");
    if (!is_said("warn"))
      out_.snippet("warn", "warn N%", "warn ${1:80}%");
  } else if (key == "limits") {
    out_.snippet("sessions", "sessions N", "sessions ${1:4}");
    out_.snippet("starts", "starts N/h", "starts ${1:60}/h");
    out_.snippet("worktrees", "worktrees SIZE", "worktrees ${1:20GiB}");
    out_.snippet("messages", "messages N/h", "messages ${1:60}/h");
  } else if (key == "given" || key == "expect") {
    claims();
  } else if (key == "sandbox" && first) {
    out_.word("on", CompletionShape::kEnumMember, "confined");
    out_.word("off", CompletionShape::kEnumMember, "not confined");
    out_.snippet("[write: …]", "confined, but for these",
                 "[write: [\"${1:~/.cache}\"], network: ${2:off}]");
  } else if (key == "accept" && first) {
    out_.snippet("[…]", "commands that judge", "[\"${1:make test}\" passes]");
  } else if ((key == "grants" || key == "identity" || key == "handoff" || key == "sync") && first) {
    out_.snippet("[…]", "a list", "[$1]");
  } else {
    return false;
  }
  return true;
}

void KeyCandidates::dispatch() {
  const std::string_view last = cursor_.back(0);
  if (last == "=" || last == "+=") {
    out_.word("ephemeral", CompletionShape::kEnumMember, "dispatch and die");
    out_.word("always", CompletionShape::kEnumMember, "always on, supervised");
    out_.word("on", CompletionShape::kKeyword, "on EVENT");
    out_.snippet("every", "every D", "every ${1:24h}");
  } else if (last == "on") {
    out_.events({});
  } else if (last == "." && cursor_.back(2) == "on") {
    out_.events(cursor_.back(1));
  } else if (last == "overlap") {
    out_.word("skip", CompletionShape::kEnumMember, "the start is left out");
    out_.word("queue", CompletionShape::kEnumMember, "the start comes later");
  } else if (cursor_.back(1) == "every") {
    out_.word("overlap", CompletionShape::kKeyword, "overlap skip | queue");
  }
}

void KeyCandidates::in_list() {
  const std::string_view key = cursor_.key;
  const std::string_view last = cursor_.back(0);
  const bool begins = last == "[" || last == "," || last == "(" || last == ":";
  if (key == "given" || key == "expect") {
    claims();
  } else if (key == "load" && last == "/") {
    out_.word("day", CompletionShape::kUnit, schema::find_per("day")->doc);
  } else if (key == "load" && !begins) {
    out_.names({NameKind::kFlow}, out_.followed_by('/') ? "" : "/day");
  } else if (key == "load") {
    out_.snippet("N FLOW/day", "runs a day", "${1:1} ${2:flow}/day");
  } else if (key == "grants" && begins) {
    out_.names({NameKind::kCredential});
  } else if ((key == "identity" || key == "after") && begins) {
    const Names& names = out_.snapshot().names();
    const std::set<NameKind> kinds{NameKind::kIdentity};
    if (key == "after" || names.modules().empty()) {
      out_.names(kinds);
      return;
    }
    for (const sema::Identity& identity : out_.snapshot().model().identities) {
      const std::size_t* const found = out_.find(identity.name);
      if (found != nullptr)
        out_.name(identity.name + "@v" + std::to_string(identity.version), *found);
    }
    out_.names(kinds);
  } else if (key == "identity" && last == "@") {
    for (const sema::Identity& identity : out_.snapshot().model().identities) {
      if (identity.name == cursor_.back(1))
        out_.word("v" + std::to_string(identity.version), CompletionShape::kValue, "as declared");
    }
  } else if (key == "handoff" && begins) {
    if (!is_said("shutdown"))
      out_.word("shutdown", CompletionShape::kEnumMember, "when the session ends");
    if (!is_said("context"))
      out_.snippet("context", "context > N%", "context > ${1:70}%");
  } else if (key == "sync" && begins) {
    for (const char* const word : {"commits", "directives", "decisions"}) {
      if (!is_said(word))
        out_.word(word, CompletionShape::kEnumMember, "what has changed since");
    }
  } else if (key == "accept" && begins) {
    out_.snippet("\"command\" passes", "the command exits 0", "\"${1:make test}\" passes");
    out_.snippet("diff", "diff < N lines", "diff < ${1:400} lines");
    out_.word("task.criteria met", CompletionShape::kEnumMember, "what the task itself says");
  } else if (key == "accept" && last == ".") {
    out_.word("criteria", CompletionShape::kField, "task.criteria met");
  } else if (key == "accept") {
    if (last.ends_with('"'))
      out_.word("passes", CompletionShape::kKeyword, "the command exits 0");
    else if (last == "criteria")
      out_.word("met", CompletionShape::kKeyword, "task.criteria met");
    else if (cursor_.back(1) == "<" || cursor_.back(1) == "<=")
      out_.word("lines", CompletionShape::kKeyword, "diff < N lines");
  } else if (key == "repo" && last == ",") {
    out_.snippet("base", "base: BRANCH", "base: ${1:main}");
  } else if (key == "sandbox" && last == ":") {
    out_.word("on", CompletionShape::kEnumMember, "");
    out_.word("off", CompletionShape::kEnumMember, "");
  } else if (key == "sandbox" && begins) {
    out_.snippet("write", "write: [\"path\", …]", "write: [\"${1:~/.cache}\"]");
    out_.snippet("network", "network: on | off", "network: ${1:off}");
  }
}

}  // namespace fleet::lsp
