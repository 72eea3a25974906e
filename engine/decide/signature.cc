#include "engine/decide/signature.h"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

namespace fleet::decide {
namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Context = std::unique_ptr<EVP_MD_CTX, Free>;
using File = std::unique_ptr<std::FILE, Free>;

constexpr std::size_t kSignature = 64;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0 || text.size() > 1024)
    return std::nullopt;
  std::string out(text.size() / 4 * 3, '\0');
  const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes_of(text),
                                     static_cast<int>(text.size()));
  if (length < 0)
    return std::nullopt;
  out.resize(static_cast<std::size_t>(length));
  // It counts the padding as bytes.
  for (std::size_t i = text.size(); i > text.size() - 2 && text[i - 1] == '='; --i)
    out.pop_back();
  return out;
}

std::string to_base64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');  // it ends with a NUL
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes_of(bytes),
                                     static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(length));
  return out;
}

bool is_ed25519(const Key& key) {
  return key != nullptr && EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_ED25519;
}

Key public_key(std::string_view text) {
  const auto der = from_base64(text);
  if (!der)
    return nullptr;
  const unsigned char* at = bytes_of(*der);
  Key key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der->size())));
  return is_ed25519(key) && at == bytes_of(*der) + der->size() ? std::move(key) : nullptr;
}

}  // namespace

Status check_public_key(std::string_view key) {
  if (public_key(key) != nullptr)
    return {};
  return Error(
      Errc::kInvalid,
      "it is no ed25519 public key. `openssl genpkey -algorithm ed25519 -out key.pem` makes "
      "a private one, and `openssl pkey -in key.pem -pubout` prints the public one: write "
      "its line between BEGIN and END");
}

Result<std::string> sign(const std::string& key_file, std::string_view text) {
  const File file(std::fopen(key_file.c_str(), "re"));
  if (file == nullptr)
    return os_error("open", key_file, errno);
  const Key key(PEM_read_PrivateKey(file.get(), nullptr, nullptr, nullptr));
  if (!is_ed25519(key))
    return Error(Errc::kInvalid, fmt::format("{}: it holds no ed25519 private key in PEM (`openssl "
                                             "genpkey -algorithm ed25519` makes one)",
                                             key_file));
  const Context context(EVP_MD_CTX_new());
  std::string signature(kSignature, '\0');
  std::size_t length = signature.size();
  if (context == nullptr ||
      EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &length,
                     bytes_of(text), text.size()) != 1)
    return Error(Errc::kInvalid, key_file + ": OpenSSL could not sign with it");
  signature.resize(length);
  return to_base64(signature);
}

bool verify(std::string_view key, std::string_view text, std::string_view signature) {
  const Key known = public_key(key);
  const auto bytes = from_base64(signature);
  if (known == nullptr || !bytes)
    return false;
  const Context context(EVP_MD_CTX_new());
  return context != nullptr &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, known.get()) == 1 &&
         EVP_DigestVerify(context.get(), bytes_of(*bytes), bytes->size(), bytes_of(text),
                          text.size()) == 1;
}

}  // namespace fleet::decide
