// Writes the plan's structures as canonical JSON: no white space, keys in the order of fields.h,
// empty fields left out, integers only. Every byte string survives: bytes that are not UTF-8 are
// written as the lone surrogates \udc80 to \udcff, which json_reader.h turns back into the same
// bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "dsl/plan/fields.h"
#include "dsl/plan/words.h"

namespace fleet::plan {

void append_json_string(std::string& out, std::string_view text);

// What stands for an agent and for an earlier node when the text is to be hashed: what they are,
// not at which index they happen to be. Not owned.
struct Identities {
  const std::vector<std::string>* agents = nullptr;
  const std::vector<Node>* nodes = nullptr;
};

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}
  // Writes the identity of things: no incidental fields, and hashes where indices would be.
  JsonWriter(std::string& out, const Identities& identities)
      : out_(out), identities_(&identities) {}

  template <class T>
  void must(std::string_view key, const T& value) {
    if (!first_) {
      out_ += ',';
    }
    first_ = false;
    out_ += '"';
    out_ += key;
    out_.append("\":", 2);
    write(value);
  }

  template <class T>
  void may(std::string_view key, const T& value) {
    if (!is_empty(value)) {
      must(key, value);
    }
  }

  template <class T>
  void incidental(std::string_view key, const T& value) {
    if (identities_ == nullptr) {
      may(key, value);
    }
  }

  void write(const std::string& text) { append_json_string(out_, text); }
  void write(bool value) { out_ += value ? "true" : "false"; }
  void write(Money money) { write(money.micros); }
  void write(Millis duration) { write(duration.count()); }
  void write(AgentIndex index) {
    const auto* agents = identities_ != nullptr ? identities_->agents : nullptr;
    if (agents != nullptr && index.value < agents->size()) {
      write((*agents)[index.value]);
    } else {
      write(index.value);
    }
  }
  void write(NodeIndex index) {
    const auto* nodes = identities_ != nullptr ? identities_->nodes : nullptr;
    if (nodes != nullptr && index.value < nodes->size()) {
      write((*nodes)[index.value].hash);
    } else {
      write(index.value);
    }
  }
  void write(const std::pair<std::string, std::string>& pair) {
    out_ += '[';
    write(pair.first);
    out_ += ',';
    write(pair.second);
    out_ += ']';
  }
  // Literal text is a string, a hole an object.
  void write(const Segment& segment) {
    out_ += segment.hole ? "{\"hole\":" : "";
    write(segment.text);
    out_ += segment.hole ? "}" : "";
  }

  template <class T>
  requires std::is_integral_v<T>
  void write(T number) {
    const fmt::format_int digits(number);
    out_.append(digits.data(), digits.size());
  }
  template <class T>
  requires std::is_enum_v<T>
  void write(T value) {
    out_ += '"';
    out_ += word_of(value);
    out_ += '"';
  }
  template <class T>
  void write(const std::optional<T>& value) {
    write(*value);
  }
  template <class T>
  void write(const std::vector<T>& values) {
    char before = '[';
    for (const T& value : values) {
      out_ += before;
      write(value);
      before = ',';
    }
    out_ += values.empty() ? "[]" : "]";
  }
  template <class T>
  requires std::is_class_v<T>
  void write(const T& object) {
    out_ += '{';
    const bool outer = std::exchange(first_, true);
    fields(*this, object);
    first_ = outer;
    out_ += '}';
  }

 private:
  template <class T>
  static bool is_empty(const T& value) {
    if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
      return value == T{};
    } else if constexpr (requires { value.has_value(); }) {
      return !value.has_value();
    } else if constexpr (requires { value.empty(); }) {
      return value.empty();
    } else {
      static const T kEmpty{};
      return value == kEmpty;
    }
  }

  std::string& out_;
  const Identities* identities_ = nullptr;
  bool first_ = true;  // no field of the object at hand has been written yet
};

}  // namespace fleet::plan
