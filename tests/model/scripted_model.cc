#include "tests/model/scripted_model.h"

namespace fleet::test {

namespace {

// By what the task is, not by its number, which is a matter of time.
std::string commit_of(const Ledger::Task& task, run::Attempt attempt) {
  return fmt::format("c{}.{}.{}", task.item.first, task.item.second, attempt.epoch);
}

run::Exited exit_by(Fate fate, run::Attempt attempt) {
  run::Exited exit;
  exit.attempt = attempt;
  switch (fate) {
    case Fate::kExit: exit.code = 3; break;
    case Fate::kCrash:
      exit.how = run::ExitHow::kSignalled;
      exit.code = 11;
      break;
    case Fate::kTimeout: exit.how = run::ExitHow::kTimedOut; break;
    case Fate::kFlood: exit.how = run::ExitHow::kOutputLimit; break;
    case Fate::kSpawnFailed: exit.how = run::ExitHow::kSpawnFailed; break;
    case Fate::kLost: exit.how = run::ExitHow::kLost; break;
    default: break;
  }
  return exit;
}

}  // namespace

const plan::Agent* ScriptedModel::agent_named(const std::string& name) const {
  for (const plan::Agent& agent : plan_.agents) {
    if (agent.name == name)
      return &agent;
  }
  return nullptr;
}

simulate::Course ScriptedModel::course(const flow::Order& order) {
  const auto* verify = std::get_if<flow::VerifyOrder>(&order);
  const auto* merge = std::get_if<flow::MergeOrder>(&order);
  if (verify != nullptr) {
    ledger_.about_to_judge(verify->task.attempt, agenda_.now());
    ledger_.busy(verify->task.attempt);
  }
  if (merge != nullptr) {
    ledger_.about_to_begin(merge->task.attempt, agenda_.now());
    ledger_.busy(merge->task.attempt);
  }
  if (const auto* prepare = std::get_if<flow::PrepareOrder>(&order))
    ledger_.about_to_begin(prepare->task.attempt, agenda_.now());
  if (dice_.percent(15))
    return {.at_once = true};
  const std::uint32_t most = verify != nullptr || merge != nullptr ? 2000 : 60;
  return {up_to(dice_.percent(30) ? 0 : most), up_to(dice_.percent(50) ? 0 : 20), false};
}

run::ItemsListed ScriptedModel::list_items(const flow::ListOrder& order) {
  ledger_.about_to_list(order);
  say_(fmt::format("lists {}", plan_.nodes[order.node.value].name));
  run::ItemsListed listed;
  listed.node = order.node;
  if (script_.listing_fails[order.node.value]) {
    listed.error = "cannot be listed";
    return listed;
  }
  const plan::Fanout& fanout = *plan_.nodes[order.node.value].fanout;
  listed.items = fanout.source.list;
  listed.found = listed.items.size();
  if (fanout.limit && listed.items.size() > *fanout.limit)
    listed.items.resize(*fanout.limit);
  return listed;
}

// A session keeps its worktree over its tasks, until its engine dies; a new one gets another.
run::Prepared ScriptedModel::prepare(const flow::PrepareOrder& order) {
  const run::Attempt which = order.task.attempt;
  Ledger::Attempt& attempt = ledger_.begin(order.task, order.start, agenda_.now());
  say_(fmt::format("prepares {} for `{}`: {}", named(which), order.task.agent,
                   static_cast<int>(attempt.fate)));
  run::Prepared prepared;
  prepared.attempt = which;
  prepared.start = order.start;
  prepared.took = up_to(300);
  prepared.refused = attempt.fate == Fate::kPrepareRefused;
  if (attempt.fate == Fate::kPrepareError || prepared.refused) {
    prepared.error = "not today";
    ledger_.conclude(which, agenda_.now());
    return prepared;
  }
  const auto [slot, cold] = slots_.try_emplace(order.session, "");
  if (cold)
    slot->second = "slot" + std::to_string(++slots_ever_);
  prepared.cold = cold;
  prepared.slot = attempt.slot = slot->second;
  const plan::Agent* agent = agent_named(order.task.agent);
  if (agent != nullptr && agent->writes)
    prepared.branch = fmt::format("b{}", which.task.value);
  return prepared;
}

simulate::Process ScriptedModel::launch(const flow::LaunchOrder& order) {
  const run::Attempt which = order.task.attempt;
  ledger_.launched(order, agenda_.now());
  slots_[order.session] = order.slot;
  simulate::Process process{exit_by(ledger_.attempt(which).fate, which), false};
  process.end.duration = up_to(dice_.percent(10) ? 60'000 : dice_.percent(20) ? 5 : 4000);
  const plan::Agent* agent = agent_named(order.task.agent);
  process.with_engine = agent != nullptr && agent->on_engine_crash == plan::OnEngineCrash::kKill;
  say_(fmt::format("launches {} in {} for {} ms", named(which), order.slot,
                   process.end.duration.count()));
  return process;
}

void ScriptedModel::process_ended(const run::Exited& exit) {
  say_(fmt::format("process {} ends: {} {}", named(exit.attempt), static_cast<int>(exit.how),
                   exit.code));
  ledger_.process_ended(exit, agenda_.now());
}

run::Captured ScriptedModel::capture(const flow::CaptureOrder& order) {
  const run::Attempt which = order.task.attempt;
  Ledger::Attempt& attempt = ledger_.current(order.task, "a capture");
  require(attempt.ended && attempt.by_itself, "{} is captured before it ended", named(which));
  require(attempt.slot == order.slot, "{} is captured in `{}`", named(which), order.slot);
  require(!attempt.captured || attempt.at == order.at,
          "{} is captured again at another time: another commit", named(which));
  say_(fmt::format("captures {}", named(which)));
  attempt.captured = true;
  attempt.at = order.at;
  run::Captured captured;
  captured.attempt = which;
  captured.files = 1;
  const plan::Agent* agent = agent_named(order.task.agent);
  switch (attempt.fate) {
    case Fate::kEmpty:
      captured.how = run::CaptureHow::kEmpty;
      captured.commit = order.start;
      if (agent->accept.empty())
        ledger_.conclude(which, agenda_.now());
      return captured;
    case Fate::kOutside: captured.how = run::CaptureHow::kOutside; break;
    case Fate::kUncommittable: captured.how = run::CaptureHow::kRefused; break;
    case Fate::kCaptureError: captured.how = run::CaptureHow::kError; break;
    default:
      captured.commit = attempt.commit = commit_of(ledger_.task(which), which);
      return captured;
  }
  ledger_.conclude(which, agenda_.now());
  return captured;
}

run::Verified ScriptedModel::verify(const flow::VerifyOrder& order) {
  const run::Attempt which = order.task.attempt;
  Ledger::Attempt& attempt = ledger_.current(order.task, "evidence");
  require(order.commit == (attempt.commit.empty() ? attempt.start : attempt.commit),
          "{} is judged by {}", named(which), order.commit);
  ledger_.idle(which);
  say_(fmt::format("judges {}", named(which)));
  run::Verified verified;
  verified.attempt = which;
  if (attempt.fate == Fate::kVerifyError) {
    verified.error = "no space";
  } else if (attempt.fate == Fate::kEvidence) {
    verified.checks = {{"true", false, "exit 1", plan::Millis{5}}};
  } else {
    attempt.proved = verified.passed = true;
  }
  if (!verified.passed || attempt.commit.empty())
    ledger_.conclude(which, agenda_.now());
  return verified;
}

run::Published ScriptedModel::publish(const flow::PublishOrder& order) {
  const run::Attempt which = order.task.attempt;
  Ledger::Attempt& attempt = ledger_.current(order.task, "a publication");
  require(!attempt.commit.empty() && order.commit == attempt.commit, "{} publishes `{}`",
          named(which), order.commit);
  require(attempt.proved || agent_named(order.task.agent)->accept.empty(),
          "{} is published unproved", named(which));
  say_(fmt::format("publishes {}", named(which)));
  if (attempt.fate == Fate::kPublishError) {
    ledger_.conclude(which, agenda_.now());
    return {which, order.branch, order.commit, "moved"};
  }
  attempt.published = true;
  ledger_.conclude(which, agenda_.now(), order.commit);
  return {which, order.branch, order.commit, ""};
}

// A merge that is repeated finds its sources merged: nothing is left to do.
run::Merged ScriptedModel::merge(const flow::MergeOrder& order) {
  const run::Attempt which = order.task.attempt;
  Ledger::Attempt& attempt = ledger_.begin(order.task, order.start, agenda_.now());
  ledger_.idle(which);
  require(order.commits == ledger_.commits_for(*plan_.nodes[order.task.node.value].merge),
          "{} merges {}", named(which), fmt::join(order.commits, ", "));
  require(order.names.size() == order.commits.size(), "{} has unnamed sources", named(which));
  say_(fmt::format("merges {}: {}", named(which), static_cast<int>(attempt.fate)));
  run::Merged merged;
  merged.attempt = which;
  merged.branch = "merged";
  switch (attempt.fate) {
    case Fate::kConflict: merged.how = run::MergeHow::kConflict; break;
    case Fate::kMergeEvidence: merged.how = run::MergeHow::kEvidenceFailed; break;
    case Fate::kMergeRefused: merged.how = run::MergeHow::kRefused; break;
    case Fate::kMergeError: merged.how = run::MergeHow::kError; break;
    case Fate::kMergeNothing:
      merged.how = run::MergeHow::kNothing;
      merged.commit = order.start;
      break;
    default: {
      std::string& tip = ledger_.task(which).tip;
      merged.how = tip.empty() ? run::MergeHow::kMerged : run::MergeHow::kNothing;
      if (tip.empty())
        tip = commit_of(ledger_.task(which), which);
      merged.commit = tip;
    }
  }
  ledger_.conclude(which, agenda_.now(), merged.commit);
  return merged;
}

run::Merged ScriptedModel::merge_stopped(const flow::MergeOrder& order) {
  say_(fmt::format("stops merge {}", named(order.task.attempt)));
  ledger_.begin(order.task, order.start, agenda_.now());
  ledger_.take_back(order.task.attempt);
  ledger_.excuse(order.task.attempt);
  ledger_.idle(order.task.attempt);
  return Model::merge_stopped(order);
}

std::chrono::milliseconds ScriptedModel::grace(run::Attempt attempt) {
  say_(fmt::format("cancels {}", named(attempt)));
  ledger_.cancelled(attempt);
  return up_to(dice_.percent(30) ? 0 : 5000);
}

std::optional<run::GateAnswered> ScriptedModel::open_gate(const flow::OpenGateOrder& order) {
  return run::GateAnswered{order.task.attempt, run::Decision::kApprove, order.human, "the script",
                           ""};
}

void ScriptedModel::end_session(const flow::EndSessionOrder& order) {
  ledger_.session_ended(order.session);
  slots_.erase(order.session);
}

}  // namespace fleet::test
