#include "engine/report/words.h"

#include <fmt/format.h>

namespace fleet::report {
namespace {

// The length of the valid UTF-8 sequence at `text[0]`, 0 when there is none.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return static_cast<unsigned char>(text[i]);
  };
  const auto tail = [&](std::size_t i) {
    return i < text.size() && (byte(i) & 0xC0) == 0x80;
  };
  const unsigned char first = byte(0);
  if (first < 0x80)
    return 1;
  if (first >= 0xC2 && first < 0xE0)
    return tail(1) ? 2 : 0;
  if (first >= 0xE0 && first < 0xF0) {
    if (!tail(1) || !tail(2))
      return 0;
    if (first == 0xE0 && byte(1) < 0xA0)
      return 0;
    if (first == 0xED && byte(1) >= 0xA0)
      return 0;
    return 3;
  }
  if (first >= 0xF0 && first < 0xF5) {
    if (!tail(1) || !tail(2) || !tail(3))
      return 0;
    if (first == 0xF0 && byte(1) < 0x90)
      return 0;
    if (first == 0xF4 && byte(1) >= 0x90)
      return 0;
    return 4;
  }
  return 0;
}

// C0, DEL, C1 and the bidirectional controls, which reorder what follows.
bool is_inert(std::string_view sequence) {
  const auto byte = [&](std::size_t i) {
    return static_cast<unsigned char>(sequence[i]);
  };
  if (sequence.size() == 1)
    return byte(0) >= 0x20 && byte(0) != 0x7F;
  if (sequence.size() == 2)
    return !(byte(0) == 0xC2 && byte(1) < 0xA0);
  if (sequence.size() == 3 && byte(0) == 0xE2) {
    if (byte(1) == 0x80 && byte(2) >= 0x8E && byte(2) <= 0x8F)
      return false;
    if (byte(1) == 0x80 && byte(2) >= 0xA8 && byte(2) <= 0xAE)
      return false;
    if (byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9)
      return false;
  }
  return true;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    if (length > 0 && is_inert(text.substr(0, length))) {
      out += text.substr(0, length);
      text.remove_prefix(length);
    } else {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
      text.remove_prefix(1);
    }
  }
  return out;
}

std::string shortened(std::string_view text, std::size_t width) {
  std::vector<std::size_t> starts;
  for (std::size_t i = 0; i < text.size(); ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80)
      starts.push_back(i);
  if (starts.size() <= width || width < 2)
    return std::string(text);
  const std::size_t head = (width - 1) / 2;
  const std::size_t tail = width - 1 - head;
  return std::string(text.substr(0, starts[head])) + "…" +
         std::string(text.substr(starts[starts.size() - tail]));
}

std::string label(const plan::Plan& plan, const run::Task& task) {
  const plan::Node& node = plan.nodes[task.node.value];
  if (node.kind != plan::NodeKind::kFanout)
    return printable(node.name);
  return printable(node.name) + "[" + printable(task.item) + "]";
}

std::string spoken(plan::Millis duration) {
  const std::int64_t ms = duration.count();
  if (ms < 10'000)
    return fmt::format("{}.{}s", ms / 1000, ms % 1000 / 100);
  const std::int64_t s = ms / 1000;
  if (s < 60)
    return fmt::format("{}s", s);
  if (s < 3600)
    return s % 60 == 0 ? fmt::format("{}min", s / 60) : fmt::format("{}min {}s", s / 60, s % 60);
  const std::int64_t min = s / 60;
  return min % 60 == 0 ? fmt::format("{}h", min / 60)
                       : fmt::format("{}h {}min", min / 60, min % 60);
}

std::string timestamp(std::int64_t wall_ms) {
  const std::chrono::sys_time<std::chrono::milliseconds> at{std::chrono::milliseconds(wall_ms)};
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(at - day));
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count());
}

std::string counted(std::uint64_t n, std::string_view noun) {
  return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s");
}

const char* verb_of(run::Decision decision) {
  switch (decision) {
    case run::Decision::kApprove: return "approve";
    case run::Decision::kReject: return "reject";
    case run::Decision::kRetry: return "retry";
  }
  return "?";
}

bool came_late(const run::Task& task, const run::GateAnswered& answer) {
  if (!task.gate)
    return false;
  if (task.gate->epoch == answer.attempt.epoch)
    return run::is_late(*task.gate, answer);
  // The next gate of the step is open already: this one was closed by its time.
  return task.gate->epoch > answer.attempt.epoch && task.outcome == run::Outcome::kUnanswered;
}

std::string answer_text(const run::Task& task, const run::GateAnswered& answer) {
  return fmt::format("{} by {}{}{}", run::name_of(answer.decision), printable(answer.by),
                     came_late(task, answer) ? ", too late: it does not count" : "",
                     answer.why.empty() ? "" : ": " + printable(answer.why));
}

std::string shares_text(const std::vector<std::string>& with) {
  std::string text = "may change the same files as ";
  for (std::size_t i = 0; i < with.size(); ++i)
    text += (i == 0 ? "" : i + 1 == with.size() ? " and " : ", ") + printable(with[i]);
  return text + ": a merge of both may conflict";
}

namespace {

// Of a review, and of a gate that was answered: what was decided, by whom, and why.
std::string decided(const run::Task& task) {
  if (task.verdict && task.phase == run::Phase::kDone) {
    std::string text = *task.verdict == run::Verdict::kApproved ? "approved" : "changes requested";
    if (!task.findings.empty())
      text += ", " + counted(task.findings.size(), "finding");
    return task.summary.empty() ? text : text + ": " + printable(task.summary);
  }
  if (task.decision && task.phase == run::Phase::kDone) {
    return fmt::format("{} by {}{}", run::name_of(task.decision->decision),
                       printable(task.decision->by),
                       task.decision->why.empty() ? "" : ": " + printable(task.decision->why));
  }
  return {};
}

}  // namespace

std::string result_of(const run::Task& task) {
  if (std::string text = decided(task); !text.empty())
    return text;
  if (task.phase == run::Phase::kDone && task.files > 0)
    return fmt::format("{}, +{} -{}", counted(task.files, "file"), task.insertions, task.deletions);
  for (const run::CheckResult& check : task.checks)
    if (!check.passed && !task.gate)
      return printable(fmt::format("`{}`: {}", check.text, check.detail));
  if (task.gate && task.phase == run::Phase::kFailed)
    return printable(task.reason);
  if (!task.detail.empty())
    return printable(task.detail);
  return printable(task.reason);
}

}  // namespace fleet::report
