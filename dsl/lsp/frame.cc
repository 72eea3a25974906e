#include "dsl/lsp/frame.h"

#include <algorithm>
#include <utility>

namespace fleet::lsp {
namespace {

constexpr std::string_view kLength = "Content-Length";
constexpr std::string_view kEnd = "\r\n\r\n";
// A header is two short lines; what goes on longer is none.
constexpr std::size_t kMaxHeader = 4096;

bool equal_but_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

std::optional<std::size_t> read_number(std::string_view text) {
  constexpr std::size_t kMostDigits = 15;
  if (text.empty() || text.size() > kMostDigits)
    return std::nullopt;
  std::size_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9')
      return std::nullopt;
    value = value * 10 + static_cast<std::size_t>(c - '0');
  }
  return value;
}

// The length that the lines of a header say; nullopt: they are not a header.
std::optional<std::size_t> length_of(std::string_view header) {
  std::optional<std::size_t> length;
  while (!header.empty()) {
    const std::size_t end = std::min(header.find("\r\n"), header.size());
    const std::string_view line = header.substr(0, end);
    header.remove_prefix(std::min(end + 2, header.size()));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos)
      return std::nullopt;
    if (equal_but_case(trimmed(line.substr(0, colon)), kLength)) {
      if (length)
        return std::nullopt;
      length = read_number(trimmed(line.substr(colon + 1)));
      if (!length)
        return std::nullopt;
    }
  }
  return length;
}

}  // namespace

void FrameReader::feed(std::string_view bytes) {
  const std::size_t skipped = std::min(skip_, bytes.size());
  skip_ -= skipped;
  bytes_.append(bytes.substr(skipped));
}

// Drops these bytes, and what follows them up to the next thing that looks like a header.
void FrameReader::reject(std::size_t bytes) {
  ++malformed_;
  bytes_.erase(0, std::max<std::size_t>(bytes, 1));
  const std::size_t found = bytes_.find(kLength);
  if (found != std::string::npos)
    bytes_.erase(0, found);
  else if (bytes_.size() > kLength.size())
    bytes_.erase(0, bytes_.size() - kLength.size());
}

bool FrameReader::read_header() {
  const std::size_t end = bytes_.find(kEnd);
  if (end == std::string::npos) {
    if (bytes_.size() > kMaxHeader)
      reject(bytes_.size() - kMaxHeader);
    return false;
  }
  const std::optional<std::size_t> length =
      end <= kMaxHeader ? length_of(std::string_view(bytes_).substr(0, end)) : std::nullopt;
  if (!length) {
    // Behind what is no header a good one may begin before the empty line.
    const std::size_t inside = bytes_.starts_with(kLength) ? end : bytes_.find(kLength);
    reject(inside < end ? inside : end + kEnd.size());
    return true;
  }
  bytes_.erase(0, end + kEnd.size());
  if (*length > kMaxMessage) {
    ++malformed_;
    skip_ = *length;
    const std::string kept = std::exchange(bytes_, {});
    feed(kept);
    return true;
  }
  length_ = length;
  return true;
}

std::optional<std::string> FrameReader::next() {
  while (!length_) {
    if (bytes_.empty() || !read_header())
      return std::nullopt;
  }
  if (bytes_.size() < *length_)
    return std::nullopt;
  std::string body = bytes_.substr(0, *length_);
  bytes_.erase(0, *length_);
  length_.reset();
  return body;
}

std::size_t FrameReader::take_malformed() {
  return std::exchange(malformed_, 0);
}

std::string framed(std::string_view body) {
  return std::string(kLength) + ": " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

}  // namespace fleet::lsp
