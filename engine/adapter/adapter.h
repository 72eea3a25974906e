// The agent CLIs that the engine knows: how a session of each is started without a person beside
// it, and what its output says of how it went. Knows nothing of plans, worktrees or processes:
// values in, values out. Tried with claude 2.1.197, codex 0.169.0, gemini 0.61.0 and opencode
// 1.18.33 (tests/real_cli); another version may print other things. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fleet::adapter {

enum class Kind { kClaude, kCodex, kGemini, kOpencode };

using Variables = std::vector<std::pair<std::string, std::string>>;

// What a session is to do, and within what.
struct Call {
  std::vector<std::string> program;  // with its first arguments; empty: the CLI's usual name
  std::string model;                 // empty: the CLI's own choice
  std::string prompt;
  std::string home;    // HOME as the session sees it; absolute
  std::string review;  // a folder outside of the working directory that it reads; empty: none
  std::string fleetc;  // serves `fleetc mcp` to the session; empty: it gets no tools of ours
  Variables tool_env;  // what `fleetc mcp` needs in its environment; never on a command line
  // The base URL that stands for the model's service; empty: the CLI's own way. What it is told by
  // variables is not here.
  std::string models = {};
  bool writes = true;    // false: its tools that edit files are taken away
  bool confined = true;  // our sandbox is around it, so that its own is left off
  std::optional<std::int64_t> budget_micros;  // for CLIs that can stop at one; micro-dollars
};

struct File {
  std::string path;  // relative to HOME
  std::string text;
};

struct Start {
  std::vector<std::string> argv;
  Variables env;
  std::vector<File> files;  // to be there before the start, readable by the session alone
};

// Retries of the CLI's own are off where it has a switch for it, since the engine counts attempts;
// so are updates and statistics.
Start start(Kind kind, const Call& call);

// What came of a session. Of the causes only kSucceeded counts as having ended well, whatever the
// exit code was.
enum class Cause {
  kSucceeded,
  kFailed,  // nothing more precise is known
  kAuth,
  kLimited,     // a rate or usage limit
  kOverloaded,  // the service has no room, or can't be reached
  kContextExhausted,
  kDeclined,
  kBudgetSpent,
};

struct Usage {
  std::uint64_t input_tokens = 0;  // cached ones included
  std::uint64_t cached_tokens = 0;
  std::uint64_t output_tokens = 0;
  std::optional<std::int64_t> micros;  // micro-dollars as the CLI reckons them; empty: it does not
  friend bool operator==(const Usage&, const Usage&) = default;
};

struct Ending {
  Cause cause = Cause::kFailed;
  std::string detail;      // for people: the CLI's own words, one line
  std::int64_t until = 0;  // of kLimited: seconds since 1970 when it may go on; 0: not said
  Usage usage;
  std::string session;              // the CLI's own id, by which it could be resumed
  std::vector<std::string> denied;  // tools that the session was refused
};

// Reads what a session wrote to its output, stdout and stderr in one, from the beginning or from
// its last megabytes: lines that are no JSON are kept as words, a first line that was cut is
// skipped. `exit_code` is that of the CLI; -1: it did not exit by itself.
Ending read_output(Kind kind, std::string_view output, int exit_code);

}  // namespace fleet::adapter
