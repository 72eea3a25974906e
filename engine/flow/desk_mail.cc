// The desk's part in messages: what a session is told of, and whose it is.
#include <optional>

#include <fmt/format.h>

#include "engine/flow/desk.h"
#include "engine/os/crash_point.h"

namespace fleet::flow {
namespace {

// Of messages: in a brief, and in one answer.
constexpr std::size_t kBriefMail = std::size_t{20} << 10;
constexpr std::size_t kPage = std::size_t{128} << 10;

}  // namespace

// The messages' part of its brief.
Brief Desk::mail_of(const TaskFacts& task, const plan::Agent& agent, bool adopted) {
  Brief mail;
  if (agent.reads != plan::Reads::kRepo)
    return mail;
  const auto any = mail_.has_mailbox(agent.name);
  if (any && !*any)
    return mail;
  // Who has documents to read first is not told before, and who works already knows its brief.
  if (any && (adopted || !agent.identity.empty())) {
    mail.mail_note = "`fleetc agent inbox` gives the messages to you.";
    return mail;
  }
  auto told = mail_.read(task.attempt, agent.name, {}, kBriefMail);
  if (!told) {
    mail.mail_note = "They can't be read: " + told.error().message();
    return mail;
  }
  mail.messages = std::move(told->messages);
  if (told->more)
    mail.mail_note = "There are more: `fleetc agent inbox` gives the next ones.";
  return mail;
}

void Desk::send(run::Attempt attempt, const plan::Agent& agent, const Outgoing& outgoing,
                const agent::Answer& answer) {
  if (postage_ != nullptr)
    if (const Status may = postage_->may_send(agent.name, plan_.limits.messages.value_or(0)); !may)
      return answer(
          agent::refusal("", agent::Fault::kRefused, "not sent: " + may.error().message()));
  git_.add([this, attempt, &agent, outgoing, answer](worktree::Repository&) {
    const auto id = mail_.send(attempt, agent.name, outgoing);
    if (!id)
      return answer(
          agent::refusal("", agent::Fault::kRefused, "not sent: " + id.error().message()));
    if (postage_ != nullptr)
      postage_->sent(agent.name);
    os::crash_point("engine.message.sent");
    answer({"", agent::Fault::kNone, fmt::format("sent to {} as {}", outgoing.to, *id),
            fmt::format(R"({{"id":"{}"}})", *id)});
  });
}

void Desk::tell_messages(const std::string& key, run::Attempt attempt, const plan::Agent& agent,
                         const agent::Answer& answer) {
  git_.add([this, key, attempt, &agent, answer](worktree::Repository&) {
    std::set<std::string> known;
    {
      const std::lock_guard lock(mutex_);
      const auto sitting = sittings_.find(key);
      if (sitting == sittings_.end())
        return answer(agent::refusal("", agent::Fault::kDenied, "this session is over"));
      known = sitting->second.told;
    }
    const auto told = mail_.read(attempt, agent.name, known, kPage);
    if (!told)
      return answer(agent::refusal("", agent::Fault::kRefused,
                                   "messages can't be read: " + told.error().message()));
    {
      const std::lock_guard lock(mutex_);
      if (const auto sitting = sittings_.find(key); sitting != sittings_.end())
        for (const bus::Message& message : told->messages)
          sitting->second.told.insert(message.id);
    }
    std::string text = messages_text(told->messages);
    if (told->more)
      text += "\nThere are more: ask again.\n";
    answer(
        {"", agent::Fault::kNone, text.empty() ? "There is no new message." : text,
         fmt::format(R"({{"messages":{},"more":{}}})", messages_json(told->messages), told->more)});
  });
}

void Desk::settled(run::TaskIndex task, const plan::Agent& agent, bool well) {
  if (!mail_.is_holding(task))
    return;
  // What can't be noted is told again: messages are delivered at least once.
  git_.add([this, task, name = agent.name, well](worktree::Repository&) {
    (void)mail_.end(task, name, well);
  });
}

void Desk::take_up_mail(const run::State& state) {
  for (const run::Task& task : state.tasks)
    if (!run::is_settled(task.phase) && task.epoch > 0 &&
        !plan_.nodes[task.node.value].agents.empty())
      mail_.hold(task.index);
  for (const plan::Agent& agent : plan_.agents)
    (void)mail_.sweep(agent.name, [&](run::TaskIndex task) -> std::optional<bool> {
      if (task.value >= state.tasks.size())
        return false;
      const run::Phase phase = state.tasks[task.value].phase;
      return run::is_settled(phase) ? std::optional(phase == run::Phase::kDone) : std::nullopt;
    });
}

void DeskObserver::saw(const plan::Plan& plan, const run::State& state, const run::Event&,
                       const std::vector<run::Transition>& transitions) {
  for (const run::Transition& change : transitions) {
    const run::Task& task = state.tasks[change.task.value];
    // A plain command's or a human's has no agent.
    if (run::is_settled(change.to) && !plan.nodes[task.node.value].agents.empty() &&
        task.session.value < state.sessions.size())
      desk_.settled(change.task, plan.agents[state.sessions[task.session.value].agent.value],
                    change.to == run::Phase::kDone);
  }
}

}  // namespace fleet::flow
