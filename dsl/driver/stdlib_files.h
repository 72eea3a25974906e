// The standard library, embedded when the compiler is built.
#pragma once

#include <span>
#include <string_view>

namespace fleet {

struct StdlibFile {
  std::string_view path;  // below stdlib/: "roles/builder.fleet" is a part of `std.roles`
  std::string_view text;
};

// Sorted by path; lives as long as the program.
std::span<const StdlibFile> stdlib_files();

}  // namespace fleet
