// A workspace that exists only in a test, and a place in it: the character ^ in a text is the
// cursor and no part of the text.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dsl/lsp/answers.h"
#include "dsl/lsp/workspace.h"

namespace fleet::testing {

class MemoryDisk : public lsp::Disk {
 public:
  FileText read(const std::string& path) override {
    const auto found = texts.find(path);
    if (found == texts.end())
      return no_such_file();
    return {found->second, {}};
  }
  std::string stamp(const std::string& path) override {
    const auto found = texts.find(path);
    return found == texts.end() ? std::string() : "disk:" + found->second;
  }
  std::vector<std::string> list(const std::string& folder) override {
    std::vector<std::string> names;
    const std::string prefix = folder.ends_with('/') ? folder : folder + "/";
    for (const auto& [path, text] : texts) {
      if (!path.starts_with(prefix))
        continue;
      const std::string rest = path.substr(prefix.size());
      const std::size_t slash = rest.find('/');
      std::string name = slash == std::string::npos ? rest : rest.substr(0, slash + 1);
      if (std::ranges::find(names, name) == names.end())
        names.push_back(std::move(name));
    }
    return names;
  }

  std::map<std::string, std::string> texts;
};

// One file with a cursor, /w/a.fleet unless said otherwise, and others beside it.
struct Edited {
  explicit Edited(std::string text, std::map<std::string, std::string> others = {},
                  std::string name = "/w/a.fleet")
      : path(std::move(name)), files(disk), workspace(files, std::nullopt) {
    const std::size_t cursor = text.find('^');
    if (cursor != std::string::npos) {
      offset = static_cast<std::uint32_t>(cursor);
      text.erase(cursor, 1);
    }
    disk.texts = std::move(others);
    disk.texts[path] = text;
    workspace.set_folders({"/w"});
    snapshot = workspace.snapshot(path);
    source = snapshot->main_source();
  }

  std::string_view text() const { return snapshot->sources().get(source).text(); }
  std::string said(const Span& span) const { return std::string(snapshot->sources().text(span)); }
  std::string said(const lsp::FileSpan& where) {
    return files.read(where.path).text.value_or("").substr(where.begin, where.end - where.begin);
  }
  // The line, from 1, that the place is on.
  std::size_t line(const lsp::FileSpan& where) {
    const std::string text = files.read(where.path).text.value_or("");
    return 1U +
           static_cast<std::size_t>(std::count(text.begin(), text.begin() + where.begin, '\n'));
  }

  std::string path;
  MemoryDisk disk;
  lsp::Files files;
  lsp::Workspace workspace;
  std::shared_ptr<const lsp::Snapshot> snapshot;
  SourceId source;
  std::uint32_t offset = 0;
};

// A fleet that has one of everything: line numbers in tests are of this text.
inline constexpr std::string_view kShip = R"(use std.roles (builder, reviewer)
use "./roles.fleet" (mender)
use std.roles as lib

fleet ship v1 {
  repo       = git(".", base: main)
  budget     = $40/day hard warn 80%
  load       = 1 ship/day
  escalation = lead -> ann within 1h

  human ann { answers = 8h }
  credential key { from = env(AGENT_KEY); owner = ann; expires = 2031-03-01 }
  identity core v4 { file = "identity/core.md" }
  runtime sonnet { adapter = claude; model = "sonnet"; spawn = 45s }

  defaults {
    runtime  = sonnet
    identity = [core@v4]
    grants   = [key]
    budget   = $1/task
  }

  agent lead           : lib.researcher { dispatch = always; session_max = 12h; budget = $2/day }
  /// Builds what is asked for.
  agent backend        : builder  { writes = worktree("task/{task}"); accept = ["make test" passes] }
  agent review, second : reviewer { reads = diff }
  agent fix            : mender   { writes = worktree("fix/{task}/{round}/{item}") }

  flow ship(task) on task.ship {
    accept  = ["make {task}" passes]
    build   = backend(task) retry 1 timeout 45min
    verdict = all(review(build.diff), second(build.diff)) timeout 20min
    polish  = loop until verdict.approved max 2 {
      fixes   = fanout f in verdict.findings to fix width 2 limit 3 est 8min
      gather  = repo.merge(fixes, into: build.branch) after fixes.accepted
      verdict = all(review(build.diff), second(build.diff)) after gather.merged timeout 20min
    }
    signoff = human(ann) after polish.approved timeout 24h
    merge   = repo.merge(build.branch) after signoff.approved
  }

  test "a red review never merges" {
    given  = review returns changes_requested
    expect = never merge
  }
}
)";
inline constexpr std::string_view kRoles =
    "/// Mends.\nrole mender { accept = [\"make test\" passes] }\n";
inline constexpr std::string_view kCore =
    "---\nversion: 4\nlog: [{version: 4, date: 2026-03-04, note: begun}]\n---\nBe kind.\n";

// kShip, with the cursor before the n-th occurrence of `at`, `into` characters into it.
inline Edited ship_at(std::string_view at, int occurrence = 1, std::size_t into = 0) {
  std::string text(kShip);
  std::size_t found = text.find(at);
  for (int i = 1; i < occurrence && found != std::string::npos; ++i)
    found = text.find(at, found + 1);
  if (found != std::string::npos)
    text.insert(found + into, "^");
  return Edited(
      text, {{"/w/roles.fleet", std::string(kRoles)}, {"/w/identity/core.md", std::string(kCore)}});
}

}  // namespace fleet::testing
