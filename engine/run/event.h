// What can happen to a run: the journal's vocabulary. Facts only, no opinions; `step` draws the
// conclusions. Values of persistent enums are never renumbered.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dsl/plan/plan.h"
#include "dsl/plan/spawn.h"

namespace fleet::run {

using plan::Millis;
using plan::NodeIndex;

// Dense within a run, in order of creation; stable across resumes.
struct TaskIndex {
  std::uint32_t value = 0;
  friend auto operator<=>(TaskIndex, TaskIndex) = default;
};
// Attempts of a task carry a rising epoch, from 1. An event of an epoch that is not the task's
// current one is a superseded attempt's and changes nothing.
using Epoch = std::uint32_t;

struct Attempt {
  TaskIndex task;
  Epoch epoch = 0;
  friend auto operator<=>(const Attempt&, const Attempt&) = default;
};

// First event of every run.
struct RunOpened {
  std::string run;
  std::string plan_hash;
  std::string base_commit;
  std::uint32_t jobs = 1;  // -j: processes at once
  std::uint32_t ahead =
      0;                // plain commands submitted beyond `jobs`, so that the keeper never idles
  std::string version;  // of fleetc
  friend bool operator==(const RunOpened&, const RunOpened&) = default;
};

// The items of a fan-out, evaluated at the commit it starts from; `found` exceeds items.size() when
// `limit` cut the list. A non-empty `error` means that the source could not be evaluated.
struct ItemsListed {
  NodeIndex node;
  std::vector<std::string> items;
  std::uint64_t found = 0;
  std::string error;
  // Of a fan-out with routes, parallel to `items`: which of the node's agents each goes to.
  std::vector<std::uint32_t> agents = {};
  friend bool operator==(const ItemsListed&, const ItemsListed&) = default;
};

// The spawn check's answer with its inputs. `order` holds every item index once: the order in which
// sessions take them (longest first when unequal).
struct SpawnDecided {
  NodeIndex node;
  std::uint64_t items = 0;
  std::uint32_t width = 1;
  Millis each{0};   // typical t
  Millis spawn{0};  // s
  plan::Figure each_from = plan::Figure::kDeclared;
  plan::Figure spawn_from = plan::Figure::kDeclared;
  std::uint32_t sessions = 1;
  bool pays = false;
  bool forced = false;
  Millis sequential{0};
  Millis chosen{0};
  std::string arithmetic;
  std::vector<std::uint32_t> order;
  friend bool operator==(const SpawnDecided&, const SpawnDecided&) = default;
};

// The attempt's lease is taken and its worktree stands at `start`; a non-empty `error` means it
// could not be prepared (the world's fault: disk, git).
struct Prepared {
  Attempt attempt;
  std::string start;   // commit id
  std::string branch;  // what the lease owns; empty for plain commands
  std::string slot;    // the worktree slot's name, so that a later engine finds it again
  bool cold = true;    // the session's first task
  Millis took{0};
  std::string error;
  bool refused =
      false;  // with an error: it is the user's to mend, another attempt would end the same way
  std::string credential = {};  // with an error: of the agent's, the one that does not work
  friend bool operator==(const Prepared&, const Prepared&) = default;
};

enum class ExitHow : std::uint8_t {
  kExited = 1,     // code = exit status
  kSignalled = 2,  // code = signal
  kTimedOut = 3,
  kCancelled = 4,  // by us
  kOutputLimit = 5,
  kSpawnFailed = 6,  // detail says why
  kLost = 7,         // keeper or machine died before the exit was recorded
  kStarved = 8,      // it never ran, for want of what the machine may have again; detail says why
  // Said by the agent's own stream, whatever its exit code was:
  kAuth = 9,         // its credential is not accepted
  kLimited = 10,     // a rate or usage limit; `until` says when it may go on, if that is known
  kOverloaded = 11,  // the model's service has no room
  kContextExhausted = 12,
  kDeclined = 13,     // the model would not do it
  kBudgetSpent = 14,  // its budget for one attempt
};

struct Exited {
  Attempt attempt;
  ExitHow how = ExitHow::kExited;
  std::int32_t code = 0;
  Millis duration{0};
  Millis cpu{0};
  std::uint64_t max_rss_kb = 0;
  std::uint64_t output_bytes = 0;
  std::string detail;
  std::int64_t until = 0;  // of kLimited: wall ms; 0: not said
  friend bool operator==(const Exited&, const Exited&) = default;
};

enum class CaptureHow : std::uint8_t {
  kCommit = 1,
  kEmpty = 2,    // nothing changed
  kOutside = 3,  // paths outside `in`: listed
  kRefused = 4,  // what the session left cannot be committed (special files, …): detail
  kError = 5,    // the world's fault
};

struct Captured {
  Attempt attempt;
  CaptureHow how = CaptureHow::kCommit;
  std::string commit;  // kCommit; for kEmpty the start commit
  std::uint32_t files = 0;
  std::uint64_t insertions = 0;
  std::uint64_t deletions = 0;
  std::vector<std::string> paths;  // kOutside: at most 20
  std::string detail;
  friend bool operator==(const Captured&, const Captured&) = default;
};

struct CheckResult {
  std::string text;  // as written in `accept`
  bool passed = false;
  std::string detail;  // "exit 1", "timed out", "412 changed lines"
  Millis duration{0};
  friend bool operator==(const CheckResult&, const CheckResult&) = default;
};

// Evidence. A non-empty `error` means that it could not be gathered (the world's fault).
struct Verified {
  Attempt attempt;
  bool passed = false;
  std::vector<CheckResult> checks;
  std::string error;
  friend bool operator==(const Verified&, const Verified&) = default;
};

// The branch now names the attempt's commit, or `error` says why it could not be moved.
struct Published {
  Attempt attempt;
  std::string branch;
  std::string commit;
  std::string error;
  friend bool operator==(const Published&, const Published&) = default;
};

enum class MergeHow : std::uint8_t {
  kMerged = 1,
  kNothing = 2,         // every source was already contained
  kConflict = 3,        // paths
  kEvidenceFailed = 4,  // the merged tree did not pass the flow's accept
  kRefused = 5,         // the branch may not or could not be moved: detail
  kError = 6,
};

struct Merged {
  Attempt attempt;
  MergeHow how = MergeHow::kMerged;
  std::string commit;
  std::string branch;
  std::vector<std::string> paths;
  std::vector<CheckResult> checks;
  std::string detail;  // where to find it, what to do
  friend bool operator==(const Merged&, const Merged&) = default;
};

struct TimerFired {
  Attempt attempt;
  friend bool operator==(const TimerFired&, const TimerFired&) = default;
};

enum class StopLevel : std::uint8_t { kDrain = 1, kNow = 2 };

struct StopAsked {
  StopLevel level = StopLevel::kDrain;
  std::string by;  // "Ctrl-C", "SIGTERM"
  friend bool operator==(const StopAsked&, const StopAsked&) = default;
};

// A new engine carries on. Attempts in flight are told apart by the Reconciled events that follow.
struct Resumed {
  std::uint32_t jobs = 1;
  std::uint32_t ahead = 0;
  std::string version;
  friend bool operator==(const Resumed&, const Resumed&) = default;
};

enum class Found : std::uint8_t {
  kRunning = 1,       // adopted; its Exited will come
  kNeverStarted = 2,  // the keeper never heard of it: launch it, same epoch
  kLost = 3,          // it may have run: a new epoch
};

struct Reconciled {
  Attempt attempt;
  Found found = Found::kRunning;
  friend bool operator==(const Reconciled&, const Reconciled&) = default;
};

enum class RunOutcome : std::uint8_t { kDone = 1, kFailed = 2, kStopped = 3 };

// kStopped runs are resumable; the others are over.
struct RunClosed {
  RunOutcome outcome = RunOutcome::kDone;
  friend bool operator==(const RunClosed&, const RunClosed&) = default;
};

// What sessions say of themselves, through their own socket. Each is durable before the session is
// told that it was taken. What an agent says is never evidence.

enum class Severity : std::uint8_t { kNote = 1, kMinor = 2, kMajor = 3, kCritical = 4 };

// One thing that a review wants changed.
struct Finding {
  // The same remark has the same id in every round: drawn from label, path and title, not from
  // lines, which move. Fit for a branch name: "f-1a2b3c4d5e".
  std::string id;
  Severity severity = Severity::kMajor;
  std::string label;  // what routes it: "security"; may be empty
  std::string path;   // in the repository; empty: of the change as a whole
  std::uint32_t line = 0;
  std::string title;   // one line
  std::string detail;  // Markdown; what is wrong and what would put it right
  friend bool operator==(const Finding&, const Finding&) = default;
};

struct FindingFiled {
  Attempt attempt;
  Finding finding;
  friend bool operator==(const FindingFiled&, const FindingFiled&) = default;
};

enum class Verdict : std::uint8_t { kApproved = 1, kChangesRequested = 2 };

// Binds to the commit that the attempt began at.
struct VerdictGiven {
  Attempt attempt;
  Verdict verdict = Verdict::kApproved;
  std::string summary;
  friend bool operator==(const VerdictGiven&, const VerdictGiven&) = default;
};

// The session read a document of its identity, at this version, with these bytes.
struct IdentityRead {
  Attempt attempt;
  std::string name;
  std::uint32_t version = 0;
  std::string sha256;
  friend bool operator==(const IdentityRead&, const IdentityRead&) = default;
};

// The session was given its task: it had read what it has to read.
struct TaskTaken {
  Attempt attempt;
  friend bool operator==(const TaskTaken&, const TaskTaken&) = default;
};

enum class NoteKind : std::uint8_t { kCheckpoint = 1, kHandoff = 2 };

// Working state that the session saved; its text is a blob under the state directory.
struct NoteSaved {
  Attempt attempt;
  NoteKind kind = NoteKind::kCheckpoint;
  std::uint32_t number = 0;  // of the attempt's notes of this kind, from 1
  std::string sha256;
  std::uint64_t bytes = 0;
  friend bool operator==(const NoteSaved&, const NoteSaved&) = default;
};

// The session asks for a human.
struct Escalated {
  Attempt attempt;
  std::string why;
  friend bool operator==(const Escalated&, const Escalated&) = default;
};

// The session says that it is done, or that it can't do the task. Its exit is still waited for.
struct Concluded {
  Attempt attempt;
  bool done = false;
  std::string summary;
  friend bool operator==(const Concluded&, const Concluded&) = default;
};

// What an attempt has used since the last such event, as its adapter or the broker metered it.
struct Metered {
  Attempt attempt;
  std::int64_t micros = 0;  // micro-dollars
  std::uint64_t input_tokens = 0;
  std::uint64_t cached_tokens = 0;  // of these, read from a cache
  std::uint64_t output_tokens = 0;
  // The model's service did not say all of it: the money is the most that it may have been.
  bool assumed = false;
  friend bool operator==(const Metered&, const Metered&) = default;
};

enum class Decision : std::uint8_t { kApprove = 1, kReject = 2, kRetry = 3 };

// A human's answer to a gate. Of an escalation kApprove is "continue", kReject "stop", and kRetry
// "try it again" (may_retry).
struct GateAnswered {
  Attempt attempt;
  Decision decision = Decision::kApprove;
  std::string by;    // name of the human as the fleet knows it, or of the account
  std::string from;  // "ann@host, pid 123, terminal /dev/pts/3; key: no"
  std::string why;
  // Wall ms when the human decided, which may be long before an engine took it; 0: not known.
  std::int64_t given = 0;
  friend bool operator==(const GateAnswered&, const GateAnswered&) = default;
};

// Other work that is under way, or not merged yet, may change the same files: by what both declare
// after `in`. A warning, told before the session begins.
struct PathsShared {
  Attempt attempt;
  std::vector<std::string> with;  // for people: "`docs` (src/**)"
  friend bool operator==(const PathsShared&, const PathsShared&) = default;
};

// Order is persistent: the index is the journal's event type minus one.
using EventBody =
    std::variant<RunOpened, ItemsListed, SpawnDecided, Prepared, Exited, Captured, Verified,
                 Published, Merged, TimerFired, StopAsked, Resumed, Reconciled, RunClosed,
                 FindingFiled, VerdictGiven, IdentityRead, TaskTaken, NoteSaved, Escalated,
                 Concluded, Metered, GateAnswered, PathsShared>;

struct Event {
  std::int64_t at = 0;  // wall clock, ms since 1970
  EventBody body;
  friend bool operator==(const Event&, const Event&) = default;
};

const char* name_of(const EventBody& body);  // "prepared"

// Compact JSON of the body, fields in a fixed order; and back. Text is UTF-8; a byte that is not
// part of well-formed UTF-8 (items are whatever a file or a command holds) is written as U+0010 and
// two hex digits, and U+0010 itself likewise ("\u001010"), so that every byte string survives.
// Decoding never throws: `ok` is false on anything that encode could not have written.
std::string encode(const EventBody& body);
struct DecodedEvent {
  bool ok = false;
  EventBody body;
  std::string error;
};
DecodedEvent decode(std::uint32_t type, std::string_view payload);
std::uint32_t type_of(const EventBody& body);

}  // namespace fleet::run
