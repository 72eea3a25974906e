// Compares a text with the accepted one in tests/golden; FLEETC_ACCEPT=1 accepts the new text.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <catch2/catch.hpp>

namespace fleet::plan::sample {

inline void check_golden(const std::string& name, const std::string& text) {
  const std::filesystem::path path = std::string(FLEETC_SOURCE_DIR "/tests/golden/") + name;
  const char* accept = std::getenv("FLEETC_ACCEPT");
  if (accept != nullptr && std::string(accept) == "1") {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
  }
  std::ifstream file(path, std::ios::binary);
  const std::string accepted{std::istreambuf_iterator<char>(file), {}};
  INFO(path.string() << "; accept the new text with FLEETC_ACCEPT=1 unit_dsl_plan");
  CHECK(text == accepted);
}

}  // namespace fleet::plan::sample
