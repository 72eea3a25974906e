#include "engine/broker/scrub.h"

#include <utility>

namespace fleet::broker {

Scrubber::Scrubber(std::string secret) : secret_(std::move(secret)), shorter_(secret_.size() + 1) {
  for (std::size_t size = 2; size <= secret_.size(); ++size) {
    std::size_t fits = shorter_[size - 1];
    while (fits > 0 && secret_[fits] != secret_[size - 1])
      fits = shorter_[fits];
    shorter_[size] = fits + (secret_[fits] == secret_[size - 1] ? 1 : 0);
  }
}

// Knuth, Morris and Pratt; what the match gives up on is the secret's own beginning.
void Scrubber::take(std::string_view bytes, std::string& out) {
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    if (matched_ == 0) {
      const std::size_t first = std::min(bytes.find(secret_.front(), at), bytes.size());
      out += bytes.substr(at, first - at);
      at = first;
      if (at == bytes.size())
        return;
    }
    const char c = bytes[at];
    while (matched_ > 0 && secret_[matched_] != c) {
      const std::size_t rest = shorter_[matched_];
      out.append(secret_, 0, matched_ - rest);
      matched_ = rest;
    }
    if (secret_[matched_] != c) {
      out += c;
    } else if (++matched_ == secret_.size()) {
      out.append(secret_.size(), '*');
      matched_ = 0;
    }
  }
}

void Scrubber::finish(std::string& out) {
  out.append(secret_, 0, std::exchange(matched_, 0));
}

std::string scrubbed(std::string_view text, const std::string& secret) {
  std::string out;
  Scrubber scrubber(secret);
  scrubber.take(text, out);
  scrubber.finish(out);
  return out;
}

}  // namespace fleet::broker
