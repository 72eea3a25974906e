#include "dsl/lsp/files.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

namespace fleet::lsp {

FileText SystemDisk::read(const std::string& path) {
  return DiskReader().read(path);
}

std::string SystemDisk::stamp(const std::string& path) {
  std::error_code problem;
  const auto time = std::filesystem::last_write_time(path, problem);
  if (problem)
    return {};
  const auto size = std::filesystem::file_size(path, problem);
  return std::to_string(time.time_since_epoch().count()) + ":" +
         (problem ? std::string() : std::to_string(size));
}

std::vector<std::string> SystemDisk::list(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code problem;
  std::filesystem::directory_iterator entries(folder, problem);
  for (; !problem && entries != std::filesystem::directory_iterator(); entries.increment(problem)) {
    std::error_code unknown;
    // A link to a folder is not followed: it may lead back up.
    const bool is_folder = entries->is_directory(unknown) && !entries->is_symlink(unknown);
    names.push_back(entries->path().filename().string() + (is_folder ? "/" : ""));
  }
  std::ranges::sort(names);
  return names;
}

void Files::open(const std::string& path, Document document) {
  document.revision = ++revisions_;
  documents_[path] = std::move(document);
}

bool Files::change(const std::string& path, std::int64_t version,
                   const std::vector<Change>& changes, Encoding encoding) {
  const auto found = documents_.find(path);
  if (found == documents_.end())
    return false;
  Document& document = found->second;
  for (const Change& change : changes) {
    if (change.whole) {
      document.text = change.text;
      continue;
    }
    const LineTable lines(document.text);
    const std::uint32_t begin = lines.offset(document.text, change.range.start, encoding);
    const std::uint32_t end = lines.offset(document.text, change.range.end, encoding);
    document.text.replace(begin, std::max(begin, end) - begin, change.text);
  }
  document.version = version;
  document.revision = ++revisions_;
  return true;
}

void Files::close(const std::string& path) {
  documents_.erase(path);
}

const Document* Files::document(const std::string& path) const {
  const auto found = documents_.find(path);
  return found == documents_.end() ? nullptr : &found->second;
}

FileText Files::read(const std::string& path) {
  if (const Document* const open = document(path))
    return {open->text, {}};
  return disk_.read(path);
}

std::string Files::stamp(const std::string& path) const {
  if (const Document* const open = document(path))
    return "open:" + std::to_string(open->revision);
  return disk_.stamp(path);
}

}  // namespace fleet::lsp
