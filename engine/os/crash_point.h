// Places where a test ends this process as a power cut would: between the steps whose order the
// design rests on. In the environment, FLEETC_CRASH="NAME:N" is SIGKILL at the N-th visit of NAME
// in one process, once for as long as the file FLEETC_CRASH_MARK exists, which it makes;
// FLEETC_CRASH_TRACE is a file that gets the name of each point visited. Only a build with
// FLEETC_CRASH_POINTS has any; in others a point is nothing at all.
#pragma once

#include <string_view>

namespace fleet::os {

constexpr std::string_view kCrashVariables = "FLEETC_CRASH";  // what their names begin with

#ifdef FLEETC_CRASH_POINTS
// Thread-safe. `name` is a literal: room, step, and whether it lies before or after.
void crash_point(const char* name);
#else
inline void crash_point(const char* /*name*/) {}
#endif

}  // namespace fleet::os
