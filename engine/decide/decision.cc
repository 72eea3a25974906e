#include "engine/decide/decision.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace fleet::decide {
namespace {

constexpr std::string_view kHead = "fleetc-decision 1\n";
constexpr std::string_view kTail = "end\n";

// Line breaks, and the backslash that says so.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\0': out += "\\0"; break;
      default: out += c;
    }
  }
  return out;
}

bool unescape(std::string_view text, std::string& out) {
  out.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    if (++i == text.size())
      return false;
    switch (text[i]) {
      case '\\': out += '\\'; break;
      case 'n': out += '\n'; break;
      case 'r': out += '\r'; break;
      case '0': out += '\0'; break;
      default: return false;
    }
  }
  return true;
}

// The lines of a file, taken one after another; the first that is not as expected sticks.
class Lines {
 public:
  explicit Lines(std::string_view rest) : rest_(rest) {}

  bool take(std::string_view text) {
    if (rest_.substr(0, text.size()) != text)
      return good_ = false;
    rest_.remove_prefix(text.size());
    return good_;
  }
  void take(std::string_view name, std::string& value) {
    const std::size_t end = rest_.find('\n');
    const std::size_t head = name.size() + 1;
    if (end == std::string_view::npos || end < head || rest_.substr(0, name.size()) != name ||
        rest_[name.size()] != ' ' || !unescape(rest_.substr(head, end - head), value)) {
      good_ = false;
      return;
    }
    rest_.remove_prefix(end + 1);
  }
  template <class Number>
  void take(std::string_view name, Number& value) {
    std::string text;
    take(name, text);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || std::to_string(value) != text)
      good_ = false;
  }
  bool at(std::string_view text) const { return rest_.substr(0, text.size()) == text; }
  bool over() const { return good_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

}  // namespace

const char* name_of(Answer answer) {
  switch (answer) {
    case Answer::kApprove: return "approve";
    case Answer::kReject: return "reject";
    case Answer::kRetry: return "retry";
  }
  return "?";
}

std::string file_name(const GateName& gate) {
  return fmt::format("{}.{}.{}", gate.run, gate.task, gate.epoch);
}

std::string signed_text(const Decision& decision) {
  return fmt::format(
      "{}run {}\nplan {}\ntask {}\nepoch {}\ndecision {}\nby {}\naccount {}\nhost {}\npid {}\n"
      "terminal {}\nat {}\nwhy {}\n",
      kHead, escaped(decision.gate.run), escaped(decision.plan), decision.gate.task,
      decision.gate.epoch, name_of(decision.answer), escaped(decision.by),
      escaped(decision.account), escaped(decision.host), decision.pid, escaped(decision.terminal),
      decision.at, escaped(decision.why));
}

std::string encode(const Decision& decision) {
  std::string out = signed_text(decision);
  if (!decision.signature.empty())
    out += "signature " + escaped(decision.signature) + "\n";
  out += kTail;
  return out;
}

Result<Decision> decode(std::string_view bytes) {
  const auto bad = [] {
    return Error(Errc::kCorrupt, "it is no decision of fleetc's, or only a part of one");
  };
  if (bytes.size() > kMaxDecision)
    return bad();
  Decision decision;
  Lines lines(bytes);
  std::string word;
  lines.take(kHead);
  lines.take("run", decision.gate.run);
  lines.take("plan", decision.plan);
  lines.take("task", decision.gate.task);
  lines.take("epoch", decision.gate.epoch);
  lines.take("decision", word);
  lines.take("by", decision.by);
  lines.take("account", decision.account);
  lines.take("host", decision.host);
  lines.take("pid", decision.pid);
  lines.take("terminal", decision.terminal);
  lines.take("at", decision.at);
  lines.take("why", decision.why);
  if (lines.at("signature "))
    lines.take("signature", decision.signature);
  lines.take(kTail);
  const auto known = {Answer::kApprove, Answer::kReject, Answer::kRetry};
  const auto* answer =
      std::ranges::find(known, word, [](Answer one) { return std::string(name_of(one)); });
  if (!lines.over() || answer == known.end() || decision.why.size() > kMaxWhy)
    return bad();
  decision.answer = *answer;
  return decision;
}

std::string origin_of(const Decision& decision) {
  return fmt::format("{}@{}, pid {}, {}; key: {}", decision.account, decision.host, decision.pid,
                     decision.terminal.empty() ? "no terminal" : "terminal " + decision.terminal,
                     decision.signature.empty() ? "no" : "yes");
}

}  // namespace fleet::decide
