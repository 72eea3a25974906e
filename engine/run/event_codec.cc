// Events as compact JSON. Both directions walk the same list of fields (event_fields.h). The reader
// takes exactly what the writer writes, in one pass: a general JSON reader costs several times the
// row that a replay reads, and would let through what was never written.
#include <array>
#include <charconv>
#include <utility>

#include "engine/run/event_fields.h"
#include "engine/run/event_text.h"

namespace fleet::run {

namespace {

template <class T>
concept Number = std::integral<T> && !std::same_as<T, bool>;

template <class Enum>
struct RangeOf;  // of the values that may be stored
template <>
struct RangeOf<plan::Figure> {
  static constexpr int kFirst = 0, kLast = 2;
};
template <>
struct RangeOf<ExitHow> {
  static constexpr int kFirst = 1, kLast = 14;
};
template <>
struct RangeOf<CaptureHow> {
  static constexpr int kFirst = 1, kLast = 5;
};
template <>
struct RangeOf<MergeHow> {
  static constexpr int kFirst = 1, kLast = 6;
};
template <>
struct RangeOf<StopLevel> {
  static constexpr int kFirst = 1, kLast = 2;
};
template <>
struct RangeOf<Found> {
  static constexpr int kFirst = 1, kLast = 3;
};
template <>
struct RangeOf<RunOutcome> {
  static constexpr int kFirst = 1, kLast = 3;
};

template <>
struct RangeOf<Severity> {
  static constexpr int kFirst = 1, kLast = 4;
};
template <>
struct RangeOf<Verdict> {
  static constexpr int kFirst = 1, kLast = 2;
};
template <>
struct RangeOf<NoteKind> {
  static constexpr int kFirst = 1, kLast = 2;
};
template <>
struct RangeOf<Decision> {
  static constexpr int kFirst = 1, kLast = 3;
};

class Writer {
 public:
  template <class T>
  void operator()(std::string_view name, const T& value) {
    out_ += out_.back() == '{' ? "\"" : ",\"";
    out_ += name;
    out_ += "\":";
    write(value);
  }

  template <class Body>
  void object(const Body& body) {
    out_ += '{';
    fields(*this, body);
    out_ += '}';
  }

  std::string take() { return std::move(out_); }

 private:
  void write(const std::string& value) { append_quoted(out_, value); }
  void write(bool value) { out_ += value ? "true" : "false"; }
  void write(Millis value) { write(value.count()); }
  void write(const CheckResult& value) { object(value); }

  template <Number T>
  void write(T value) {
    std::array<char, 24> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out_.append(digits.data(), end);
  }

  template <class Enum>
  requires std::is_enum_v<Enum>
  void write(Enum value) { write(static_cast<int>(value)); }

  template <class T>
  void write(const std::vector<T>& values) {
    out_ += '[';
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i > 0)
        out_ += ',';
      write(values[i]);
    }
    out_ += ']';
  }

  std::string out_;
};

// After the first thing that does not fit, `ok` stays false and nothing more is read.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  template <class T>
  void operator()(std::string_view name, T& value) {
    expect(first_ ? "\"" : ",\"");
    first_ = false;
    expect(name);
    expect("\":");
    if (ok_)
      read(value);
    if (!ok_ && failed_at_.empty())
      failed_at_ = name;
  }

  template <class Body>
  void object(Body& body) {
    expect("{");
    first_ = true;
    fields(*this, body);
    expect("}");
    first_ = false;
  }

  bool finished() const { return ok_ && rest_.empty(); }
  std::string_view failed_at() const { return failed_at_; }

 private:
  void expect(std::string_view text) {
    ok_ = ok_ && rest_.starts_with(text);
    if (ok_)
      rest_.remove_prefix(text.size());
  }

  bool skip(char c) {
    if (!ok_ || !rest_.starts_with(c))
      return false;
    rest_.remove_prefix(1);
    return true;
  }

  void read(std::string& value) { ok_ = take_quoted(rest_, value); }

  void read(bool& value) {
    value = rest_.starts_with('t');
    expect(value ? "true" : "false");
  }

  void read(Millis& value) {
    Millis::rep count = 0;
    read(count);
    value = Millis{count};
  }

  void read(CheckResult& value) { object(value); }

  template <Number T>
  void read(T& value) {
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    const std::string_view digits = rest_.substr(0, static_cast<std::size_t>(end - rest_.data()));
    const std::string_view bare = digits.starts_with('-') ? digits.substr(1) : digits;
    const bool padded = bare.starts_with('0') && digits != "0";
    ok_ = error == std::errc{} && !padded;
    if (ok_)
      rest_.remove_prefix(digits.size());
  }

  template <class Enum>
  requires std::is_enum_v<Enum>
  void read(Enum& value) {
    int number = 0;
    read(number);
    ok_ = ok_ && number >= RangeOf<Enum>::kFirst && number <= RangeOf<Enum>::kLast;
    if (ok_)
      value = static_cast<Enum>(number);
  }

  template <class T>
  void read(std::vector<T>& values) {
    expect("[");
    if (skip(']'))
      return;
    do {
      values.emplace_back();
      if (ok_)
        read(values.back());
    } while (skip(','));
    expect("]");
  }

  std::string_view rest_;
  std::string_view failed_at_;
  bool ok_ = true;
  bool first_ = true;
};

constexpr std::size_t kTypes = std::variant_size_v<EventBody>;

constexpr std::array<const char*, kTypes> kNames = {
    "run_opened",    "items_listed",  "spawn_decided", "prepared",    "exited",
    "captured",      "verified",      "published",     "merged",      "timer_fired",
    "stop_asked",    "resumed",       "reconciled",    "run_closed",  "finding_filed",
    "verdict_given", "identity_read", "task_taken",    "note_saved",  "escalated",
    "concluded",     "metered",       "gate_answered", "paths_shared"};

template <std::size_t Index>
DecodedEvent decode_as(std::string_view payload) {
  std::variant_alternative_t<Index, EventBody> body;
  Reader reader(payload);
  reader.object(body);
  if (reader.finished())
    return {true, std::move(body), ""};
  std::string error = std::string(kNames[Index]) + " event: ";
  error += reader.failed_at().empty()
               ? "does not end where it should"
               : "field `" + std::string(reader.failed_at()) + "` is damaged";
  return {false, {}, std::move(error)};
}

template <std::size_t... Index>
DecodedEvent decode_any(std::size_t index, std::string_view payload,
                        std::index_sequence<Index...>) {
  using Decode = DecodedEvent (*)(std::string_view);
  constexpr std::array<Decode, sizeof...(Index)> kDecoders = {&decode_as<Index>...};
  return kDecoders[index](payload);
}

}  // namespace

const char* name_of(const EventBody& body) {
  return kNames[body.index()];
}

std::uint32_t type_of(const EventBody& body) {
  return static_cast<std::uint32_t>(body.index()) + 1;
}

std::string encode(const EventBody& body) {
  Writer writer;
  std::visit([&](const auto& event) { writer.object(event); }, body);
  return writer.take();
}

DecodedEvent decode(std::uint32_t type, std::string_view payload) {
  if (type == 0 || type > kTypes) {
    return {false, {}, "there is no event of type " + std::to_string(type)};
  }
  return decode_any(type - 1, payload, std::make_index_sequence<kTypes>{});
}

}  // namespace fleet::run
