// Takes a secret out of what passes by, cut anywhere: each of its characters becomes a star, so
// that lengths stay as they were said. Holds back only what may be its beginning. Pure; one thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fleet::broker {

class Scrubber {
 public:
  // REQUIRES: `secret` is not empty.
  explicit Scrubber(std::string secret);

  // Appends to `out` what of it, and of what was held back, may go on.
  void take(std::string_view bytes, std::string& out);
  // After the last byte.
  void finish(std::string& out);

 private:
  const std::string secret_;
  // For each prefix of the secret, how long the longest is that it both begins and ends with.
  std::vector<std::size_t> shorter_;
  std::size_t matched_ = 0;  // how much of the secret the bytes so far end with: held back
};

// Of a text that is there as a whole.
std::string scrubbed(std::string_view text, const std::string& secret);

}  // namespace fleet::broker
