#include "engine/report/words.h"

#include <catch2/catch.hpp>

using namespace fleet;
using namespace fleet::report;

TEST_CASE("text from agents cannot drive a terminal") {
  CHECK(printable("a\x1b[2Jb") == "a\\x1b[2Jb");
  CHECK(printable("line\nnext\r\t") == "line\\x0anext\\x0d\\x09");
  CHECK(printable("\xc2\x9b"
                  "31m") == "\\xc2\\x9b31m");  // C1: the one-character CSI
  CHECK(printable("\xe2\x80\xae"
                  "abc") ==
        "\\xe2\\x80\\xae"
        "abc");  // right-to-left override
}

TEST_CASE("valid UTF-8 stays and invalid bytes are shown") {
  CHECK(printable("naïve ✓") == "naïve ✓");
  CHECK(printable("\xff\xc0\x80") == "\\xff\\xc0\\x80");
  CHECK(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");  // a surrogate
}

TEST_CASE("long names lose their middle, by characters and not by bytes") {
  CHECK(shortened("abcdef", 6) == "abcdef");
  CHECK(shortened("abcdefgh", 5) == "ab…gh");
  CHECK(shortened("äöüäöüäö", 5) == "äö…äö");
}

TEST_CASE("durations are spoken in two figures") {
  CHECK(spoken(plan::Millis(450)) == "0.4s");
  CHECK(spoken(plan::Millis(12'300)) == "12s");
  CHECK(spoken(plan::Millis(185'000)) == "3min 5s");
  CHECK(spoken(plan::Millis(7'800'000)) == "2h 10min");
}

TEST_CASE("timestamps are UTC") {
  CHECK(timestamp(0) == "1970-01-01 00:00:00");
}
