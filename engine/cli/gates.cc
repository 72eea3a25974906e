// approve, reject, retry: a human's decisions. A decision is a durable file; what the engine makes
// of it is in the journal, so that is where these commands look.
#include "engine/flow/gates.h"

#include <thread>

#include <fmt/format.h>

#include "engine/cli/commands.h"
#include "engine/cli/deciding.h"
#include "engine/cli/exit_codes.h"
#include "engine/cli/past.h"
#include "engine/cli/terminal.h"
#include "engine/decide/box.h"
#include "engine/process/descent.h"
#include "engine/report/gate.h"
#include "engine/report/words.h"

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

void address(decide::Decision& decision, const Found& gate) {
  decision.gate = {gate.run->state.run, gate.task.value, gate.of().gate->epoch};
  decision.plan = gate.run->plan.hash;
}

// --- what became of it -------------------------------------------------------------------------

std::string past_word(decide::Answer answer) {
  return run::name_of(flow::decision_of(answer));
}

std::string how_it_ended(const Found& gate) {
  const run::Task& task = gate.of();
  if (task.decision)
    return fmt::format("it was {} by {} ({})", run::name_of(task.decision->decision),
                       report::printable(task.decision->by),
                       report::printable(task.decision->from));
  if (is_open(gate) && gate.run->info.finished)
    return fmt::format("run {} was given up", gate.run->state.run);
  if (is_open(gate))
    return "its time was over, and the next one is open: `fleetc inbox` shows it";
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
                       gate.name(), past_word(counts.answer), report::printable(counts.by),
                       report::timestamp(counts.at), report::printable(decide::origin_of(counts)),
                       counts.why.empty() ? "" : ": " + report::printable(counts.why)));
  return kRunFailed;
}

int kept_for_later(const Past& past, const Found& gate, const decide::Decision& decision) {
  const std::string what =
      fmt::format("{} {} ({})", past_word(decision.answer), gate.id(), gate.name());
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
      print(fmt::format("{} {} ({}): run {} goes on\n", past_word(decision.answer), gate.id(),
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

// Judged by the time of the decision itself, whether or not an engine was there to close the gate.
// Where none is, the next one takes it into the journal, as one that does not count.
int came_late(const Past& past, const Found& gate, const decide::Decision& decision,
              decide::DecisionBox& box) {
  const run::Gate& asked = *gate.of().gate;
  if (engine_at_work(past.places)) {
    (void)box.record(decision, "late");
  } else if (const auto delivered = box.deliver(decision); !delivered) {
    complain(delivered.error());
    return kRunFailed;
  } else if (!delivered->first) {
    (void)box.record(decision, "late");
    if (delivered->counts.at <= asked.closes_at)
      return lost_to(delivered->counts, gate);
  }
  complain(fmt::format(
      "fleetc: {} ({}): the time to decide was over at {}, {} ago: what you decided is recorded as "
      "late and does not count\n  `fleetc resume {}` goes on as the step says for when nobody "
      "decides\n",
      gate.id(), gate.name(), report::timestamp(asked.closes_at),
      report::spoken(plan::Millis(decision.at - asked.closes_at)), gate.run->state.run));
  return kRunFailed;
}

int cannot_retry(const Found& gate) {
  const report::AnswerMeaning meaning = report::meaning_of(gate.run->plan, gate.of());
  complain(
      fmt::format("fleetc: {} ({}) can't be tried again: only a merge can, which costs no session\n"
                  "  fleetc approve {}   {}\n  fleetc reject {}    {}\n",
                  gate.id(), gate.name(), gate.id(), meaning.approve, gate.id(), meaning.reject));
  return kUsage;
}

int deliver(Past& past, const Found& gate, decide::Decision decision, const std::string& key_file,
            decide::DecisionBox& box) {
  address(decision, gate);
  const plan::Plan& plan = gate.run->plan;
  const run::Gate& asked = *gate.of().gate;
  if (decision.answer == decide::Answer::kRetry && !run::may_retry(plan, gate.of().node))
    return cannot_retry(gate);
  if (const Status is_signed = sign_if_needed(decision, plan, asked.human, key_file); !is_signed) {
    complain(is_signed.error());
    return kRunFailed;
  }
  if (asked.closes_at != 0 && decision.at > asked.closes_at)
    return came_late(past, gate, decision, box);
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

int decide_on(const DecideOptions& options, decide::Answer answer) {
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
  decide::Decision decision = make_decision(answer, options.why);
  if (chosen.empty())
    return no_such_gate(*past, options.gate, std::move(decision), open, *box);
  if (chosen.size() > 1) {
    complain(fmt::format("fleetc: `{}` fits more than one:\n{}", report::printable(options.gate),
                         list_of(chosen)));
    return kUsage;
  }
  return deliver(*past, chosen.front(), std::move(decision), options.key, *box);
}

}  // namespace

int approve(const DecideOptions& options) {
  return decide_on(options, decide::Answer::kApprove);
}
int reject(const DecideOptions& options) {
  return decide_on(options, decide::Answer::kReject);
}
int retry(const DecideOptions& options) {
  return decide_on(options, decide::Answer::kRetry);
}

}  // namespace fleet::cli
