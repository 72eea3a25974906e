// Golden files: expected texts under tests/golden, compared whole. With FLEETC_ACCEPT=1 in the
// environment the new text is written instead; a failure prints the command that does so.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

namespace fleet::golden {

// `name` is relative to tests/golden.
inline std::filesystem::path path(const std::string& name) {
  return std::filesystem::path(FLEETC_SOURCE_DIR) / "tests" / "golden" / name;
}

// The bytes of a golden file; fails the test if there is none.
inline std::string read(const std::string& name) {
  std::ifstream in(path(name), std::ios::binary);
  INFO("golden file " << path(name).string());
  REQUIRE(in.good());
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// The names, relative to tests/golden, of the files in `folder` that begin and end like that,
// sorted.
inline std::vector<std::string> list(const std::string& folder, std::string_view prefix,
                                     std::string_view suffix) {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(path(folder))) {
    const std::string name = entry.path().filename().string();
    const bool fits = name.size() >= prefix.size() + suffix.size() && name.starts_with(prefix) &&
                      name.ends_with(suffix);
    if (fits) {
      out.push_back(folder + "/" + name);
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

inline bool accepting() {
  const char* const accept = std::getenv("FLEETC_ACCEPT");
  return accept != nullptr && std::string_view(accept) == "1";
}

// Checks that `actual` is the content of the golden file, or makes it so.
inline void check(const std::string& name, const std::string& actual) {
  if (accepting()) {
    std::filesystem::create_directories(path(name).parent_path());
    std::ofstream(path(name), std::ios::binary | std::ios::trunc) << actual;
    return;
  }
  INFO("golden file " << path(name).string());
  INFO("to accept the new text: FLEETC_ACCEPT=1 " << program_invocation_name << " \""
                                                  << Catch::getResultCapture().getCurrentTestName()
                                                  << "\"");
  std::ifstream in(path(name), std::ios::binary);
  const std::string expected{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  CHECK(actual == expected);
}

}  // namespace fleet::golden
