#include "dsl/lsp/uri.h"

#include <filesystem>

#include "dsl/base/uri.h"

namespace fleet::lsp {
namespace {

constexpr std::string_view kFile = "file://";

int hex_value(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string path_of_uri(std::string_view uri) {
  if (!uri.starts_with(kFile))
    return std::string(uri);
  std::string_view rest = uri.substr(kFile.size());
  rest.remove_prefix(std::min(rest.find('/'), rest.size()));  // the host, mostly empty
  std::string path;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    const int high = rest[i] == '%' && i + 2 < rest.size() ? hex_value(rest[i + 1]) : -1;
    const int low = high >= 0 ? hex_value(rest[i + 2]) : -1;
    if (low >= 0) {
      path += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      path += rest[i];
    }
  }
  return path.find('\0') == std::string::npos
             ? std::filesystem::path(path).lexically_normal().string()
             : std::string(uri);
}

std::string uri_of_path(std::string_view path) {
  return path.starts_with('/') ? std::string(kFile) + percent_encoded(path) : std::string(path);
}

}  // namespace fleet::lsp
