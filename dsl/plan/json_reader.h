// Reads JSON straight into the plan's structures, without a document in between. Strict: an
// unknown, repeated or missing key, a value of another type or out of range, and anything that is
// not JSON is an error that names the place. Because an unknown key is refused instead of skipped,
// nesting is bounded by the structures themselves. Never throws (out of memory aside).
#pragma once

#include <cstdint>
#include <limits>
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

class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  // False when the text is not exactly one `T`; then `error` says what and where.
  template <class T>
  bool read_document(T& out) {
    return read(out) && read_end();
  }
  std::string error() const;

 private:
  template <class T>
  friend class FieldReader;

  bool read(std::string& out);
  bool read(bool& out);
  bool read(Segment& out);
  bool read(Money& out) { return read(out.micros); }
  bool read(AgentIndex& out) { return read(out.value); }
  bool read(NodeIndex& out) { return read(out.value); }
  bool read(Millis& out) {
    std::int64_t count = 0;
    const bool sound = read(count);
    out = Millis{count};
    return sound;
  }
  bool read(std::pair<std::string, std::string>& out) {
    return expect('[', "a pair") && read(out.first) && expect(',', "a pair") && read(out.second) &&
           expect(']', "a pair");
  }
  template <class T>
  requires std::is_integral_v<T>
  bool read(T& out);
  template <class T>
  requires std::is_enum_v<T>
  bool read(T& out);
  template <class T>
  bool read(std::optional<T>& out) {
    return read(out.emplace());
  }
  template <class T>
  bool read(std::vector<T>& out);
  template <class T>
  requires std::is_class_v<T>
  bool read(T& out);

  bool read_integer(bool is_signed, std::uint64_t max, std::uint64_t& magnitude, bool& negative);
  bool read_escape(std::string& out);
  bool read_hex4(char32_t& out);
  bool read_end();

  char peek();                            // the next character after white space; '\0' at the end
  bool take(char c);                      // consumes `c` if it is next
  bool expect(char c, const char* what);  // … and is an error if it is not
  bool fail(std::string message);         // keeps the first message; returns false
  bool unexpected(std::string_view wanted);  // fails with what is found instead
  void enter_key(std::string_view key) { path_.insert(0, "." + std::string(key)); }
  void enter_index(std::size_t index) { path_.insert(0, fmt::format("[{}]", index)); }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string path_;  // of the error, completed from the inside out as the callers return
  std::string message_;
};

// Visits the fields of one object for a key that was read: reads the field of that name.
template <class T>
class FieldReader {
 public:
  FieldReader(JsonReader& reader, std::string_view key, std::uint64_t& seen)
      : reader_(reader), key_(key), seen_(seen) {}

  template <class V>
  void must(std::string_view key, V& value) {
    const std::uint64_t bit = std::uint64_t{1} << ordinal_++;
    if (found_ || key != key_) {
      return;
    }
    found_ = true;
    sound_ = (seen_ & bit) != 0 ? reader_.fail("this key is given twice") : reader_.read(value);
    seen_ |= bit;
  }
  template <class V>
  void may(std::string_view key, V& value) {
    must(key, value);
  }
  template <class V>
  void incidental(std::string_view key, V& value) {
    must(key, value);
  }

  bool read_field(T& object) {
    fields(*this, object);
    return found_ ? sound_ : reader_.fail("this key is not known");
  }

 private:
  JsonReader& reader_;
  std::string_view key_;
  std::uint64_t& seen_;
  unsigned ordinal_ = 0;
  bool found_ = false;
  bool sound_ = false;
};

// Visits the fields of one object that was read: finds the first required one that was not there.
class MissingField {
 public:
  explicit MissingField(std::uint64_t seen) : seen_(seen) {}
  template <class V>
  void must(const char* key, const V&) {
    if ((seen_ >> ordinal_++ & 1) == 0 && key_ == nullptr) {
      key_ = key;
    }
  }
  template <class V>
  void may(const char*, const V&) {
    ++ordinal_;
  }
  template <class V>
  void incidental(const char*, const V&) {
    ++ordinal_;
  }
  const char* key() const { return key_; }

 private:
  std::uint64_t seen_;
  unsigned ordinal_ = 0;
  const char* key_ = nullptr;
};

template <class T>
requires std::is_integral_v<T>
bool JsonReader::read(T& out) {
  std::uint64_t magnitude = 0;
  bool negative = false;
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<T>::max());
  if (!read_integer(std::is_signed_v<T>, kMax, magnitude, negative)) {
    return false;
  }
  out = static_cast<T>(negative ? ~magnitude + 1 : magnitude);
  return true;
}

template <class T>
requires std::is_enum_v<T>
bool JsonReader::read(T& out) {
  std::string word;
  if (!read(word)) {
    return false;
  }
  constexpr auto words = words_of(T{});
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (word == words[i]) {
      out = static_cast<T>(i);
      return true;
    }
  }
  std::string all;
  for (const std::string_view known : words) {
    all += all.empty() ? "" : ", ";
    all += known;
  }
  return fail("must be one of " + all);
}

template <class T>
bool JsonReader::read(std::vector<T>& out) {
  if (!expect('[', "an array")) {
    return false;
  }
  if (take(']')) {
    return true;
  }
  do {
    if (!read(out.emplace_back())) {
      enter_index(out.size() - 1);
      return false;
    }
  } while (take(','));
  return expect(']', "',' or ']'");
}

template <class T>
requires std::is_class_v<T>
bool JsonReader::read(T& out) {
  if (!expect('{', "an object")) {
    return false;
  }
  std::uint64_t seen = 0;
  if (!take('}')) {
    std::string key;
    do {
      key.clear();
      if (!read(key) || !expect(':', "':'")) {
        return false;
      }
      if (!FieldReader<T>(*this, key, seen).read_field(out)) {
        enter_key(key);
        return false;
      }
    } while (take(','));
    if (!expect('}', "',' or '}'")) {
      return false;
    }
  }
  MissingField missing(seen);
  fields(missing, out);
  return missing.key() == nullptr || fail(fmt::format("the key \"{}\" is missing", missing.key()));
}

}  // namespace fleet::plan
