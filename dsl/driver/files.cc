#include "dsl/driver/files.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace fleet {

FileText DiskReader::read(const std::string& path) {
  constexpr std::uintmax_t kMostBytes = 16u << 20;
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) {
    // What is below a file is not there either.
    const bool missing = !error || error == std::errc::no_such_file_or_directory ||
                         error == std::errc::not_a_directory;
    return missing ? no_such_file() : FileText{std::nullopt, error.message()};
  }
  if (!std::filesystem::is_regular_file(status))
    return {std::nullopt, "not a regular file"};
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error)
    return {std::nullopt, error.message()};
  if (size > kMostBytes)
    return {std::nullopt, "larger than 16 MiB"};
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  if (!stream)
    return {std::nullopt, errno != 0 ? std::strerror(errno) : "can't be opened"};
  std::string text(static_cast<std::size_t>(size), '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad())
    return {std::nullopt, "can't be read"};
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return {std::move(text), {}};
}

std::string DiskReader::resolve(const std::string& path) const {
  std::error_code error;
  const std::filesystem::path found = std::filesystem::weakly_canonical(path, error);
  return error ? path : found.string();
}

}  // namespace fleet
