// Files that exist only in a test.
#pragma once

#include <map>
#include <string>

#include "dsl/driver/files.h"

namespace fleet::testing {

class MemoryReader : public FileReader {
 public:
  MemoryReader() = default;
  explicit MemoryReader(std::map<std::string, std::string> texts) : texts_(std::move(texts)) {}

  FileText read(const std::string& path) override {
    const auto found = texts_.find(path);
    if (found == texts_.end())
      return no_such_file();
    return {found->second, {}};
  }

 private:
  std::map<std::string, std::string> texts_;
};

}  // namespace fleet::testing
