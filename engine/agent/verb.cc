#include "engine/agent/verb.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

namespace fleet::agent {
namespace {

using Kind = Parameter::Kind;

constexpr std::size_t kMaxLine = 300;
constexpr std::size_t kMaxPath = 1024;
constexpr std::size_t kMaxReason = std::size_t{8} << 10;
constexpr std::size_t kMaxDetail = std::size_t{32} << 10;
constexpr std::uint32_t kMaxNumber = 0x7FFFFFFF;

constexpr std::array<std::string_view, 4> kSeverities = {"note", "minor", "major", "critical"};
constexpr std::array<std::string_view, 2> kVerdicts = {"approved", "changes_requested"};

constexpr std::array kIdentityParameters = {
    Parameter{.name = "read",
              .internal = true,
              .max_bytes = kMaxLine,
              .about = "The document that has arrived."},
    Parameter{.name = "sha256", .internal = true, .max_bytes = 64, .about = "Of its bytes."},
};
constexpr std::array kCheckpointParameters = {
    Parameter{.name = "text",
              .kind = Kind::kText,
              .needed = true,
              .leading = true,
              .max_bytes = kMaxNote,
              .about = "Markdown: what is done, what is next, what was found out."},
};
constexpr std::array kHandoffParameters = {
    Parameter{.name = "text",
              .kind = Kind::kText,
              .needed = true,
              .leading = true,
              .max_bytes = kMaxNote,
              .about = "Markdown for a reader without any memory of this session."},
};
constexpr std::array kSendParameters = {
    Parameter{.name = "to",
              .needed = true,
              .leading = true,
              .max_bytes = 100,
              .about = "The agent, by its name in the fleet."},
    Parameter{.name = "text",
              .kind = Kind::kText,
              .needed = true,
              .leading = true,
              .max_bytes = kMaxMessageText,
              .about = "Markdown, for a reader who knows nothing of this session."},
    Parameter{.name = "subject", .max_bytes = kMaxLine, .about = "One line: what it is about."},
};
constexpr std::array kFindingParameters = {
    Parameter{.name = "title",
              .needed = true,
              .leading = true,
              .max_bytes = kMaxLine,
              .about = "One line: what is wrong."},
    Parameter{.name = "severity",
              .kind = Kind::kWord,
              .max_bytes = 16,
              .about = "How bad it is (default: major).",
              .words = kSeverities},
    Parameter{.name = "label",
              .max_bytes = 100,
              .about = "The kind of thing, by which it may be routed: \"security\"."},
    Parameter{.name = "path",
              .max_bytes = kMaxPath,
              .about = "The file in the repository; left out: the change as a whole."},
    Parameter{
        .name = "line", .kind = Kind::kNumber, .max_bytes = 10, .about = "In that file, from 1."},
    Parameter{.name = "detail",
              .kind = Kind::kText,
              .max_bytes = kMaxDetail,
              .about = "Markdown: why it is wrong and what would put it right."},
};
constexpr std::array kVerdictParameters = {
    Parameter{.name = "verdict",
              .kind = Kind::kWord,
              .needed = true,
              .leading = true,
              .max_bytes = 32,
              .about = "What the review comes to.",
              .words = kVerdicts},
    Parameter{.name = "summary",
              .kind = Kind::kText,
              .max_bytes = kMaxReason,
              .about = "Why, in a few lines."},
};
constexpr std::array kEscalateParameters = {
    Parameter{.name = "why",
              .kind = Kind::kText,
              .needed = true,
              .leading = true,
              .max_bytes = kMaxReason,
              .about = "What a human has to decide, with all that is needed for it."},
};
constexpr std::array kDoneParameters = {
    Parameter{.name = "summary",
              .kind = Kind::kText,
              .leading = true,
              .max_bytes = kMaxReason,
              .about = "What was done, in a few lines."},
};
constexpr std::array kFailParameters = {
    Parameter{.name = "why",
              .kind = Kind::kText,
              .needed = true,
              .leading = true,
              .max_bytes = kMaxReason,
              .about = "Why the task can't be done."},
};

constexpr std::array kVerbs = {
    VerbInfo{Verb::kIdentity, "identity",
             "Gives the next document that has to be read before any work, in order, until none is "
             "left.",
             kIdentityParameters},
    VerbInfo{Verb::kTask,
             "task",
             "Gives the task: what is asked, how it is judged, what earlier attempts left. Refused "
             "until every identity document was read.",
             {}},
    VerbInfo{Verb::kSync,
             "sync",
             "Tells what changed since this agent last ran in this repository.",
             {}},
    VerbInfo{Verb::kCheckpoint, "checkpoint",
             "Saves working state, for the next attempt in case this session ends early.",
             kCheckpointParameters},
    VerbInfo{Verb::kHandoff, "handoff",
             "Leaves notes for the session that carries on, before this one has to stop.",
             kHandoffParameters},
    VerbInfo{
        Verb::kSend, "send",
        "Sends a message to an agent, whose first session to look has it. The same words again "
        "are the same message.",
        kSendParameters},
    VerbInfo{Verb::kInbox,
             "inbox",
             "Gives the messages to this agent that this session was not told yet.",
             {}},
    VerbInfo{Verb::kFinding, "finding",
             "Files one thing that this review wants changed. The same title, path and label again "
             "replace it.",
             kFindingParameters},
    VerbInfo{Verb::kVerdict, "verdict",
             "Gives the verdict of this review; changes_requested needs a finding first. The last "
             "one counts; a finding of severity major or worse after an approval withdraws that.",
             kVerdictParameters},
    VerbInfo{Verb::kEscalate, "escalate",
             "Asks for a human, who decides once this session has ended.", kEscalateParameters},
    VerbInfo{Verb::kDone, "done", "Says that the task is done; then end the session.",
             kDoneParameters},
    VerbInfo{Verb::kFail, "fail", "Says that the task can't be done; then end the session.",
             kFailParameters},
};

std::string list_of(std::span<const std::string_view> words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

Status check_value(const VerbInfo& verb, const Parameter& parameter, const std::string& value) {
  const auto wrong = [&](const std::string& what) {
    return Error(Errc::kInvalid, fmt::format("`{}` of {} {}", parameter.name, verb.name, what));
  };
  if (parameter.needed && value.empty())
    return wrong("is empty");
  if (value.size() > parameter.max_bytes)
    return wrong(fmt::format("has {} bytes; it may have {}", value.size(), parameter.max_bytes));
  if (value.find('\0') != std::string::npos)
    return wrong("has a NUL byte");
  switch (parameter.kind) {
    case Kind::kText: return {};
    case Kind::kLine:
      if (value.find_first_of("\r\n") != std::string::npos)
        return wrong("has more than one line");
      return {};
    case Kind::kWord:
      if (std::ranges::find(parameter.words, value) == parameter.words.end())
        return wrong("must be one of " + list_of(parameter.words));
      return {};
    case Kind::kNumber: break;
  }
  std::uint32_t number = 0;
  const char* const end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, number);
  if (error != std::errc() || stop != end || number > kMaxNumber)
    return wrong(fmt::format("must be a number up to {}", kMaxNumber));
  return {};
}

}  // namespace

std::span<const VerbInfo> verbs() {
  return kVerbs;
}

const VerbInfo& info_of(Verb verb) {
  const auto found = std::ranges::find(kVerbs, verb, &VerbInfo::verb);
  FLEET_ASSERT(found != kVerbs.end(), static_cast<int>(verb));
  return *found;
}

const VerbInfo* find_verb(std::string_view name) {
  const auto found = std::ranges::find(kVerbs, name, &VerbInfo::name);
  return found == kVerbs.end() ? nullptr : &*found;
}

Status check_arguments(const VerbInfo& verb, const Arguments& arguments) {
  for (const auto& [name, value] : arguments) {
    const auto known = std::ranges::find(verb.parameters, name, &Parameter::name);
    if (known == verb.parameters.end())
      return Error(Errc::kInvalid, fmt::format("{} has no `{}`", verb.name, name.substr(0, 64)));
    FLEET_CHECK(check_value(verb, *known, value));
  }
  for (const Parameter& parameter : verb.parameters)
    if (parameter.needed && !arguments.contains(std::string(parameter.name)))
      return Error(Errc::kInvalid, fmt::format("{} needs `{}`", verb.name, parameter.name));
  return {};
}

}  // namespace fleet::agent
