// How the compiler gets at files, so that an editor can put its buffers, and a test its texts, in
// their place.
#pragma once

#include <optional>
#include <string>

namespace fleet {

struct FileText {
  std::optional<std::string> text;
  std::string problem;   // why there is none: "no such file"
  bool missing = false;  // there is no such file, rather than one that can't be read
};

inline FileText no_such_file() {
  return {std::nullopt, "no such file", true};
}

class FileReader {
 public:
  virtual ~FileReader() = default;
  virtual FileText read(const std::string& path) = 0;
  // Where the path leads once links are followed; a reader without links has none to follow.
  virtual std::string resolve(const std::string& path) const { return path; }
};

// Regular files of the disk, up to 16 MiB.
class DiskReader : public FileReader {
 public:
  FileText read(const std::string& path) override;
  std::string resolve(const std::string& path) const override;
};

}  // namespace fleet
