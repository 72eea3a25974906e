// Wherever a text is cut, and however a secret repeats itself, none of it passes and nothing else
// is lost.
#include "engine/broker/scrub.h"

#include <rapidcheck.h>

#include <catch2/catch.hpp>

using namespace fleet::broker;

namespace {

std::string plainly(std::string text, const std::string& secret) {
  for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at))
    text.replace(at, secret.size(), std::string(secret.size(), '*'));
  return text;
}

}  // namespace

TEST_CASE("a text that comes in pieces is scrubbed as by a search of the whole") {
  CHECK(rc::check([] {
    const auto letters = rc::gen::element('a', 'b', 'c');
    const std::string secret = *rc::gen::nonEmpty(rc::gen::container<std::string>(letters));
    std::string text = *rc::gen::container<std::string>(letters);
    text.insert(*rc::gen::inRange<std::size_t>(0, text.size() + 1), secret);
    text += *rc::gen::container<std::string>(letters);
    Scrubber scrubber(secret);
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t size = *rc::gen::inRange<std::size_t>(1, 4);
      scrubber.take(std::string_view(text).substr(at, size), out);
      at += size;
    }
    scrubber.finish(out);
    RC_ASSERT(out == plainly(text, secret));
    RC_ASSERT(out.size() == text.size());
  }));
}
