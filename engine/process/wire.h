// Bytes out and in, little-endian with fixed widths: shared by the socket's messages and the
// spool's records. Knows nothing of either. Reading never fails half-way: a Reader that ran out, or
// met a value that can't be, stays failed and yields zeros, and the caller asks once at the end.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fleet::process {

class Writer {
 public:
  template <std::unsigned_integral Int>
  void number(Int value) {
    for (std::size_t i = 0; i < sizeof(Int); ++i)
      bytes_.push_back(static_cast<char>(static_cast<std::uint8_t>(value >> (8 * i))));
  }
  template <std::signed_integral Int>
  void number(Int value) {
    number(static_cast<std::make_unsigned_t<Int>>(value));
  }
  void flag(bool value) { number<std::uint8_t>(value ? 1 : 0); }
  void text(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    bytes_.append(value);
  }
  template <class Items, class Put>
  void list(const Items& items, Put put) {
    number(static_cast<std::uint32_t>(items.size()));
    for (const auto& item : items)
      put(item);
  }

  const std::string& bytes() const& { return bytes_; }
  std::string bytes() && { return std::move(bytes_); }
  std::size_t size() const { return bytes_.size(); }
  void reserve(std::size_t size) { bytes_.reserve(size); }

 private:
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  template <std::integral Int>
  Int number() {
    using Bits = std::make_unsigned_t<Int>;
    Bits value = 0;
    const std::string_view part = take(sizeof(Int));
    for (std::size_t i = 0; i < part.size(); ++i)
      value = static_cast<Bits>(
          value | static_cast<Bits>(Bits{static_cast<std::uint8_t>(part[i])} << (8 * i)));
    return static_cast<Int>(value);
  }
  bool flag() { return choice<std::uint8_t>(1) == 1; }
  // An enumerator: at most `last`.
  template <class Enum>
  Enum choice(Enum last) {
    const auto value = number<std::uint8_t>();
    if (value > static_cast<std::uint8_t>(last))
      fail();
    return failed_ ? Enum{} : static_cast<Enum>(value);
  }
  std::string text() { return std::string(take(number<std::uint32_t>())); }
  // REQUIRES: each item takes at least one byte, so that a count can't ask for more than there is.
  template <class Get>
  auto list(Get get) {
    std::vector<decltype(get())> items;
    const auto count = number<std::uint32_t>();
    if (count > rest_.size()) {
      fail();
      return items;
    }
    for (std::uint32_t i = 0; i < count && !failed_; ++i)
      items.push_back(get());
    return items;
  }

  void fail() {
    failed_ = true;
    rest_ = {};
  }
  bool failed() const { return failed_; }
  // All was read and all of it made sense.
  bool complete() const { return !failed_ && rest_.empty(); }

 private:
  std::string_view take(std::size_t size) {
    if (size > rest_.size()) {
      fail();
      return {};
    }
    const std::string_view part = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return part;
  }

  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace fleet::process
