#include "engine/flow/mail.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dsl/plan/codec.h"
#include "engine/bus/mailbox.h"
#include "engine/os/clock.h"
#include "engine/os/files.h"
#include "engine/report/words.h"

namespace fleet::flow {

Mail::Mail(const std::string& state_dir, std::string run)
    : folder_(state_dir + "/bus"), run_(std::move(run)) {}

std::string Mail::reader_of(run::Attempt attempt) const {
  return fmt::format("{}.{}.{}", run_, attempt.task.value, attempt.epoch);
}

std::optional<run::TaskIndex> Mail::task_of(const std::string& reader) const {
  const std::string ours = run_ + ".";
  if (!reader.starts_with(ours))
    return std::nullopt;
  run::TaskIndex task;
  const char* const end = reader.data() + reader.size();
  const auto [stop, error] = std::from_chars(reader.data() + ours.size(), end, task.value);
  if (error != std::errc() || stop == end || *stop != '.')
    return std::nullopt;
  return task;
}

Result<bool> Mail::has_mailbox(const std::string& agent) const {
  return os::system_files().exists(folder_ + "/" + agent);
}

void Mail::hold(run::TaskIndex task) {
  const std::lock_guard lock(mutex_);
  holding_.insert(task.value);
}

bool Mail::is_holding(run::TaskIndex task) const {
  const std::lock_guard lock(mutex_);
  return holding_.contains(task.value);
}

Result<std::string> Mail::send(run::Attempt attempt, const std::string& agent,
                               const Outgoing& outgoing) const {
  // By what it says: an engine that dies before it answers is asked once more.
  const std::string digest =
      plan::sha256(outgoing.to + '\0' + outgoing.subject + '\0' + outgoing.text);
  const bus::Message message{reader_of(attempt) + "-" + digest.substr(0, 12),
                             agent,
                             outgoing.to,
                             outgoing.subject,
                             os::system_clock().wall().time_since_epoch().count() * 1'000'000,
                             outgoing.text};
  FLEET_CHECK(bus::check_message(message));
  FLEET_TRY(bus::Mailbox box, bus::Mailbox::open(folder_, outgoing.to));
  FLEET_CHECK(box.deliver({&message, 1}));
  return message.id;
}

Result<Mail::Told> Mail::read(run::Attempt attempt, const std::string& agent,
                              const std::set<std::string>& told, std::size_t room) {
  FLEET_TRY(const bool any, has_mailbox(agent));
  if (!any)
    return Told();
  hold(attempt.task);
  FLEET_TRY(bus::Mailbox box, bus::Mailbox::open(folder_, agent));
  const std::string own = fmt::format("{}.{}.", run_, attempt.task.value);
  const auto is_held = [&](const std::string& reader) {
    const auto task = task_of(reader);
    return task && *task != attempt.task && is_holding(*task);
  };
  const auto is_known = [&](const std::string& id) {
    return told.contains(id) || id.starts_with(own);
  };
  FLEET_TRY(auto taken, box.take({reader_of(attempt), is_held, is_known, room}));
  Told answer;
  answer.more = taken.more;
  for (bus::Mailbox::Letter& letter : taken.letters)
    answer.messages.push_back(std::move(letter.message));
  return answer;
}

Status Mail::end(run::TaskIndex task, const std::string& agent, bool well) {
  FLEET_CHECK(sweep(agent, [task, well](run::TaskIndex each) {
    return each == task ? std::optional(well) : std::nullopt;
  }));
  const std::lock_guard lock(mutex_);
  holding_.erase(task.value);
  return {};
}

Status Mail::sweep(const std::string& agent,
                   const std::function<std::optional<bool>(run::TaskIndex)>& ended_well) const {
  FLEET_TRY(const bool any, has_mailbox(agent));
  if (!any)
    return {};
  FLEET_TRY(bus::Mailbox box, bus::Mailbox::open(folder_, agent));
  const auto whose = [&](bool well) {
    return [&, well](const std::string& reader) {
      const auto task = task_of(reader);
      return task && ended_well(*task) == well;
    };
  };
  FLEET_CHECK(box.acknowledge(whose(true)));
  return box.give_back(whose(false));
}

std::string messages_text(const std::vector<bus::Message>& messages) {
  std::string out;
  for (const bus::Message& message : messages) {
    out += fmt::format("{}### From {}, {} UTC{}{}\n\n", out.empty() ? "" : "\n", message.from,
                       report::timestamp(message.sent / 1'000'000),
                       message.subject.empty() ? "" : ": ", message.subject);
    for (std::size_t begin = 0; begin < message.text.size();) {
      const std::size_t end = std::min(message.text.find('\n', begin), message.text.size());
      out += "> " + message.text.substr(begin, end - begin) + "\n";
      begin = end + 1;
    }
  }
  return out;
}

std::string messages_json(const std::vector<bus::Message>& messages) {
  using Json = nlohmann::ordered_json;
  Json out = Json::array();
  for (const bus::Message& message : messages)
    out.push_back({{"id", message.id},
                   {"from", message.from},
                   {"sent", report::timestamp(message.sent / 1'000'000)},
                   {"subject", message.subject},
                   {"text", message.text}});
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace fleet::flow
