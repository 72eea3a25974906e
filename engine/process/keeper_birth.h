// A keeper's birth: into namespaces or without, its first record, its socket, and the word to
// whoever waits for it. Private to keeper*.cc.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"
#include "engine/process/spool.h"

namespace fleet::process {

struct Birth {
  std::filesystem::path directory;  // state/keeper
  std::chrono::milliseconds idle{0};
  SpoolState previous;
  std::string no_namespace_reason;  // empty: with namespaces, or not at all
  UniqueFd words;                   // where the word is written

  struct Word {
    enum Kind : char { kReady = 'R', kNoNamespace = 'N', kFailed = 'F' };
    Kind kind = kFailed;
    std::string text;
  };
  // The one word that comes of a birth.
  static Word hear(int fd);
  void speak(Word::Kind kind, std::string_view text);
  // All but `words`.
  Birth copy() const { return {directory, idle, previous, no_namespace_reason, {}}; }
};

// Forks the keeper and stays until it is forked; in the keeper it stays until its end. The exit
// code of the calling process.
int run_birth(Birth birth);

}  // namespace fleet::process
