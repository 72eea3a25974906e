#include "engine/journal/checksum.h"

#include <catch2/catch.hpp>

namespace fleet::journal {
namespace {

TEST_CASE("CRC32C gives the published values") {
  // RFC 3720, appendix B.4, and the usual check value.
  CHECK(crc32c("123456789") == 0xE3069283u);
  CHECK(crc32c(std::string(32, '\0')) == 0x8A9136AAu);
  CHECK(crc32c(std::string(32, '\xff')) == 0x62A8AB43u);
  CHECK(crc32c("") == 0u);
}

TEST_CASE("CRC32C is the same with and without the processor's instruction, and in parts") {
  std::string bytes;
  for (int length = 0; length < 100; ++length) {
    CHECK(crc32c(bytes) == crc32c_portable(bytes));
    const std::size_t cut = bytes.size() / 3;
    CHECK(crc32c(bytes.substr(cut), crc32c(bytes.substr(0, cut))) == crc32c(bytes));
    bytes += static_cast<char>(length * 37);
  }
}

TEST_CASE("SHA-256 gives the published value, over parts as over the whole") {
  const std::string abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  CHECK(to_hex(sha256({"abc"})) == abc);
  CHECK(to_hex(sha256({"a", "", "bc"})) == abc);
}

TEST_CASE("hex goes there and back, and nothing else is taken for it") {
  const Digest digest = sha256({"x"});
  CHECK(from_hex(to_hex(digest)) == digest);
  CHECK_FALSE(from_hex(to_hex(digest).substr(1)));
  CHECK_FALSE(from_hex(std::string(64, 'G')));
  CHECK_FALSE(from_hex(std::string(64, 'A')));
}

}  // namespace
}  // namespace fleet::journal
