#include "engine/decide/signature.h"

#include <catch2/catch.hpp>

#include "tests/support/scratch_dir.h"

using namespace fleet;
using namespace fleet::decide;
using fleet::testing::ScratchDir;

namespace {

// The example keys of RFC 8410.
constexpr const char* kPrivate =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
    "-----END PRIVATE KEY-----\n";
constexpr const char* kPublic = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";
constexpr const char* kOther = "MCowBQYDK2VwAyEADOFW/Ed66vVRpk8lyPEjGJo2Atpuel1yCRSAKsjJPXQ=";

std::string key_file(const ScratchDir& dir, const char* text = kPrivate) {
  const std::string path = dir / "key.pem";
  REQUIRE(os::system_files().write_atomic(path, text));
  return path;
}

}  // namespace

TEST_CASE("what a private key signs, its public key verifies, and no other") {
  ScratchDir dir;
  const auto signature = sign(key_file(dir), "approve 3d8a.12");
  REQUIRE(signature);
  CHECK(verify(kPublic, "approve 3d8a.12", *signature));
  CHECK_FALSE(verify(kPublic, "approve 3d8a.13", *signature));
  CHECK_FALSE(verify(kOther, "approve 3d8a.12", *signature));
}

TEST_CASE("a signature or key that is none verifies nothing") {
  ScratchDir dir;
  const std::string signature = *sign(key_file(dir), "text");
  for (const std::string& bad : {std::string(), std::string("AAAA"), std::string("no base64!!!"),
                                 signature + "AAAA", signature.substr(4), std::string(5000, 'A')})
    CHECK_FALSE(verify(kPublic, "text", bad));
  for (const char* bad : {"", "ed25519 AAAA", "AAAA"})
    CHECK_FALSE(verify(bad, "text", signature));
}

TEST_CASE("a public key is checked before a run depends on it") {
  CHECK(check_public_key(kPublic));
  const Status bad = check_public_key("ed25519 AAAA");
  REQUIRE_FALSE(bad);
  CHECK(bad.error().message().find("openssl pkey") != std::string::npos);
  CHECK_FALSE(check_public_key(std::string(kPublic) + "AAAA"));
}

TEST_CASE("a file without an ed25519 private key is refused with its name") {
  ScratchDir dir;
  const auto missing = sign(dir / "none.pem", "text");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code() == Errc::kNotFound);
  const auto junk = sign(key_file(dir, "junk\n"), "text");
  REQUIRE_FALSE(junk);
  CHECK(junk.error().message().find("key.pem") != std::string::npos);
}
