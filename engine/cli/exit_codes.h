// The exit codes of design and --help, in one table.
#pragma once

namespace fleet::cli {

inline constexpr int kDone = 0;
inline constexpr int kDefinitionHasErrors = 1;
inline constexpr int kUsage = 2;
inline constexpr int kRunFailed = 3;
inline constexpr int kWaitingForHuman = 4;
inline constexpr int kOurBug = 70;
inline constexpr int kSignalBase = 128;  // + the signal that ended it

}  // namespace fleet::cli
