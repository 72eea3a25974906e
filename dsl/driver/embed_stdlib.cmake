# Writes one C++ source that holds every file of the standard library as bytes, so that no text in
# them, and no length, can upset a compiler.
#   cmake -DROOT=stdlib -DOUTPUT=stdlib_files.cc -P embed_stdlib.cmake
file(GLOB_RECURSE files RELATIVE "${ROOT}" "${ROOT}/*.fleet")
# What tests the library does not travel with it.
list(FILTER files EXCLUDE REGEX "^tests/")
list(SORT files)

set(arrays "")
set(rows "")
set(index 0)
foreach(file IN LISTS files)
  file(READ "${ROOT}/${file}" bytes HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(REPEAT "0x..," 16 row)
  string(REGEX REPLACE "(${row})" "\\1\n    " bytes "${bytes}")
  string(APPEND arrays "constexpr unsigned char kFile${index}[] = {\n    ${bytes}0};\n")
  string(APPEND rows "    StdlibFile{\"${file}\", text_of(kFile${index})},\n")
  math(EXPR index "${index} + 1")
endforeach()
list(LENGTH files count)

file(WRITE "${OUTPUT}" "// Generated from stdlib/. Do not edit.
#include <array>

#include \"dsl/driver/stdlib_files.h\"

namespace fleet {
namespace {

// Each array ends in a zero that is not part of the text.
template <std::size_t kSize>
std::string_view text_of(const unsigned char (&bytes)[kSize]) {
  return {reinterpret_cast<const char*>(bytes), kSize - 1};
}

${arrays}
}  // namespace

std::span<const StdlibFile> stdlib_files() {
  static const std::array<StdlibFile, ${count}> kFiles{
${rows}  };
  return kFiles;
}

}  // namespace fleet
")
