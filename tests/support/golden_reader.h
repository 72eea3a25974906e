// All files of a golden folder under their own names, so that one may import another.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>

#include "tests/support/golden.h"
#include "tests/support/memory_reader.h"

namespace fleet::golden {

inline std::string base_name(const std::string& path) {
  return std::filesystem::path(path).filename().string();
}

inline testing::MemoryReader reader_of(const std::string& folder) {
  std::map<std::string, std::string> texts;
  for (const std::string& path : list(folder, "", ".fleet"))
    texts[base_name(path)] = read(path);
  for (const std::string& path : list(folder + "/identity", "", ".md"))
    texts["identity/" + base_name(path)] = read(path);
  return testing::MemoryReader(std::move(texts));
}

}  // namespace fleet::golden
