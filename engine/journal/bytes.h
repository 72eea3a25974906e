// Little-endian numbers and length-prefixed strings, for what the journal itself stores. Private to
// engine/journal.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace fleet::journal {

using Digest = std::array<unsigned char, 32>;

template <std::unsigned_integral Number>
void store_number(char* out, Number value) {
  for (std::size_t i = 0; i < sizeof value; ++i)
    out[i] = static_cast<char>(static_cast<unsigned char>(value >> (8 * i)));
}

template <std::unsigned_integral Number>
Number load_number(const char* in) {
  Number value = 0;
  for (std::size_t i = 0; i < sizeof value; ++i)
    value = static_cast<Number>(value | Number{static_cast<unsigned char>(in[i])} << (8 * i));
  return value;
}

class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}

  template <std::unsigned_integral Number>
  void number(Number value) {
    char bytes[sizeof value];
    store_number(bytes, value);
    out_.append(bytes, sizeof bytes);
  }
  void signed64(std::int64_t value) { number(static_cast<std::uint64_t>(value)); }
  void text(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    out_ += value;
  }
  void digest(const Digest& value) {
    out_.append(reinterpret_cast<const char*>(value.data()), value.size());
  }

 private:
  std::string& out_;
};

// Reads past the end yield zeros and empties, and make ok() false for good.
class ByteReader {
 public:
  explicit ByteReader(std::string_view in) : in_(in) {}

  template <std::unsigned_integral Number>
  Number number() {
    const std::string_view bytes = take(sizeof(Number));
    return ok_ ? load_number<Number>(bytes.data()) : Number{0};
  }
  std::int64_t signed64() { return static_cast<std::int64_t>(number<std::uint64_t>()); }
  std::string_view text() { return take(number<std::uint32_t>()); }
  Digest digest() {
    Digest value{};
    const std::string_view bytes = take(value.size());
    if (ok_)
      std::memcpy(value.data(), bytes.data(), value.size());
    return value;
  }
  std::string_view take(std::size_t size) {
    if (!ok_ || size > in_.size()) {
      ok_ = false;
      return {};
    }
    const std::string_view taken = in_.substr(0, size);
    in_.remove_prefix(size);
    return taken;
  }
  bool ok() const { return ok_; }
  bool at_end() const { return in_.empty(); }

 private:
  std::string_view in_;
  bool ok_ = true;
};

}  // namespace fleet::journal
