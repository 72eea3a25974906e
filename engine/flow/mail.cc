#include "engine/flow/mail.h"

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

std::string Mail::key_of(run::Attempt attempt) {
  return fmt::format("{}.{}", attempt.task.value, attempt.epoch);
}

std::string Mail::reader_of(run::Attempt attempt) const {
  return run_ + "." + key_of(attempt);
}

Result<bool> Mail::has_mailbox(const std::string& agent) const {
  return os::system_files().exists(folder_ + "/" + agent);
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

Result<std::vector<bus::Message>> Mail::read(run::Attempt attempt, const std::string& agent,
                                             const IsAtDesk& is_at_desk) const {
  FLEET_TRY(const bool any, has_mailbox(agent));
  if (!any)
    return std::vector<bus::Message>();
  FLEET_TRY(bus::Mailbox box, bus::Mailbox::open(folder_, agent));
  const std::string ours = run_ + ".";
  FLEET_TRY(auto letters, box.take(reader_of(attempt), [&](const std::string& reader) {
    return reader.starts_with(ours) && is_at_desk(reader.substr(ours.size()));
  }));
  std::vector<bus::Message> messages;
  for (bus::Mailbox::Letter& letter : letters)
    messages.push_back(std::move(letter.message));
  return messages;
}

Status Mail::end(run::Attempt attempt, const std::string& agent, bool well) const {
  FLEET_TRY(const bool any, has_mailbox(agent));
  if (!any)
    return {};
  FLEET_TRY(bus::Mailbox box, bus::Mailbox::open(folder_, agent));
  return well ? box.acknowledge(reader_of(attempt)) : box.give_back(reader_of(attempt));
}

std::string messages_text(const std::vector<bus::Message>& messages) {
  std::string out;
  for (const bus::Message& message : messages)
    out += fmt::format("{}### From {}, {}{}{}\n\n{}{}", out.empty() ? "" : "\n", message.from,
                       report::timestamp(message.sent / 1'000'000),
                       message.subject.empty() ? "" : ": ", message.subject, message.text,
                       message.text.ends_with('\n') ? "" : "\n");
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
