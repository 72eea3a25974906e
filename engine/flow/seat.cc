#include "engine/flow/seat.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "dsl/plan/codec.h"
#include "engine/report/json.h"

namespace fleet::flow {
namespace {

using agent::Fault;
using report::json_string;

// Of one attempt: what a session in a loop can write into the journal, and into memory.
constexpr std::uint32_t kMaxSaid = 1'000;
constexpr std::size_t kMaxFindings = 200;
constexpr std::uint32_t kMaxSent = 200;

std::string value_of(const agent::Arguments& with, const std::string& name) {
  const auto at = with.find(name);
  return at == with.end() ? std::string() : at->second;
}

Seat::Said refused(std::string why) {
  return {agent::refusal("", Fault::kRefused, std::move(why)), {}, {}, false, {}};
}

Seat::Said told(std::string text, std::string data = "{}") {
  return {agent::Reply{"", Fault::kNone, std::move(text), std::move(data)}, {}, {}, false, {}};
}

// One space for any white space, none at the ends.
std::string collapsed(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!space)
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  if (!out.empty() && out.back() == ' ')
    out.pop_back();
  return out;
}

// "./src//a.c" -> "src/a.c"; nothing for a path that leads out of the repository.
std::optional<std::string> path_in_repository(const std::string& path) {
  std::string out;
  if (!path.empty() && path.front() == '/')
    return std::nullopt;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    begin = end + 1;
    if (part == "..")
      return std::nullopt;
    if (!part.empty() && part != ".")
      out += (out.empty() ? "" : "/") + part;
  }
  return out;
}

run::Severity severity_of(const std::string& word) {
  if (word == "note")
    return run::Severity::kNote;
  if (word == "minor")
    return run::Severity::kMinor;
  return word == "critical" ? run::Severity::kCritical : run::Severity::kMajor;
}

std::uint32_t number_of(const std::string& text) {
  std::uint32_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

std::string finding_id(const run::Finding& finding) {
  const std::string remark = finding.label + '\0' + finding.path + '\0' + finding.title;
  return "f-" + plan::sha256(remark).substr(0, 10);
}

Seat::Seat(SeatFacts facts, const run::Task& task, std::string checkpoint_sha256,
           std::string handoff_sha256)
    : facts_(std::move(facts)) {
  read_ = task.read;
  taken_ = task.taken;
  findings_ = task.findings;
  if (task.verdict)
    verdict_ = run::VerdictGiven{facts_.attempt, *task.verdict, task.summary};
  if (task.said_done)
    concluded_ = run::Concluded{facts_.attempt, *task.said_done, task.summary};
  asks_human_ = task.asks_human;
  checkpoints_ = {task.checkpoints, std::move(checkpoint_sha256)};
  handoffs_ = {task.handoffs, std::move(handoff_sha256)};
}

Seat::Said Seat::take(const agent::Request& request) {
  using agent::Verb;
  const auto& with = request.with;
  switch (request.verb) {
    case Verb::kIdentity: return identity(with);
    case Verb::kEscalate: return escalate(value_of(with, "why"));
    case Verb::kFail: return conclude(false, value_of(with, "why"));
    case Verb::kCheckpoint: return note(run::NoteKind::kCheckpoint, value_of(with, "text"));
    case Verb::kHandoff: return note(run::NoteKind::kHandoff, value_of(with, "text"));
    default: break;
  }
  // The read gate: nothing of the work before all is read.
  if (const std::string left = unread(); !left.empty())
    return refused(
        fmt::format("{} is refused until this session has read {}; `identity` gives the "
                    "next document",
                    agent::info_of(request.verb).name, left));
  switch (request.verb) {
    case Verb::kTask: return task();
    case Verb::kSync: {
      if (facts_.cold)
        return refused("this agent judges what it is shown: it is not told what was before");
      Said said = told({});
      said.sync = true;
      return said;
    }
    case Verb::kSend: return send(with);
    case Verb::kInbox: return inbox();
    case Verb::kFinding: return finding(with);
    case Verb::kVerdict: return verdict(with);
    case Verb::kDone: return conclude(true, value_of(with, "summary"));
    default: break;
  }
  FLEET_FAIL("a verb that nobody answers", static_cast<int>(request.verb));
}

Seat::Said Seat::say(run::EventBody event, std::string text, std::string data) {
  if (said_ >= kMaxSaid)
    return refused(fmt::format("this session has said {} things; it may say no more", kMaxSaid));
  ++said_;
  Said said = told(std::move(text), std::move(data));
  said.event = std::move(event);
  said.pending = pending_;
  return said;
}

Seat::Said Seat::repeat(run::EventBody event, std::string text, std::string data) {
  if (pending_.use_count() > 1)
    return say(std::move(event), std::move(text), std::move(data));
  return told(std::move(text), std::move(data));
}

std::string Seat::unread() const {
  std::string names;
  for (const IdentityDocument& document : facts_.documents)
    if (std::ranges::find(read_, document.name) == read_.end())
      names += fmt::format("{}{}@v{}", names.empty() ? "" : ", ", document.name, document.version);
  return names;
}

Seat::Said Seat::identity(const agent::Arguments& with) {
  const std::string name = value_of(with, "read");
  if (!name.empty())
    return confirm(name, value_of(with, "sha256"));
  const auto& documents = facts_.documents;
  const auto next = std::ranges::find_if(documents, [&](const IdentityDocument& document) {
    return std::ranges::find(read_, document.name) == read_.end();
  });
  if (next == documents.end())
    return told(documents.empty() ? "There is no identity document to read."
                                  : "Every identity document is read.",
                R"({"left":0})");
  const auto left = static_cast<std::size_t>(documents.end() - next);
  return told(fmt::format("--- identity {} v{}, document {} of {}, sha256 {} ---\n{}", next->name,
                          next->version, documents.size() - left + 1, documents.size(),
                          next->sha256, next->text),
              fmt::format(R"({{"document":{{"name":{},"version":{},"sha256":{}}},"left":{}}})",
                          json_string(next->name), next->version, json_string(next->sha256), left));
}

// The digest is known to whoever has the document.
Seat::Said Seat::confirm(const std::string& name, const std::string& sha256) {
  const auto document = std::ranges::find(facts_.documents, name, &IdentityDocument::name);
  if (document == facts_.documents.end() || document->sha256 != sha256)
    return refused("no document of this session's identity has that name and digest");
  const auto at = static_cast<std::size_t>(document - facts_.documents.begin());
  const run::IdentityRead event{facts_.attempt, name, document->version, sha256};
  if (at < read_.size())
    return repeat(event, "read");
  if (at > read_.size())
    return refused(fmt::format("{} comes before {}", facts_.documents[read_.size()].name, name));
  Said said = say(event, "read");
  if (said.event)
    read_.push_back(name);
  return said;
}

Seat::Said Seat::task() {
  const run::TaskTaken event{facts_.attempt};
  if (taken_)
    return repeat(event, facts_.brief, facts_.brief_data);
  Said said = say(event, facts_.brief, facts_.brief_data);
  taken_ = taken_ || said.event.has_value();
  return said;
}

Seat::Said Seat::note(run::NoteKind kind, const std::string& text) {
  Notes& notes = notes_of(kind);
  const std::string sha256 = plan::sha256(text);
  const bool again = notes.number > 0 && notes.sha256 == sha256;
  const run::NoteSaved event{facts_.attempt, kind, again ? notes.number : notes.number + 1, sha256,
                             text.size()};
  const std::string answer =
      fmt::format("saved as number {} of this session, {} bytes", event.number, event.bytes);
  const std::string data = fmt::format(R"({{"number":{},"bytes":{}}})", event.number, event.bytes);
  if (again)
    return repeat(event, answer, data);
  Said said = say(event, answer, data);
  if (said.event) {
    notes = {event.number, sha256};
    said.note = text;
  }
  return said;
}

void Seat::not_stored(const run::NoteSaved& note) {
  Notes& notes = notes_of(note.kind);
  if (notes.number == note.number)
    notes = {note.number - 1, {}};
}

Seat::Said Seat::send(const agent::Arguments& with) {
  if (facts_.cold)
    return refused("this agent judges what it is shown: what it has to say is a finding");
  const std::string to = value_of(with, "to");
  if (std::ranges::find(facts_.peers, to) == facts_.peers.end())
    return refused(fmt::format("no agent that reads messages is called `{}`; there is {}", to,
                               fmt::join(facts_.peers, ", ")));
  if (sent_ >= kMaxSent)
    return refused(fmt::format("this session has sent {} messages; it may send no more", kMaxSent));
  ++sent_;
  Said said = told({});
  said.outgoing = Outgoing{to, collapsed(value_of(with, "subject")), value_of(with, "text")};
  return said;
}

Seat::Said Seat::inbox() {
  if (facts_.cold)
    return refused("this agent judges what it is shown: nobody writes to it");
  Said said = told({});
  said.inbox = true;
  return said;
}

Seat::Said Seat::finding(const agent::Arguments& with) {
  if (facts_.returns == plan::Returns::kDone)
    return refused(
        "this agent returns no findings, so nobody would read one; `escalate` asks for a human");
  run::Finding finding;
  finding.title = collapsed(value_of(with, "title"));
  finding.label = collapsed(value_of(with, "label"));
  finding.severity = severity_of(value_of(with, "severity"));
  finding.line = number_of(value_of(with, "line"));
  finding.detail = value_of(with, "detail");
  const auto path = path_in_repository(value_of(with, "path"));
  if (finding.title.empty())
    return refused("`title` of finding is empty");
  if (!path)
    return refused("`path` of finding must be a path inside the repository, from its top");
  if (path->empty() && finding.line != 0)
    return refused("`line` of finding needs `path`");
  finding.path = *path;
  finding.id = finding_id(finding);
  const run::FindingFiled event{facts_.attempt, finding};
  const std::string data = fmt::format(R"({{"id":{}}})", json_string(finding.id));
  const auto known = std::ranges::find(findings_, finding.id, &run::Finding::id);
  if (known != findings_.end() && *known == finding)
    return repeat(event, "filed as " + finding.id, data);
  if (known == findings_.end() && findings_.size() >= kMaxFindings)
    return refused(
        fmt::format("this session has filed {} findings; it may file no more", kMaxFindings));
  const bool withdraws = finding.severity >= run::Severity::kMajor && verdict_ &&
                         verdict_->verdict == run::Verdict::kApproved;
  Said said = say(
      event,
      "filed as " + finding.id +
          (withdraws ? ", which withdraws the approval that was given: give a verdict again" : ""),
      data);
  if (!said.event)
    return said;
  if (withdraws)
    verdict_.reset();
  if (known != findings_.end())
    *known = finding;
  else
    findings_.push_back(finding);
  return said;
}

Seat::Said Seat::verdict(const agent::Arguments& with) {
  if (facts_.returns != plan::Returns::kVerdict)
    return refused("this agent returns no verdict, so nobody would read one; end with `done`");
  const std::string word = value_of(with, "verdict");
  const bool approves = word == "approved";
  if (!approves && findings_.empty())
    return refused(
        "changes_requested needs a finding: file each thing that has to change with `finding`, "
        "then give the verdict");
  const run::VerdictGiven event{
      facts_.attempt, approves ? run::Verdict::kApproved : run::Verdict::kChangesRequested,
      value_of(with, "summary")};
  const std::string answer = fmt::format("verdict {}, {} {}", word, findings_.size(),
                                         findings_.size() == 1 ? "finding" : "findings");
  if (verdict_ == event)
    return repeat(event, answer);
  Said said = say(event, answer);
  if (said.event)
    verdict_ = event;
  return said;
}

Seat::Said Seat::escalate(const std::string& why) {
  const run::Escalated event{facts_.attempt, why};
  const std::string answer = "a human will be asked once this session has ended";
  if (asks_human_ == why)
    return repeat(event, answer);
  Said said = say(event, answer);
  if (said.event)
    asks_human_ = why;
  return said;
}

Seat::Said Seat::conclude(bool done, const std::string& summary) {
  if (done && facts_.returns == plan::Returns::kVerdict && !verdict_)
    return refused("this review has no verdict yet; `verdict` gives it");
  const run::Concluded event{facts_.attempt, done, summary};
  const std::string answer =
      done ? "noted as done; end the session now" : "noted as failed; end the session now";
  if (concluded_ == event)
    return repeat(event, answer);
  Said said = say(event, answer);
  if (said.event)
    concluded_ = event;
  return said;
}

}  // namespace fleet::flow
