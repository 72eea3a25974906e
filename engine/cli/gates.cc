// inbox, approve, reject: what waits for a human, and their decisions. A decision is a durable
// file; what the engine makes of it is in the journal, so that is where these commands look.
#include "engine/flow/gates.h"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <thread>

#include <fmt/format.h>

#include "engine/cli/commands.h"
#include "engine/cli/exit_codes.h"
#include "engine/cli/past.h"
#include "engine/cli/terminal.h"
#include "engine/decide/box.h"
#include "engine/decide/signature.h"
#include "engine/os/files.h"
#include "engine/process/descent.h"
#include "engine/report/gate.h"
#include "engine/report/words.h"
#include "engine/worktree/repository.h"

namespace fleet::cli {
namespace {

constexpr std::chrono::seconds kEnginePatience{10};
constexpr std::chrono::milliseconds kLookAgain{50};

// A gate of a run, open or not any more.
struct Found {
  std::shared_ptr<const flow::PastRun> run;
  run::TaskIndex task;

  const run::Task& of() const { return run->state.tasks[task.value]; }
  std::string id() const { return report::gate_id(run->state.run, task); }
  std::string name() const { return report::label(run->plan, of()); }
};

bool is_open(const Found& gate) {
  return gate.of().phase == run::Phase::kParked && gate.of().gate.has_value();
}

// Runs that can still be carried on, newest first.
Result<std::vector<std::shared_ptr<const flow::PastRun>>> unfinished_runs(const Past& past) {
  std::vector<std::shared_ptr<const flow::PastRun>> runs;
  for (const journal::RunInfo& info : past.reader->list_runs()) {
    if (info.finished)
      continue;
    FLEET_TRY(flow::PastRun run, flow::replay_run(*past.reader, info, nullptr));
    runs.push_back(std::make_shared<const flow::PastRun>(std::move(run)));
  }
  return runs;
}

// Open ones of a run that can be carried on; else all that there ever were.
std::vector<Found> gates_of(const std::shared_ptr<const flow::PastRun>& run, bool open) {
  std::vector<Found> gates;
  for (const run::Task& task : run->state.tasks) {
    const Found gate{run, task.index};
    if (task.gate && (!open || is_open(gate)))
      gates.push_back(gate);
  }
  return gates;
}

bool is_called(const Found& gate, const std::string& word) {
  const std::string& step = gate.run->plan.nodes[gate.of().node.value].name;
  return gate.id() == word || gate.name() == word || step == word ||
         fmt::format("{}.{}", gate.run->state.run, gate.task.value) == word;
}

std::vector<Found> fitting(const std::vector<Found>& gates, const std::string& word) {
  std::vector<Found> exact, begun;
  for (const Found& gate : gates) {
    if (is_called(gate, word))
      exact.push_back(gate);
    // By the run's whole part of it, never by a piece: a decision can't be undone.
    else if (!word.empty() && gate.id().starts_with(word + "."))
      begun.push_back(gate);
  }
  return exact.empty() ? begun : exact;
}

std::string list_of(const std::vector<Found>& gates) {
  std::string out;
  for (const Found& gate : gates)
    out += fmt::format("  {}  {} of run {}\n", gate.id(), gate.name(), gate.run->state.run);
  return out;
}

// --- what a decision says of who made it -------------------------------------------------------

std::string account_name() {
  const uid_t uid = ::geteuid();
  const passwd* entry = ::getpwuid(uid);
  return entry != nullptr && entry->pw_name != nullptr ? entry->pw_name
                                                       : fmt::format("uid {}", uid);
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown host";
}

std::string terminal_name() {
  for (const int fd : {STDIN_FILENO, STDERR_FILENO, STDOUT_FILENO})
    if (std::array<char, 256> name{}; ::ttyname_r(fd, name.data(), name.size()) == 0)
      return name.data();
  return {};
}

// $XDG_CONFIG_HOME/fleetc/decision-key.pem; empty without a home.
std::string decision_key_file() {
  const char* config = std::getenv("XDG_CONFIG_HOME");
  if (config != nullptr && *config == '/')
    return std::string(config) + "/fleetc/decision-key.pem";
  const char* home = std::getenv("HOME");
  return home != nullptr && *home == '/' ? std::string(home) + "/.config/fleetc/decision-key.pem"
                                         : std::string();
}

decide::Decision make_decision(bool approve, const std::string& why) {
  decide::Decision decision;
  decision.approve = approve;
  decision.account = account_name();
  decision.by = decision.account;
  decision.host = host_name();
  decision.pid = ::getpid();
  decision.terminal = terminal_name();
  decision.at = os::system_clock().wall().time_since_epoch().count();
  decision.why = why;
  return decision;
}

void address(decide::Decision& decision, const Found& gate) {
  decision.gate = {gate.run->state.run, gate.task.value, gate.of().gate->epoch};
  decision.plan = gate.run->plan.hash;
}

// Signs where the human has a key.
Status sign_if_needed(decide::Decision& decision, const Found& gate, const std::string& key_file) {
  const std::string& name = gate.of().gate->human;
  for (const plan::Human& human : gate.run->plan.humans) {
    if (human.name != name || human.key.empty())
      continue;
    const std::string file = key_file.empty() ? decision_key_file() : key_file;
    decision.by = name;
    auto signature = decide::sign(file, decide::signed_text(decision));
    if (!signature)
      return std::move(signature).error().in(
          fmt::format("decisions of `{}` are signed; --key names the private key's file", name));
    if (!decide::verify(human.key, decide::signed_text(decision), *signature))
      return Error(Errc::kInvalid,
                   fmt::format("{} is not the key of `{}`: its public half is not what {} says",
                               file, name, gate.run->plan.file));
    decision.signature = *std::move(signature);
    return {};
  }
  if (!key_file.empty())
    return Error(Errc::kInvalid,
                 fmt::format("`{}` has no `key` in {}, so a signature would show nothing", name,
                             gate.run->plan.file));
  return {};
}

// --- what became of it -------------------------------------------------------------------------

std::string past_word(bool approve) {
  return approve ? "approved" : "rejected";
}

std::string how_it_ended(const Found& gate) {
  const run::Task& task = gate.of();
  if (task.decision)
    return fmt::format(
        "it was {} by {} ({})", past_word(task.decision->decision == run::Decision::kApprove),
        report::printable(task.decision->by), report::printable(task.decision->from));
  if (is_open(gate))
    return fmt::format("run {} was given up", gate.run->state.run);
  return fmt::format("it closed unanswered at {}: {}", report::timestamp(task.since),
                     report::printable(task.reason));
}

int too_late(const Found& gate, const std::string& why) {
  complain(
      fmt::format("fleetc: {} ({}) waits for nobody any more: {}\n", gate.id(), gate.name(), why));
  return kRunFailed;
}

int lost_to(const decide::Decision& counts, const Found& gate) {
  complain(fmt::format("fleetc: {} ({}) was {} before, by {} at {} ({}){}\n", gate.id(),
                       gate.name(), past_word(counts.approve), report::printable(counts.by),
                       report::timestamp(counts.at), report::printable(decide::origin_of(counts)),
                       counts.why.empty() ? "" : ": " + report::printable(counts.why)));
  return kRunFailed;
}

int kept_for_later(const Past& past, const Found& gate, const decide::Decision& decision) {
  const std::string what =
      fmt::format("{} {} ({})", past_word(decision.approve), gate.id(), gate.name());
  print(engine_at_work(past.places)
            ? fmt::format("{}: kept; the engine of run {} has not taken it yet\n", what,
                          gate.run->state.run)
            : fmt::format("{}: kept; `fleetc resume {}` goes on with it, as no engine is at work\n",
                          what, gate.run->state.run));
  return kDone;
}

// Follows the journal until the engine has taken the decision, or the gate is gone without it.
int follow(Past& past, const Found& gate, const decide::Decision& decision,
           const decide::DecisionBox& box) {
  const auto end = std::chrono::steady_clock::now() + kEnginePatience;
  const run::Epoch epoch = gate.of().gate->epoch;
  for (;;) {
    // Looked at first: an engine that is gone by now may have taken it before.
    const bool goes_on = engine_at_work(past.places) && std::chrono::steady_clock::now() < end;
    if (const Status fresh = past.reader->refresh(); !fresh)
      return refuse(fresh.error());
    auto run = flow::replay_run(*past.reader, gate.run->info, nullptr);
    if (!run)
      return refuse(run.error());
    const Found now{std::make_shared<const flow::PastRun>(*std::move(run)), gate.task};
    const run::Task& task = now.of();
    const bool same = task.gate && task.gate->epoch == epoch;
    if (same && task.decision && task.decision->from == decide::origin_of(decision)) {
      print(fmt::format("{} {} ({}): run {} goes on\n", past_word(decision.approve), gate.id(),
                        gate.name(), gate.run->state.run));
      return kDone;
    }
    if (!same || !is_open(now))
      return too_late(now, how_it_ended(now));
    if (const auto left = box.look(decision.gate); left && !*left) {
      complain(
          fmt::format("fleetc: the engine refused the decision on {}: it is not signed by whom "
                      "it asked\n",
                      gate.id()));
      return kRunFailed;
    }
    if (!goes_on)
      return kept_for_later(past, gate, decision);
    std::this_thread::sleep_for(kLookAgain);
  }
}

int deliver(Past& past, const Found& gate, decide::Decision decision, const std::string& key_file,
            decide::DecisionBox& box) {
  address(decision, gate);
  if (const Status is_signed = sign_if_needed(decision, gate, key_file); !is_signed) {
    complain(is_signed.error());
    return kRunFailed;
  }
  const auto delivered = box.deliver(decision);
  if (!delivered) {
    complain(delivered.error());
    return kRunFailed;
  }
  if (!delivered->first) {
    // It is kept for the record; whose decision counts does not depend on it.
    (void)box.record(decision, "late");
    return lost_to(delivered->counts, gate);
  }
  return engine_at_work(past.places) ? follow(past, gate, decision, box)
                                     : kept_for_later(past, gate, decision);
}

// No open gate has that name: one that is over, or none at all.
int no_such_gate(const Past& past, const std::string& word, decide::Decision decision,
                 const std::vector<Found>& open, decide::DecisionBox& box) {
  for (const journal::RunInfo& info : past.reader->list_runs()) {
    auto run = flow::replay_run(*past.reader, info, nullptr);
    if (!run)
      return refuse(run.error());
    const auto over =
        fitting(gates_of(std::make_shared<const flow::PastRun>(*std::move(run)), false), word);
    if (over.empty())
      continue;
    address(decision, over.front());
    (void)box.record(decision, "late");
    return too_late(over.front(), how_it_ended(over.front()));
  }
  decision.gate.run = "unknown";
  decision.why = fmt::format("{}: {}", word.substr(0, 200), decision.why);
  (void)box.record(decision, "unknown");
  complain(fmt::format("fleetc: nothing that waits for a decision is called `{}`{}\n{}",
                       report::printable(word), open.empty() ? "; nothing waits for one" : ":",
                       list_of(open)));
  return kUsage;
}

int decide_on(const DecideOptions& options, bool approve) {
  const auto inside = process::descends_from_keeper();
  if (!inside)
    return refuse(inside.error());
  if (*inside) {
    complain("fleetc: a session of a fleet can't decide: a human does, from outside of it\n");
    return kRunFailed;
  }
  if (options.why.size() > decide::kMaxWhy) {
    complain(fmt::format("fleetc: --why has at most {} bytes\n", decide::kMaxWhy));
    return kUsage;
  }
  auto past = open_past();
  if (!past)
    return refuse(past.error());
  const auto runs = unfinished_runs(*past);
  if (!runs)
    return refuse(runs.error());
  auto box = decide::DecisionBox::open(past->places.state_dir);
  if (!box)
    return refuse(box.error());
  std::vector<Found> open;
  for (const auto& run : *runs)
    for (Found& gate : gates_of(run, true))
      open.push_back(std::move(gate));
  const std::vector<Found> chosen = fitting(open, options.gate);
  decide::Decision decision = make_decision(approve, options.why);
  if (chosen.empty())
    return no_such_gate(*past, options.gate, std::move(decision), open, *box);
  if (chosen.size() > 1) {
    complain(fmt::format("fleetc: `{}` fits more than one:\n{}", report::printable(options.gate),
                         list_of(chosen)));
    return kUsage;
  }
  return deliver(*past, chosen.front(), std::move(decision), options.key, *box);
}

// --- inbox -------------------------------------------------------------------------------------

std::optional<report::ChangeSize> measure(worktree::Repository& repository, const std::string& base,
                                          const std::string& commit) {
  const auto before = worktree::Oid::parse(base);
  const auto after = worktree::Oid::parse(commit);
  if (!before || !after)
    return std::nullopt;
  const auto size = repository.diff_stat(*before, *after);
  if (!size)
    return std::nullopt;
  return report::ChangeSize{size->files, size->insertions, size->deletions};
}

}  // namespace

int approve(const DecideOptions& options) {
  return decide_on(options, true);
}
int reject(const DecideOptions& options) {
  return decide_on(options, false);
}

int inbox(const InboxOptions& options) {
  const auto past = open_past();
  if (!past)
    return refuse(past.error());
  const auto runs = unfinished_runs(*past);
  if (!runs)
    return refuse(runs.error());
  auto repository = worktree::Repository::open(past->places.common_dir);
  if (!repository)
    return refuse(repository.error());
  const bool json = options.format == "json";
  std::string out;
  for (const auto& run : *runs) {
    const std::string run_dir = past->places.state_dir + "/runs/" + run->state.run;
    report::InboxView view;
    view.now = os::system_clock().wall().time_since_epoch().count();
    view.measure = [&](const std::string& commit) {
      return measure(*repository, run->state.base_commit, commit);
    };
    view.notify_trouble = [&](run::Attempt gate) {
      const auto trouble =
          os::system_files().read_file(flow::notify_failure_path(run_dir, gate), 4096);
      return trouble ? fmt::format("{} ({})", trouble->substr(0, trouble->find('\n')),
                                   flow::notify_log_path(run_dir, gate))
                     : std::string();
    };
    const std::string gates = json ? report::inbox_json(run->plan, run->state, view)
                                   : report::inbox_text(run->plan, run->state, view);
    if (!gates.empty())
      out += (out.empty() ? "" : json ? ",\n " : "\n") + gates;
  }
  if (json)
    print("[" + out + "]\n");
  else
    print(out.empty() ? "nothing waits for a decision\n" : out);
  return kDone;
}

}  // namespace fleet::cli
