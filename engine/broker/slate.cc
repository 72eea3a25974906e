#include "engine/broker/slate.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "engine/base/unique_fd.h"
#include "engine/os/files.h"

namespace fleet::broker {
namespace {

template <class Number>
bool reads(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

// "12.1~480000~7": session, micro-dollars, number.
std::optional<Slate::Entry> entry_of(const std::string& file, std::uint64_t& number) {
  const std::size_t first = file.find('~'), last = file.rfind('~');
  if (first == std::string::npos || first == last)
    return std::nullopt;
  Slate::Entry entry{file, file.substr(0, first), 0};
  const std::string_view text(file);
  if (!reads(text.substr(first + 1, last - first - 1), entry.micros) ||
      !reads(text.substr(last + 1), number))
    return std::nullopt;
  return entry;
}

}  // namespace

Result<Slate> Slate::open(std::string folder) {
  FLEET_CHECK(os::system_files().make_dirs(folder));
  FLEET_TRY(const auto files, os::system_files().list(folder));
  Slate slate(std::move(folder));
  for (const os::DirEntry& file : files) {
    std::uint64_t number = 0;
    if (auto entry = entry_of(file.name, number)) {
      entry->file = slate.folder_ + "/" + file.name;
      slate.left_.push_back(*std::move(entry));
      slate.next_ = std::max(slate.next_, number + 1);
    }
  }
  return slate;
}

Result<std::string> Slate::note(const std::string& session, std::int64_t micros) {
  std::string path = fmt::format("{}/{}~{}~{}", folder_, session, micros, next_++);
  const UniqueFd made(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  const int why = errno;
  if (!made)
    return os_error("open", path, why);
  return path;
}

void Slate::strike(const std::string& file) {
  (void)::unlink(file.c_str());
}

}  // namespace fleet::broker
