// Messages on a stream of bytes: `Content-Length: N`, an empty line, N bytes. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace fleet::lsp {

// A larger message is skipped without being kept.
inline constexpr std::size_t kMaxMessage = 64U * 1024U * 1024U;

// Cuts the bytes of one direction into messages. What is no frame is skipped up to the next
// `Content-Length`, and counted, so that one malformed frame does not end a session.
class FrameReader {
 public:
  void feed(std::string_view bytes);
  // The body of the next whole message.
  std::optional<std::string> next();
  // How many frames were malformed since the last call.
  std::size_t take_malformed();

 private:
  bool read_header();
  void reject(std::size_t bytes);

  std::string bytes_;
  std::optional<std::size_t> length_;  // of the body that is being read
  std::size_t skip_ = 0;               // bytes of an oversized body still to come
  std::size_t malformed_ = 0;
};

std::string framed(std::string_view body);

}  // namespace fleet::lsp
