#include "engine/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace fleet {

void fail_check(const char* file, int line, const char* what, const std::string& operands) {
  std::fprintf(stderr,
               "fleetc: a bug of ours: %s:%d: %s [%s]\n"
               "The journal is intact; `fleetc resume` carries on. Please report this line.\n",
               file, line, what, operands.c_str());
  std::abort();
}

}  // namespace fleet
