// Signatures of decisions: ed25519, by OpenSSL. A public key is written in a fleet file as the one
// line of base64 that `openssl pkey -pubout` prints between its BEGIN and END; a private key is the
// PEM file of `openssl genpkey -algorithm ed25519`.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace fleet::decide {

// kInvalid, with how to make one, when `key` is no ed25519 public key.
Status check_public_key(std::string_view key);

// Base64. kNotFound, kInvalid: the file is not there, or holds no ed25519 private key. A key with a
// passphrase asks for it on the terminal.
Result<std::string> sign(const std::string& key_file, std::string_view text);

// False for a wrong signature, and for a key or signature that is none.
bool verify(std::string_view key, std::string_view text, std::string_view signature);

}  // namespace fleet::decide
