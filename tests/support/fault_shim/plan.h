// A library for LD_PRELOAD that makes one system call of engine or keeper fail, or sets the clock.
// It stands between the program with all its libraries (SQLite and libgit2 among them) and libc;
// the program knows nothing of it. What to do is in a file beside the library as it was named in
// LD_PRELOAD, with ".plan" behind its name: the keeper gets no variables of the engine's. Lines of
// a plan:
//
//   who engine|keeper|any    in which process; others are left alone, sessions among them
//   kind change|read|process|talk  what is counted: calls that change files, that read them, that
//                            make processes, threads and descriptors, that send and receive
//   under PREFIX             only files below it, in the sense of text (several: any of them)
//   except PREFIX            but not these
//   call N                   the N-th counted call of a process fails
//   every                    and every N-th after it
//   error EIO|…              with this
//   time before|after|torn   instead of its effect, after it, or after half of a write
//   mark FILE                gets a line for each fault; unless `every`, none happens if it exists
//   trace FILE               gets a line for each counted call
//   clock N SECONDS          from the N-th look at the time of day it is so much later
//
// Calls come from any thread, and from a child that shares its parent's memory until it executes:
// nothing here allocates or locks.
#pragma once

#include <dlfcn.h>

#include <array>
#include <cstdint>
#include <string_view>

namespace fleet::testing::faults {

enum class Kind : std::uint8_t { kChange, kRead, kProcess, kTalk };
constexpr std::array<std::string_view, 4> kKinds = {"change", "read", "process", "talk"};
enum class Verdict : std::uint8_t { kPass, kBefore, kAfter, kTorn };

// Counts the call and decides about it. The path is relative to `directory`, or null: what that
// descriptor is of. Changes no errno.
Verdict decide(Kind kind, const char* name, int directory, const char* path);
// Whether calls of this kind are counted at all.
bool wanted(Kind kind);
// What a call that fails says.
int error();
// By how many seconds the time of day is off at this look at it.
std::int64_t jump();

// libc's own, which this library replaces too.
template <class... Arguments>
long kernel(long number, Arguments... arguments) {
  static const auto under = reinterpret_cast<long (*)(long, ...)>(::dlsym(RTLD_NEXT, "syscall"));
  return under(number, arguments...);
}

}  // namespace fleet::testing::faults
