// clean, init, version.
#include <algorithm>

#include <fmt/format.h>

#include "engine/cli/commands.h"
#include "engine/cli/exit_codes.h"
#include "engine/cli/foreground.h"
#include "engine/cli/terminal.h"
#include "engine/os/files.h"
#include "engine/report/words.h"

namespace fleet::cli {
namespace {

constexpr const char* kFirstFleet =
    R"(/// A first fleet: one task for each Markdown file, on a branch of its own; what passes is gathered.
/// `fleetc plan first.fleet` shows what would happen, `fleetc run first.fleet` does it.
fleet first v1 {
  repo = git(".", base: @BASE@)

  /// What one session does: here, take the blanks off the ends of lines. {item} is the file; it is
  /// always exactly one argument.
  role tidier {
    runtime = shell("sed -i -e 's/[[:space:]]*$//' -- {item}")
    writes  = worktree("first/file/{item}") in ["**/*.md"]
    accept  = ["test -s {item}" passes]
  }

  flow main {
    tidy   = fanout f in files("**/*.md") to tidier width 4 est 1s spawn 200ms
    gather = repo.merge(tidy, into: "first/gathered") after tidy.accepted
  }
}
)";

// A name as the language writes it: bare where it is a plain word, else a string.
std::string as_value(const std::string& name) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  if (std::ranges::all_of(name, is_plain))
    return name;
  std::string text = "\"";
  for (const char c : name) {
    if (c == '"' || c == '\\')
      text += '\\';
    if (c == '{' || c == '}')
      text += c;
    text += c;
  }
  return text + '"';
}

std::string human_bytes(std::uint64_t bytes) {
  if (bytes < 1024)
    return fmt::format("{} B", bytes);
  if (bytes < 1024 * 1024)
    return fmt::format("{} KiB", bytes / 1024);
  return fmt::format("{} MiB", bytes / 1024 / 1024);
}

// The branch that HEAD names, for the file that `init` writes; "main" where there is no repository
// yet.
std::string base_branch(const std::string& folder) {
  auto repository = worktree::Repository::discover(folder);
  if (!repository)
    return "main";
  const auto branch = repository->head_branch();
  return branch ? *branch : "main";
}

}  // namespace

int clean(const CleanOptions& options) {
  flow::EngineOptions engine_options;
  engine_options.repository = ".";
  engine_options.environment = environment();
  auto engine = flow::Engine::open(std::move(engine_options), os::system_clock());
  if (!engine) {
    complain(engine.error());
    return kRunFailed;
  }
  if (const auto run = (*engine)->unfinished(); run && !options.dry_run) {
    complain(fmt::format(
        "fleetc: run {} is unfinished and may need its worktrees: `fleetc resume {}` first\n",
        run->id, run->id));
    return kRunFailed;
  }
  const auto cleaned = (*engine)->clean(options.dry_run);
  if (!cleaned) {
    complain(cleaned.error());
    return kRunFailed;
  }
  std::string out;
  for (const std::string& folder : cleaned->removed)
    out += report::printable(folder) + "\n";
  out += fmt::format(
      "{} {}, {}{}\n", options.dry_run ? "would remove" : "removed",
      report::counted(cleaned->removed.size(), "worktree"), human_bytes(cleaned->bytes),
      cleaned->kept > 0 ? fmt::format("; {} kept, in use or with something unsaved", cleaned->kept)
                        : "");
  print(out);
  return kDone;
}

int init(const InitOptions& options) {
  const std::string path = options.folder + "/first.fleet";
  const auto there = os::system_files().exists(path);
  if (there && *there) {
    complain(fmt::format("fleetc: {} exists and is left alone\n", report::printable(path)));
    return kUsage;
  }
  std::string text = kFirstFleet;
  const std::string mark = "@BASE@";
  text.replace(text.find(mark), mark.size(), as_value(base_branch(options.folder)));
  if (const Status written = os::system_files().write_atomic(path, text, 0644); !written) {
    complain(written.error());
    return kRunFailed;
  }
  print(
      fmt::format("wrote {0}\n"
                  "  fleetc plan {0}   what it would do\n"
                  "  fleetc run {0}    do it\n",
                  report::printable(path)));
  return kDone;
}

int version(const std::string& format) {
  if (format == "json")
    print("{\"fleetc\":\"" FLEETC_VERSION "\"}\n");
  else
    print("fleetc " FLEETC_VERSION "\n");
  return kDone;
}

}  // namespace fleet::cli
