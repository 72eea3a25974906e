// Removal of a directory tree that someone hostile may be changing. Private to engine/os.
#pragma once

#include <string>

#include "engine/base/result.h"

namespace fleet::os {

// The contract of Files::remove_tree.
Status remove_tree(const std::string& path);

}  // namespace fleet::os
