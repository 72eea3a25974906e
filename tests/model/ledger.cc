#include "tests/model/ledger.h"

#include <algorithm>

namespace fleet::test {

std::string named(run::Attempt attempt) {
  return fmt::format("{}.{}", attempt.task.value, attempt.epoch);
}

namespace {

// What is under way when a stop comes may take so long: a grace, a merge, what settles an attempt.
constexpr plan::Millis kLongestEnd{9000};

bool is_agents(const plan::Node& node) {
  return node.kind == plan::NodeKind::kTask || node.kind == plan::NodeKind::kFanout;
}

}  // namespace

void Ledger::engine_born(const simulate::LifeOptions& options, Millis slack) {
  ++life_;
  jobs_ = std::max(jobs_, options.jobs);
  ahead_ = std::max(ahead_, options.ahead);
  uncertain_ += options.same_boot ? 0 : 1;
  stopping_ = false;
  stopped_now_at_.reset();
  slack_ = slack;
  busy_.clear();
}

void Ledger::stop_asked(run::StopLevel level, Millis now) {
  ++stops_;
  if (level == run::StopLevel::kNow && !stopped_now_at_)
    stopped_now_at_ = now;
  if (!stopping_)
    last_start_ = now + slack_;
  stopping_ = true;
}

void Ledger::engine_stopped(Millis now) const {
  require(stopping_, "the run was stopped, and nobody asked for it");
  require(live_.empty(), "the run was stopped, and {} processes go on", live_.size());
  require(!stopped_now_at_ || now <= *stopped_now_at_ + kLongestEnd,
          "asked at {} ms to stop now, it took until {} ms",
          stopped_now_at_.value_or(Millis{0}).count(), now.count());
}

const Ledger::Task* Ledger::task_of(Item item) const {
  const auto found = index_of_.find(item);
  return found == index_of_.end() ? nullptr : &by_index_.at(found->second);
}

// Which item a task is never changes, not with a new engine either.
Ledger::Task& Ledger::known(const flow::TaskFacts& facts) {
  Item item{facts.node.value, 0};
  const plan::Node& node = plan_.nodes[facts.node.value];
  if (node.fanout) {
    const auto& list = node.fanout->source.list;
    const auto at = std::find(list.begin(), list.end(), facts.item);
    require(at != list.end(), "`{}` is no item of {}", facts.item, node.name);
    item.second = static_cast<std::uint32_t>(at - list.begin());
  }
  const std::uint32_t index = facts.attempt.task.value;
  const auto [known, is_new] = index_of_.try_emplace(item, index);
  require(known->second == index, "item {} of {} is task {} and task {}", item.second, node.name,
          known->second, index);
  Task& task = by_index_[index];
  require(is_new || task.item == item, "task {} is two items", index);
  task.item = item;
  return task;
}

bool Ledger::finished(std::uint32_t node) const {
  const Oracle::NodeEnd& end = oracle_.node(node);
  if (!end.started || end.listing_failed)
    return true;
  for (std::uint32_t i = 0; i < end.tasks.size(); ++i) {
    const Task* task = task_of({node, i});
    if (task == nullptr || task->spent != end.tasks[i].attempts)
      return false;
  }
  return !plan_.nodes[node].fanout || listed_.count(node) > 0;
}

void Ledger::edges_hold(plan::NodeIndex node, const std::string& who) const {
  for (const plan::Edge& edge : plan_.nodes[node.value].after) {
    require(finished(edge.from.value), "{} began before {} was finished", who,
            plan_.nodes[edge.from.value].name);
    require(oracle_.fires(edge), "{} began on an edge of {} that does not fire", who,
            plan_.nodes[edge.from.value].name);
  }
}

const plan::Agent* Ledger::agent_named(const std::string& name) const {
  for (const plan::Agent& agent : plan_.agents) {
    if (agent.name == name)
      return &agent;
  }
  return nullptr;
}

// Backoffs, worked out again the naive way.
void Ledger::waited_enough(const Task& task, const Attempt& last, Millis now) const {
  if (clock_was_set_)
    return;
  Millis least{0};
  const plan::Agent* agent = agent_named(last.agent);
  if (last.fate == Fate::kCrash && agent != nullptr) {
    least = agent->restart.backoff_min;
    for (std::uint32_t i = 1; i < task.failures; ++i)
      least *= 2;
    least = std::min(least, agent->restart.backoff_max);
  }
  const bool world = cost_of(last.fate) == Cost::kLoss && last.fate != Fate::kLost;
  if (world)
    least = Millis{1000};
  require(now - last.concluded_at >= least, "the attempt after {} ms came too early, at {} ms",
          last.concluded_at.count(), now.count());
}

void Ledger::about_to_begin(run::Attempt attempt, Millis now) const {
  require(!journal_failed_(), "{} began after the journal had failed", named(attempt));
  require(!stopping_ || now <= last_start_, "{} began long after the run was stopped",
          named(attempt));
}

void Ledger::about_to_judge(run::Attempt attempt, Millis now) const {
  require(!stopped_now_at_ || now <= *stopped_now_at_ + slack_,
          "{} is judged long after the run was stopped", named(attempt));
}

Ledger::Attempt& Ledger::begin(const flow::TaskFacts& facts, const std::string& start, Millis now) {
  Task& task = known(facts);
  const std::string name = named(facts.attempt);
  require(start == start_of(facts.node), "{} starts at {}, not at {}", name, start,
          start_of(facts.node));
  const auto repeated = task.attempts.find(facts.attempt.epoch);
  if (repeated != task.attempts.end()) {
    require(facts.attempt.epoch == task.attempts.rbegin()->first, "{} was superseded", name);
    require(!repeated->second.launched, "{} was prepared after it was launched", name);
    return repeated->second;
  }
  const std::uint32_t attempts = oracle_.node(facts.node.value).tasks.at(task.item.second).attempts;
  require(task.spent < attempts, "{} was begun though its task was finished", name);
  edges_hold(facts.node, name);
  run::Epoch expected = 1;
  if (!task.attempts.empty()) {
    const auto& [epoch, last] = *task.attempts.rbegin();
    expected = epoch + 1;
    const bool never_ran = !last.launched && stops_ + reboots_ > 0;
    require(last.concluded || last.excused || never_ran, "{} supersedes {}, which goes well", name,
            epoch);
    require(!alive({facts.attempt.task, epoch}), "{} began while {} still runs", name, epoch);
    if (last.concluded)
      waited_enough(task, last, now);
  }
  require(facts.attempt.epoch == expected, "{} comes after epoch {}", name, expected - 1);
  Attempt& attempt = task.attempts[facts.attempt.epoch];
  attempt.fate = script_.fate(task.item, task.spent);
  attempt.start = start;
  attempt.agent = facts.agent;
  return attempt;
}

Ledger::Attempt& Ledger::current(const flow::TaskFacts& facts, const char* what) {
  Task& task = known(facts);
  require(!task.attempts.empty() && facts.attempt.epoch == task.attempts.rbegin()->first,
          "{} of {}, which was superseded or never begun", what, named(facts.attempt));
  return task.attempts.rbegin()->second;
}

Ledger::Attempt& Ledger::attempt(run::Attempt attempt) {
  return by_index_.at(attempt.task.value).attempts.at(attempt.epoch);
}

void Ledger::about_to_list(const flow::ListOrder& order) {
  const std::string& name = plan_.nodes[order.node.value].name;
  edges_hold(order.node, name);
  require(order.start == start_of(order.node), "{} is listed at {}, not at {}", name, order.start,
          start_of(order.node));
  listed_.insert(order.node.value);
}

void Ledger::decided(const run::SpawnDecided& decision) {
  const plan::Node& node = plan_.nodes[decision.node.value];
  const auto& width = node.fanout->width;
  require(!width || decision.sessions <= *width, "{} sessions for {}, whose width is {}",
          decision.sessions, node.name, width.value_or(0));
  require(node.fanout->force != plan::Force::kInline || decision.sessions == 1,
          "{} is inline and has {} sessions", node.name, decision.sessions);
  // One that an engine's death took is made again, by other figures perhaps.
  std::uint32_t& most = sessions_max_[decision.node.value];
  most = std::max(most, decision.sessions);
}

// Who runs beside it.
void Ledger::crowd(const flow::LaunchOrder& order) const {
  std::uint32_t work = 1, commands = 0, agents = 1, of_node = 1;
  for (const run::Attempt& other : live_) {
    const Task& task = by_index_.at(other.task.value);
    const std::string& agent = task.attempts.at(other.epoch).agent;
    if (!is_agents(node_of(task))) {
      ++commands;
      continue;
    }
    ++work;
    ++agents;
    if (task.item.first == order.task.node.value)
      ++of_node;
    for (const plan::Agent& named : plan_.agents) {
      require(named.clones || named.name != agent || agent != order.task.agent,
              "`{}` has two sessions", agent);
    }
  }
  work += static_cast<std::uint32_t>(busy_.size());
  require(work <= jobs_, "{} at once, and -j is {}", work, jobs_);
  require(work + commands <= jobs_ + ahead_, "{} at once with commands, and -j is {} + {}",
          work + commands, jobs_, ahead_);
  const auto& limit = plan_.limits.sessions;
  require(!limit || agents <= *limit, "{} sessions, and the limit is {}", agents,
          limit.value_or(0));
  const plan::Node& node = plan_.nodes[order.task.node.value];
  const std::uint32_t width = node.fanout ? sessions_max_.at(order.task.node.value) : 1;
  require(of_node <= width, "{} sessions of {}, and its width is {}", of_node, node.name, width);
}

void Ledger::launched(const flow::LaunchOrder& order, Millis now) {
  Attempt& attempt = current(order.task, "a launch");
  const std::string name = named(order.task.attempt);
  require(!attempt.concluded, "{} was launched though it had ended", name);
  require(!attempt.launched, "{} was launched twice", name);
  require(!attempt.slot.empty() && attempt.slot == order.slot, "{} was launched in slot `{}`", name,
          order.slot);
  require(attempt.start == order.start, "{} was launched at {}", name, order.start);
  about_to_begin(order.task.attempt, now);
  for (const run::Attempt& other : live_) {
    require(by_index_.at(other.task.value).attempts.at(other.epoch).slot != order.slot,
            "{} shares its slot with {}", name, named(other));
    require(other.task != order.task.attempt.task, "{} runs beside {}", name, named(other));
  }
  if (is_agents(plan_.nodes[order.task.node.value]))
    crowd(order);
  attempt.launched = true;
  attempt.session = order.session;
  attempt.life = life_;
  live_.insert(order.task.attempt);
}

void Ledger::cancelled(run::Attempt which) {
  Attempt& cancelled = attempt(which);
  cancelled.by_stop = cancelled.by_stop || !journal_failed_();
  require(!cancelled.by_stop || stopping_, "{} was cancelled for nothing", named(which));
}

void Ledger::process_ended(const run::Exited& exit, Millis now) {
  Attempt& ended = attempt(exit.attempt);
  require(live_.erase(exit.attempt) == 1, "{} ended twice", named(exit.attempt));
  ended.ended = true;
  const bool lost = exit.how == run::ExitHow::kLost && ended.fate != Fate::kLost;
  if (lost || exit.how == run::ExitHow::kCancelled)
    return excuse(exit.attempt);
  ended.by_itself = true;
  const bool well = exit.how == run::ExitHow::kExited && exit.code == 0;
  const plan::Agent* agent = agent_named(ended.agent);
  const bool more = agent != nullptr && (agent->writes || !agent->accept.empty());
  if (!well || !more)
    conclude(exit.attempt, now);
}

void Ledger::excuse(run::Attempt which) {
  Attempt& excused = attempt(which);
  if (!excused.excused && !excused.by_stop)
    ++by_index_.at(which.task.value).charged;
  excused.excused = true;
}

void Ledger::conclude(run::Attempt which, Millis now, const std::string& result) {
  Attempt& concluded = attempt(which);
  if (concluded.concluded)
    return;
  Task& task = by_index_.at(which.task.value);
  require(!task.accepted, "task {} ended again after it was accepted", which.task.value);
  concluded.concluded = true;
  concluded.concluded_at = now;
  ++task.spent;
  switch (cost_of(concluded.fate)) {
    case Cost::kNothing:
      task.accepted = true;
      task.result = result;
      task.result_start = concluded.start;
      return;
    case Cost::kFailure: ++task.failures; return;
    case Cost::kLoss: ++task.losses; return;
    case Cost::kFatal: return;
  }
}

void Ledger::take_back(run::Attempt which) {
  Attempt& taken = attempt(which);
  Task& task = by_index_.at(which.task.value);
  if (!taken.concluded)
    return;
  taken.concluded = false;
  --task.spent;
  task.losses -= cost_of(taken.fate) == Cost::kLoss ? 1 : 0;
  task.accepted = false;
}

// The worktree goes back to the pool: nobody works in it, and nothing in it is still to be saved.
void Ledger::session_ended(run::SessionIndex session) {
  for (const auto& [index, task] : by_index_) {
    for (const auto& [epoch, attempt] : task.attempts) {
      if (attempt.session != session || attempt.life != life_ || !attempt.launched)
        continue;
      require(!alive({{index}, epoch}), "the session of {}.{} ended under it", index, epoch);
      const plan::Agent* agent = agent_named(attempt.agent);
      const bool writes = agent != nullptr && agent->writes;
      require(!writes || attempt.captured || attempt.concluded || attempt.excused,
              "the session of {}.{} ended before its work was saved", index, epoch);
    }
  }
}

void Ledger::busy(run::Attempt attempt) {
  busy_.insert(attempt);
  std::size_t work = busy_.size();
  for (const run::Attempt& other : live_)
    work += is_agents(node_of(by_index_.at(other.task.value))) ? 1 : 0;
  require(work <= jobs_, "{} at once, and -j is {}", work, jobs_);
  // Commands are submitted ahead of need, but nothing else is beyond -j beside them. A later engine
  // goes on with what it finds.
  const std::size_t all = busy_.size() + live_.size();
  require(life_ > 1 || all <= jobs_, "{} at once with commands, and -j is {}", all, jobs_);
}

std::string Ledger::start_of(plan::NodeIndex node) const {
  const auto& from = plan_.nodes[node.value].start;
  if (!from)
    return "base";
  const Task* task = task_of({from->value, 0});
  require(task != nullptr && task->accepted, "{} starts before {} is accepted",
          plan_.nodes[node.value].name, plan_.nodes[from->value].name);
  return task->result.empty() ? task->result_start : task->result;
}

std::vector<std::string> Ledger::commits_for(const plan::Merge& merge) const {
  std::vector<std::string> commits;
  for (const plan::NodeIndex from : merge.from) {
    for (std::uint32_t i = 0; i < count_items(plan_.nodes[from.value]); ++i) {
      const Task* task = task_of({from.value, i});
      const bool counts = task != nullptr && task->accepted && !task->result.empty();
      if (counts && std::find(commits.begin(), commits.end(), task->result) == commits.end())
        commits.push_back(task->result);
    }
  }
  return commits;
}

void Ledger::compare(const run::Task& task, const Oracle::TaskEnd& expected) {
  const std::uint32_t index = task.index.value;
  const run::Phase phase = expected.end == Oracle::End::kAccepted ? run::Phase::kDone
                           : expected.end == Oracle::End::kFailed ? run::Phase::kFailed
                                                                  : run::Phase::kSkipped;
  require(task.phase == phase, "task {} ended as {}, not as {}: {}", index, name_of(task.phase),
          name_of(phase), task.detail);
  const auto found = by_index_.find(index);
  if (found == by_index_.end()) {
    require(expected.attempts == 0, "task {} was never begun", index);
    return;
  }
  const Task& seen = found->second;
  require(seen.spent == expected.attempts, "task {} took {} attempts, not {}", index, seen.spent,
          expected.attempts);
  require(seen.accepted == (phase == run::Phase::kDone), "task {} is {}", index,
          name_of(task.phase));
  require(task.epoch == seen.attempts.rbegin()->first, "task {} ended with epoch {}", index,
          task.epoch);
  const bool merge = node_of(seen).kind == plan::NodeKind::kMerge;
  require(merge || task.failures == seen.failures, "task {} has {} failures, not {}", index,
          task.failures, seen.failures);
  require(task.losses >= seen.losses && task.losses <= seen.losses + seen.charged + uncertain_,
          "task {} has {} losses, not {} and at most {} more", index, task.losses, seen.losses,
          seen.charged + uncertain_);
  if (phase == run::Phase::kDone)
    require(task.commit == seen.result, "task {} has commit {}, not {}", index, task.commit,
            seen.result);
}

void Ledger::compare(const run::State& state, std::uint32_t n) {
  const Oracle::NodeEnd& expected = oracle_.node(n);
  const run::NodeState& node = state.nodes[n];
  require(node.phase == run::NodePhase::kSettled, "node {} is not settled", n);
  require(node.unreachable == !expected.started, "node {}: started is not {}", n, expected.started);
  require(node.tasks.size() == expected.tasks.size(), "node {} has {} tasks", n, node.tasks.size());
  require(node.failed == expected.failures(), "node {}: failed {}", n, node.failed);
  for (std::uint32_t i = 0; i < node.tasks.size(); ++i)
    compare(state.tasks[node.tasks[i].value], expected.tasks[i]);
}

void Ledger::at_the_end(const run::State& state) {
  require(live_.empty(), "{} processes still run", live_.size());
  require(state.busy == 0 && state.in_flight == 0, "{} places are taken, {} tasks in flight",
          state.busy, state.in_flight);
  for (const run::Session& session : state.sessions)
    require(!session.open, "session {} is still open", session.index.value);
  for (std::uint32_t n = 0; n < plan_.nodes.size(); ++n)
    compare(state, n);
  require((state.outcome == run::RunOutcome::kFailed) == oracle_.run_fails(), "the run ended as {}",
          static_cast<int>(state.outcome));
}

std::string Ledger::summary(const run::State& state) const {
  std::string text = fmt::format("run {}\n", static_cast<int>(state.outcome));
  for (const auto& [item, index] : index_of_) {
    const run::Task& task = state.tasks[index];
    const plan::Node& node = plan_.nodes[item.first];
    // Which of several agents serves an item is a matter of time, and not all of them write.
    const bool one_agent = node.agents.size() <= 1;
    text += fmt::format("{}[{}] {} epoch {} failures {} losses {} {} {} {}\n", node.name,
                        item.second, name_of(task.phase), task.epoch, task.failures, task.losses,
                        name_of(task.outcome), task.detail,
                        one_agent ? by_index_.at(index).result : "");
  }
  return text;
}

}  // namespace fleet::test
