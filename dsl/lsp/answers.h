// What the features answer, as plain data: places are byte offsets in files by path. How it looks
// on the wire is the server's business.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dsl/base/source.h"

namespace fleet::lsp {

// A stretch of a file, as the compiler names it.
struct FileSpan {
  std::string path;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  friend auto operator<=>(const FileSpan&, const FileSpan&) = default;
};

struct FileEdit {
  FileSpan where;
  std::string text;
};

struct Hover {
  std::string markdown;
  Span span;
};

// From a span of the asking file to one of another, or to a whole file (an empty one).
struct Target {
  Span origin;
  FileSpan where;  // of the name there
  FileSpan whole;  // of what it names
};

enum class SymbolShape {  // the numbers of the protocol
  kFile = 1,
  kModule = 2,
  kNamespace = 3,
  kClass = 5,
  kMethod = 6,
  kProperty = 7,
  kInterface = 11,
  kFunction = 12,
  kVariable = 13,
  kConstant = 14,
  kKey = 20,
  kEvent = 24,
};

}  // namespace fleet::lsp
