// Watches everything that `step` asks for and says, and throws at the first thing that no run may
// do. Keeps books of its own, from events, commands and transitions alone.
#pragma once

#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "engine/run/step.h"
#include "tests/property/engine/run/oracle.h"

namespace fleet::test {

struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

template <class... Args>
void require(bool holds, fmt::format_string<Args...> what, Args&&... args) {
  if (!holds)
    throw Violation(fmt::format(what, std::forward<Args>(args)...));
}

class Auditor {
 public:
  Auditor(const plan::Plan& plan, Oracle& oracle) : plan_(plan), oracle_(oracle) {}

  // After each step; `state` is read only for what a task is called.
  void saw(const run::State& state, const run::Event& event, const run::Effects& effects) {
    event_ = &event.body;
    state_ = &state;
    resumed_ = std::holds_alternative<run::Resumed>(event.body);
    std::visit([&](const auto& body) { before(body); }, event.body);
    learn_tasks(state);
    for (const run::Transition& transition : effects.transitions)
      follow(transition);
    for (const run::Command& command : effects.commands) {
      std::visit([&](const auto& c) { check(c); }, command);
    }
    count_places(state);
    leaves_nothing_undone(state);
  }

  // Attempts at this task that ended by their script, not by a stop.
  std::size_t spent(std::uint32_t task) const { return books_.at(task).spent; }
  const Item& item(std::uint32_t task) const { return books_.at(task).item; }

  void at_the_end(const run::State& state) {
    for (const auto& [index, session] : sessions_) {
      require(!session.open, "session {} is still open", index);
    }
    require(state.busy == 0, "{} places are still taken", state.busy);
    require(state.in_flight == 0, "{} are in flight", state.in_flight);
    for (std::uint32_t n = 0; n < plan_.nodes.size(); ++n)
      compare(state, n);
    const bool failed = state.outcome == run::RunOutcome::kFailed;
    require(failed == oracle_.run_fails(), "the run ended as {}", static_cast<int>(state.outcome));
  }

 private:
  using Phase = run::Phase;
  using End = Oracle::End;

  struct Books {
    Item item;
    Phase phase = Phase::kWaiting;
    run::Epoch epoch = 0;
    std::size_t spent = 0;
    bool backing_off = false;
    bool place = false;   // by what was asked for
    bool proved = false;  // evidence passed in this epoch
    std::string commit;   // captured in this epoch
    std::uint32_t session = 0;
    std::uint32_t accepted = 0;
  };
  struct SessionBooks {
    std::uint32_t node = 0;
    plan::AgentIndex agent;
    bool open = true;
    bool busy = false;
  };

  const plan::Node& node_of(const Books& book) const { return plan_.nodes[book.item.first]; }
  bool is_kind(const Books& book, plan::NodeKind kind) const { return node_of(book).kind == kind; }

  void learn_tasks(const run::State& state) {
    for (auto i = static_cast<std::uint32_t>(books_.size()); i < state.tasks.size(); ++i) {
      const run::Task& task = state.tasks[i];
      require(task.index.value == i, "task {} calls itself {}", i, task.index.value);
      books_[i].item = {task.node.value, task.item_index};
    }
  }

  // What an event says before `step` reacted to it.
  template <class Body>
  void before(const Body&) {}
  void before(const run::RunOpened& e) {
    if (!opened_)
      jobs_ = e.jobs, ahead_ = e.ahead;
    opened_ = true;
  }
  void before(const run::Resumed& e) {
    if (over_)
      return;
    jobs_ = e.jobs, ahead_ = e.ahead;
    draining_ = stopping_ = closing_ = false;
  }
  void before(const run::StopAsked& e) {
    if (closing_ || over_)
      return;
    draining_ = true;
    stopping_ = stopping_ || e.level == run::StopLevel::kNow;
  }
  void before(const run::RunClosed& e) {
    if (closing_ && e.outcome != run::RunOutcome::kStopped)
      over_ = true;
  }
  void before(const run::ItemsListed& e) { listed_.insert(e.node.value); }
  void before(const run::SpawnDecided& e) { sessions_max_.try_emplace(e.node.value, e.sessions); }
  void before(const run::Captured& e) {
    Books* book = current(e.attempt);
    if (book == nullptr || closing_ || book->phase != Phase::kSettling)
      return;
    book->commit = e.how == run::CaptureHow::kCommit ? e.commit : "";
  }
  void before(const run::Verified& e) {
    Books* book = current(e.attempt);
    if (book == nullptr || closing_ || book->phase != Phase::kVerifying)
      return;
    book->proved = e.passed && e.error.empty();
  }

  Books* current(run::Attempt attempt) {
    const auto found = books_.find(attempt.task.value);
    return found == books_.end() || found->second.epoch != attempt.epoch ? nullptr : &found->second;
  }

  static bool in_flight(Phase phase) {
    return phase >= Phase::kAdmitted && phase <= Phase::kPublishing;
  }

  // Whether the event that ended an attempt is a stop's doing and not the script's.
  bool is_give_back() const {
    if (const auto* exited = std::get_if<run::Exited>(event_)) {
      return exited->how == run::ExitHow::kCancelled;
    }
    if (const auto* prepared = std::get_if<run::Prepared>(event_))
      return prepared->error.empty();
    if (const auto* found = std::get_if<run::Reconciled>(event_)) {
      return found->found == run::Found::kNeverStarted;
    }
    return false;
  }

  void follow(const run::Transition& t) {
    Books& book = books_.at(t.task.value);
    require(t.from == book.phase, "task {} went from {} but was {}", t.task.value, name_of(t.from),
            name_of(book.phase));
    require(!run::is_settled(t.from), "task {} was settled and went on", t.task.value);
    require(!t.reason.empty(), "task {} became {} for no reason", t.task.value, name_of(t.to));
    book.phase = t.to;
    if (t.to == Phase::kAdmitted)
      start(t, book);
    if (in_flight(t.from) && !in_flight(t.to))
      stop(t, book);
    if (t.to != Phase::kVerifying && t.to != Phase::kPreparing && t.to != Phase::kRunning &&
        t.to != Phase::kSettling) {
      book.place = false;
    }
    if (t.to == Phase::kVerifying && t.from != Phase::kVerifying)
      book.place = false;
    if (t.from == Phase::kSettling || (t.from == Phase::kRunning && t.to != Phase::kSettling)) {
      leave_session(book);
    }
    if (t.from == Phase::kPreparing && t.to != Phase::kRunning)
      leave_session(book);
    if (t.from == Phase::kReady && t.to == Phase::kReady)
      book.backing_off = false;
  }

  void start(const run::Transition& t, Books& book) {
    require(!draining_, "task {} was admitted while draining", t.task.value);
    require(t.from == Phase::kReady && !book.backing_off, "task {} was not ready", t.task.value);
    require(t.epoch == book.epoch + 1, "task {} went from epoch {} to {}", t.task.value, book.epoch,
            t.epoch);
    book.epoch = t.epoch;
    book.commit.clear();
    book.proved = false;
    require(book.accepted == 0, "task {} was attempted after it was accepted", t.task.value);
    for (const plan::Edge& edge : node_of(book).after) {
      require(settled(edge.from.value), "task {} started before node {} was settled", t.task.value,
              edge.from.value);
      require(oracle_.fires(edge), "task {} started on an edge that does not fire", t.task.value);
    }
  }

  void stop(const run::Transition& t, Books& book) {
    if (!is_give_back())
      ++book.spent;
    if (t.to == Phase::kDone) {
      require(++book.accepted == 1, "task {} was accepted twice", t.task.value);
    }
  }

  void leave_session(Books& book) {
    const auto found = sessions_.find(book.session);
    if (found != sessions_.end() && !is_kind(book, plan::NodeKind::kMerge))
      found->second.busy = false;
  }

  bool settled(std::uint32_t node) const {
    const bool fanout = plan_.nodes[node].kind == plan::NodeKind::kFanout;
    bool all = !fanout || listed_.contains(node) || !oracle_.node(node).started;
    for (const auto& [index, book] : books_) {
      if (book.item.first == node)
        all = all && run::is_settled(book.phase);
    }
    return all;
  }

  Books& command_for(run::Attempt attempt, Phase phase, const char* what) {
    require(!closing_ && !over_, "{} was asked of a run that is closing", what);
    Books& book = books_.at(attempt.task.value);
    require(book.epoch == attempt.epoch, "{} for superseded attempt {}.{}", what,
            attempt.task.value, attempt.epoch);
    require(book.phase == phase, "{} for task {} in phase {}", what, attempt.task.value,
            name_of(book.phase));
    return book;
  }

  void check(const run::ListItems& c) {
    for (const plan::Edge& edge : plan_.nodes[c.node.value].after) {
      require(settled(edge.from.value) && oracle_.fires(edge), "node {} was listed early",
              c.node.value);
    }
  }
  void check(const run::DecideSpawn&) {}

  void check(const run::Prepare& c) {
    Books& book = command_for(c.attempt, Phase::kPreparing, "Prepare");
    require(c.start == start_of(book.item.first), "task {} starts at {}", c.attempt.task.value,
            c.start);
    if (book.place && resumed_)
      return;
    require(!book.place, "attempt {}.{} was prepared twice", c.attempt.task.value, c.attempt.epoch);
    require(!evidence_waits(), "task {} went before waiting evidence", c.attempt.task.value);
    sit_down(book, c.session.value);
    take_place(book, is_kind(book, plan::NodeKind::kRun));
  }

  void check(const run::Launch& c) {
    const Books& book = command_for(c.attempt, Phase::kRunning, "Launch");
    require(!draining_, "task {} was launched while draining", c.attempt.task.value);
    require(book.session == c.session.value, "task {} changed its session", c.attempt.task.value);
  }
  void check(const run::Capture& c) {
    const Books& book = command_for(c.attempt, Phase::kSettling, "Capture");
    require(book.session == c.session.value, "task {} changed its session", c.attempt.task.value);
  }
  void check(const run::Verify& c) {
    Books& book = command_for(c.attempt, Phase::kVerifying, "Verify");
    const std::string expected = book.commit.empty() ? start_of(book.item.first) : book.commit;
    require(c.commit == expected, "task {} is judged by {}", c.attempt.task.value, c.commit);
    require(!stopping_, "evidence of task {} started while stopping", c.attempt.task.value);
    if (book.place && resumed_)
      return;
    require(!book.place, "evidence of task {} was asked for twice", c.attempt.task.value);
    take_place(book, false);
  }
  void check(const run::Publish& c) {
    const Books& book = command_for(c.attempt, Phase::kPublishing, "Publish");
    const plan::AgentIndex agent = sessions_.at(book.session).agent;
    require(!c.commit.empty() && c.commit == book.commit, "task {} publishes {}",
            c.attempt.task.value, c.commit);
    require(book.proved || plan_.agents[agent.value].accept.empty(),
            "task {} is published unproved", c.attempt.task.value);
  }
  void check(const run::DoMerge& c) {
    Books& book = command_for(c.attempt, Phase::kRunning, "DoMerge");
    require(c.start == start_of(book.item.first), "merge {} starts at {}", c.attempt.task.value,
            c.start);
    require(c.commits == commits_of(book.item.first), "merge {} takes the wrong commits",
            c.attempt.task.value);
    if (book.place && resumed_)
      return;
    require(!book.place, "merge {} was asked for twice", c.attempt.task.value);
    require(!evidence_waits(), "merge {} went before waiting evidence", c.attempt.task.value);
    take_place(book, false);
  }
  void check(const run::StartTimer& c) {
    command_for(c.attempt, Phase::kReady, "StartTimer").backing_off = true;
  }
  void check(const run::Cancel& c) {
    command_for(c.attempt, Phase::kRunning, "Cancel");
    require(stopping_, "task {} was cancelled for nothing", c.attempt.task.value);
  }
  void check(const run::EndSession& c) {
    SessionBooks& session = sessions_.at(c.session.value);
    require(session.open, "session {} ended twice", c.session.value);
    require(!session.busy, "session {} ended with a task in it", c.session.value);
    session.open = false;
  }
  void check(const run::OpenGate&) { require(false, "a gate in a plan that has no human"); }
  void check(const run::CloseGate&) { require(false, "a gate in a plan that has no human"); }
  void check(const run::CloseRun& c) {
    require(!closing_ && !over_, "the run was closed twice");
    closing_ = true;
    bool all = true;
    for (const auto& [index, book] : books_) {
      const bool abandoned = stopping_ && book.phase == Phase::kVerifying;
      require(!in_flight(book.phase) || abandoned, "the run was closed over task {}", index);
      all = all && run::is_settled(book.phase);
    }
    if (c.outcome == run::RunOutcome::kStopped) {
      require(draining_, "the run was stopped though nobody asked");
    } else {
      require(all, "the run was closed before its tasks were settled");
    }
  }

  void sit_down(Books& book, std::uint32_t index) {
    book.session = index;
    const auto known = sessions_.find(index);
    if (known == sessions_.end()) {
      open_session(book, index);
    } else {
      require(known->second.open, "session {} was ended", index);
      require(!known->second.busy, "session {} has two tasks", index);
      require(known->second.node == book.item.first, "session {} is another step's", index);
    }
    sessions_.at(index).busy = true;
  }

  void open_session(Books& book, std::uint32_t index) {
    require(index == sessions_.size(), "session {} was left out", sessions_.size());
    SessionBooks& session = sessions_[index];
    session.node = book.item.first;
    if (node_of(book).agents.empty())
      return;
    session.agent = state_->sessions.at(index).agent;
    bool one_of_them = false;
    for (const plan::AgentIndex agent : node_of(book).agents) {
      one_of_them = one_of_them || agent == session.agent;
    }
    require(one_of_them, "session {} is an agent's that the step does not name", index);
    const std::uint32_t max =
        is_kind(book, plan::NodeKind::kFanout) ? sessions_max_.at(session.node) : 1;
    require(open_in(session.node) <= max, "node {} has more than {} sessions", session.node, max);
    const auto& limit = plan_.limits.sessions;
    require(!limit || open_agent_sessions() <= *limit, "more sessions than the fleet's limit");
    const bool named = !plan_.agents[session.agent.value].clones;
    require(!named || open_of(session.agent) <= 1, "agent {} has two sessions",
            session.agent.value);
  }

  bool of_agent(const SessionBooks& session) const {
    return session.open && !plan_.nodes[session.node].agents.empty();
  }
  std::uint32_t open_in(std::uint32_t node) const {
    std::uint32_t n = 0;
    for (const auto& [index, s] : sessions_)
      n += s.open && s.node == node ? 1 : 0;
    return n;
  }
  std::uint32_t open_agent_sessions() const {
    std::uint32_t n = 0;
    for (const auto& [index, s] : sessions_)
      n += of_agent(s) ? 1 : 0;
    return n;
  }
  std::uint32_t open_of(plan::AgentIndex agent) const {
    std::uint32_t n = 0;
    for (const auto& [index, s] : sessions_)
      n += of_agent(s) && s.agent == agent ? 1 : 0;
    return n;
  }

  std::uint32_t places() const {
    std::uint32_t n = 0;
    for (const auto& [index, book] : books_)
      n += book.place ? 1 : 0;
    return n;
  }

  void take_place(Books& book, bool command) {
    const std::uint32_t room = command ? jobs_ + ahead_ : jobs_;
    require(places() < room, "node {} took place {} of {}", book.item.first, places() + 1, room);
    book.place = true;
  }

  void count_places(const run::State& state) const {
    require(state.busy == places(), "{} places are taken, not {}", places(), state.busy);
  }

  bool evidence_waits() const {
    for (const auto& [index, book] : books_) {
      if (book.phase == Phase::kVerifying && !book.place)
        return true;
    }
    return false;
  }

  // Nothing that could start is left standing.
  void leaves_nothing_undone(const run::State& state) const {
    if (draining_ || closing_ || over_ || !state.opened)
      return;
    const bool room = places() < jobs_;
    require(!room || !evidence_waits(), "evidence waits beside a free place");
    bool work = evidence_waits();
    bool command = false;
    for (const auto& [index, book] : books_) {
      if (book.phase != Phase::kReady || book.backing_off)
        continue;
      const bool is_command = is_kind(book, plan::NodeKind::kRun);
      if (!is_command && !could_sit(book))
        continue;
      require(!room, "task {} waits beside a free place", index);
      (is_command ? command : work) = true;
    }
    require(!command || work || places() >= jobs_ + ahead_,
            "a command waits though there is room ahead");
  }

  bool could_sit(const Books& book) const {
    const plan::Node& node = node_of(book);
    if (node.kind == plan::NodeKind::kMerge)
      return true;
    for (const auto& [index, s] : sessions_) {
      if (s.open && !s.busy && s.node == book.item.first)
        return true;
    }
    const bool fanout = node.kind == plan::NodeKind::kFanout;
    if (open_in(book.item.first) >= (fanout ? sessions_max_.at(book.item.first) : 1))
      return false;
    const auto& limit = plan_.limits.sessions;
    if (limit && open_agent_sessions() >= *limit)
      return false;
    for (const plan::AgentIndex agent : node.agents) {
      if (plan_.agents[agent.value].clones || open_of(agent) == 0)
        return true;
    }
    return false;
  }

  const Books* only_task_of(std::uint32_t node) const {
    for (const auto& [index, book] : books_) {
      if (book.item.first == node)
        return &book;
    }
    return nullptr;
  }

  std::string start_of(std::uint32_t node) const {
    const auto& start = plan_.nodes[node].start;
    if (!start)
      return "base";
    const Books* book = only_task_of(start->value);
    if (is_kind(*book, plan::NodeKind::kMerge) &&
        oracle_.node(start->value).tasks[0].last != Fate::kMergeNothing) {
      return "merge" + std::to_string(start->value);
    }
    return book->commit.empty() ? start_of(start->value) : book->commit;
  }

  std::vector<std::string> commits_of(std::uint32_t merge) const {
    std::vector<std::string> commits;
    std::set<std::string> seen;
    for (const plan::NodeIndex from : plan_.nodes[merge].merge->from) {
      for (const auto& [index, book] : books_) {
        if (book.item.first != from.value || book.phase != Phase::kDone)
          continue;
        std::string commit = book.commit;
        if (is_kind(book, plan::NodeKind::kMerge) &&
            oracle_.node(from.value).tasks[0].last != Fate::kMergeNothing) {
          commit = "merge" + std::to_string(from.value);
        }
        if (!commit.empty() && seen.insert(commit).second)
          commits.push_back(commit);
      }
    }
    return commits;
  }

  static Phase phase_of(End end) {
    switch (end) {
      case End::kAccepted: return Phase::kDone;
      case End::kFailed: return Phase::kFailed;
      case End::kSkipped:
      case End::kNeverStarted: return Phase::kSkipped;
    }
    return Phase::kWaiting;
  }

  void compare(const run::State& state, std::uint32_t n) {
    const Oracle::NodeEnd& expected = oracle_.node(n);
    const run::NodeState& node = state.nodes[n];
    require(node.phase == run::NodePhase::kSettled, "node {} is not settled", n);
    require(node.unreachable == !expected.started, "node {}: started is not {}", n,
            expected.started);
    require(node.tasks.size() == expected.tasks.size(), "node {} has {} tasks", n,
            node.tasks.size());
    require(node.accepted == expected.count(End::kAccepted), "node {}: accepted {}", n,
            node.accepted);
    require(node.failed == expected.failures(), "node {}: failed {}", n, node.failed);
    require(node.skipped == expected.count(End::kSkipped), "node {}: skipped {}", n, node.skipped);
    for (std::uint32_t i = 0; i < node.tasks.size(); ++i) {
      const std::uint32_t task = node.tasks[i].value;
      require(state.tasks[task].phase == phase_of(expected.tasks[i].end), "task {} ended as {}",
              task, name_of(state.tasks[task].phase));
      require(spent(task) == expected.tasks[i].attempts, "task {} took {} attempts", task,
              spent(task));
    }
  }

  const plan::Plan& plan_;
  Oracle& oracle_;
  const run::EventBody* event_ = nullptr;
  const run::State* state_ = nullptr;
  bool opened_ = false;
  bool resumed_ = false;
  bool draining_ = false;
  bool stopping_ = false;
  bool closing_ = false;
  bool over_ = false;
  std::uint32_t jobs_ = 0;
  std::uint32_t ahead_ = 0;
  std::map<std::uint32_t, Books> books_;
  std::map<std::uint32_t, SessionBooks> sessions_;
  std::map<std::uint32_t, std::uint32_t> sessions_max_;
  std::set<std::uint32_t> listed_;
};

}  // namespace fleet::test
