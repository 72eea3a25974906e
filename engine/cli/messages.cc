// send, messages: a human's word to an agent, and what agents were told and have read.
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/bus/mailbox.h"
#include "engine/cli/commands.h"
#include "engine/cli/exit_codes.h"
#include "engine/cli/overview.h"
#include "engine/cli/past.h"
#include "engine/cli/terminal.h"
#include "engine/os/clock.h"
#include "engine/os/files.h"
#include "engine/process/descent.h"
#include "engine/report/words.h"

namespace fleet::cli {
namespace {

constexpr const char* kHuman = "human";

// Those who were ever written to, or the one that was asked for.
Result<std::vector<std::string>> agents_of(const std::string& bus_dir, const std::string& agent) {
  FLEET_TRY(const bool any, os::system_files().exists(bus_dir));
  std::vector<std::string> agents;
  if (!any)
    return agents;
  FLEET_TRY(const auto entries, os::system_files().list(bus_dir));
  for (const os::DirEntry& entry : entries)
    if (entry.kind == os::FileKind::kDirectory && bus::is_name(entry.name) &&
        (agent.empty() || entry.name == agent))
      agents.push_back(entry.name);
  return agents;
}

// Standard input, no more than this much of it.
std::string read_input(std::size_t max_bytes) {
  std::string text(max_bytes, '\0');
  std::cin.read(text.data(), static_cast<std::streamsize>(max_bytes));
  text.resize(static_cast<std::size_t>(std::cin.gcount()));
  return text;
}

// One that works unasked in the fleet that is up, or an agent of the newest run: who reads next.
Status knows_agent(const Past& past, const std::string& name) {
  const std::optional<FleetStanding> standing = standing_of(past.places);
  if (standing && std::ranges::any_of(standing->duties, [&](const FleetStanding::Duty& duty) {
        return !duty.is_flow && duty.name == name;
      }))
    return {};
  FLEET_TRY(const auto info, flow::choose_run(*past.reader, {}));
  FLEET_TRY(const auto run, flow::replay_run(*past.reader, info, nullptr));
  std::vector<std::string> names;
  for (const plan::Agent& agent : run.plan.agents) {
    if (agent.reads == plan::Reads::kRepo)
      names.push_back(agent.name);
    if (agent.name == name && agent.reads == plan::Reads::kRepo)
      return {};
  }
  return Error(
      Errc::kInvalid,
      fmt::format("no agent of the newest run that reads messages is called `{}`; there is {}",
                  report::printable(name), fmt::join(names, ", ")));
}

// Among the dead of all agents, or of the one that is named.
Status requeue(const std::string& bus_dir, const MessagesOptions& options) {
  FLEET_TRY(const auto agents, agents_of(bus_dir, options.agent));
  for (const std::string& agent : agents) {
    FLEET_TRY(bus::Mailbox box, bus::Mailbox::open(bus_dir, agent));
    const Status again = box.requeue(*options.requeue);
    if (!again && again.error().code() == Errc::kNotFound)
      continue;
    FLEET_CHECK(again);
    print(fmt::format("{} is unread again: the first session of {} to look has it\n",
                      *options.requeue, agent));
    return {};
  }
  return Error(
      Errc::kInvalid,
      fmt::format("no dead message is called `{}`; `fleetc messages` shows those there are",
                  report::printable(*options.requeue)));
}

std::string receipt_of(const bus::Mailbox::Entry& entry) {
  switch (entry.place) {
    case bus::Place::kNew:
      return entry.tries == 0 ? "unread" : fmt::format("unread, {} tries", entry.tries);
    case bus::Place::kCurrent: return "read by " + entry.reader;
    case bus::Place::kDone: return "done";
    case bus::Place::kDead: return "dead: `fleetc messages --requeue " + entry.id + "`";
  }
  return "";
}

struct Row {
  bus::Mailbox::Entry entry;
  bus::Message message;
};

Result<std::vector<Row>> rows_of(const std::string& bus_dir, const MessagesOptions& options) {
  std::vector<Row> rows;
  FLEET_TRY(const auto agents, agents_of(bus_dir, options.agent));
  for (const std::string& agent : agents) {
    FLEET_TRY(const bus::Mailbox box, bus::Mailbox::open(bus_dir, agent));
    FLEET_TRY(auto entries, box.list());
    const std::size_t first = rows.size();
    for (bus::Mailbox::Entry& entry : entries) {
      if (entry.place == bus::Place::kDone && !options.all)
        continue;
      auto message = bus::read_message(entry.file);
      if (!message && message.error().code() == Errc::kNotFound)
        continue;  // moved on between the two looks
      // A dead letter may be no message at all.
      rows.push_back({std::move(entry), message ? *std::move(message)
                                                : bus::Message{entry.id, "?", agent, "", 0,
                                                               message.error().message()}});
    }
    // Done ones have no order of their own any more.
    std::stable_sort(
        rows.begin() + static_cast<std::ptrdiff_t>(first), rows.end(),
        [](const Row& left, const Row& right) { return left.message.sent < right.message.sent; });
  }
  return rows;
}

std::string json_of(const std::vector<Row>& rows) {
  using Json = nlohmann::ordered_json;
  std::string out;
  for (const Row& row : rows) {
    const Json one = {
        {"id", row.message.id},           {"from", row.message.from},
        {"to", row.message.to},           {"sent", report::timestamp(row.message.sent / 1'000'000)},
        {"subject", row.message.subject}, {"receipt", receipt_of(row.entry)},
        {"text", row.message.text},       {"file", row.entry.file}};
    out += one.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  }
  return out;
}

std::string text_of(const std::vector<Row>& rows) {
  std::string out;
  for (const Row& row : rows) {
    const bus::Message& message = row.message;
    const std::string first =
        message.subject.empty() ? message.text.substr(0, message.text.find('\n')) : message.subject;
    out += fmt::format("{}  {} -> {}  {}  {}\n", report::timestamp(message.sent / 1'000'000),
                       message.from, message.to, report::printable(receipt_of(row.entry)),
                       report::shortened(report::printable(first), 60));
  }
  return out;
}

}  // namespace

int send(const SendOptions& options) {
  const auto inside = process::descends_from_keeper();
  if (!inside)
    return refuse(inside.error());
  if (*inside) {
    complain("fleetc: a session speaks as itself: `fleetc agent send`\n");
    return kRunFailed;
  }
  auto past = open_past();
  if (!past)
    return refuse(past.error());
  std::string text = options.text;
  if (text == "-")
    text = read_input(bus::kMaxText + 1);
  const std::int64_t now = os::system_clock().wall().time_since_epoch().count();
  const bus::Message message{fmt::format("{}-{}-{}", kHuman, now, ::getpid()),
                             kHuman,
                             options.agent,
                             options.subject,
                             now * 1'000'000,
                             text};
  if (const Status sound = bus::check_message(message); !sound) {
    complain(sound.error());
    return kUsage;
  }
  if (const Status known = knows_agent(*past, options.agent); !known) {
    complain(known.error());
    return kUsage;
  }
  auto box = bus::Mailbox::open(past->places.state_dir + "/bus", options.agent);
  if (!box)
    return refuse(box.error());
  if (const Status delivered = box->deliver({&message, 1}); !delivered)
    return refuse(delivered.error());
  print(
      fmt::format("sent to {0}: the first session of {0} to look has it, in its brief or by "
                  "`fleetc agent inbox`\n",
                  options.agent));
  return kDone;
}

int messages(const MessagesOptions& options) {
  const auto past = open_past();
  if (!past)
    return refuse(past.error());
  if (!options.agent.empty())
    if (const Status known = knows_agent(*past, options.agent); !known) {
      complain(known.error());
      return kUsage;
    }
  const std::string bus_dir = past->places.state_dir + "/bus";
  if (options.requeue) {
    const auto inside = process::descends_from_keeper();
    if (!inside)
      return refuse(inside.error());
    if (*inside) {
      complain("fleetc: a session has no say in what other agents are told\n");
      return kRunFailed;
    }
    const Status again = requeue(bus_dir, options);
    if (again)
      return kDone;
    complain(again.error());
    return again.error().code() == Errc::kInvalid ? kUsage : kRunFailed;
  }
  const auto rows = rows_of(bus_dir, options);
  if (!rows)
    return refuse(rows.error());
  if (options.format == "json")
    print(json_of(*rows));
  else if (rows->empty())
    print(options.all ? "no message was ever sent\n"
                      : "no message waits (`--all` shows those that are done)\n");
  else
    print(text_of(*rows));
  return kDone;
}

}  // namespace fleet::cli
