// Assertions that stay on in every build: a broken invariant of ours aborts with its operands, and
// the journal makes an abort safe. Never for what a user, an agent or the disk can do.
#pragma once

#include <string>

#include <fmt/format.h>

namespace fleet {

[[noreturn]] void fail_check(const char* file, int line, const char* what,
                             const std::string& operands);

template <class... Values>
std::string describe_operands(const Values&... values) {
  std::string text;
  ((text += fmt::format("{}; ", values)), ...);
  return text;
}

}  // namespace fleet

// FLEET_ASSERT(a < b, a, b);
#define FLEET_ASSERT(condition, ...)                                \
  do {                                                              \
    if (!(condition)) [[unlikely]]                                  \
      ::fleet::fail_check(__FILE__, __LINE__, #condition,           \
                          ::fleet::describe_operands(__VA_ARGS__)); \
  } while (false)
#define FLEET_FAIL(what, ...) \
  ::fleet::fail_check(__FILE__, __LINE__, what, ::fleet::describe_operands(__VA_ARGS__))
