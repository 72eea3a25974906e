// A directory of a test's own, removed with all in it.
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "engine/base/check.h"
#include "engine/os/files.h"

namespace fleet::testing {

enum class Ground : std::uint8_t {
  kDisk,
  kMemory,  // where fsync costs nothing, if the machine has such a place; for tests that fsync
            // thousands of times
};

class ScratchDir {
 public:
  explicit ScratchDir(Ground ground = Ground::kDisk) {
    namespace fs = std::filesystem;
    const bool memory = ground == Ground::kMemory && ::access("/dev/shm", W_OK) == 0;
    const fs::path root = memory ? fs::path("/dev/shm") : fs::temp_directory_path();
    std::string name = (root / "fleetc-test-XXXXXX").string();
    FLEET_ASSERT(::mkdtemp(name.data()) != nullptr, name);
    path_ = name;
  }
  ScratchDir(const ScratchDir&) = delete;
  ScratchDir& operator=(const ScratchDir&) = delete;
  ~ScratchDir() { static_cast<void>(os::system_files().remove_tree(path_)); }

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace fleet::testing
