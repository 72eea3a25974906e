// Checkpoints and handoffs: what a session leaves for its successor, outside every worktree. A note
// is stored before the event that names it; the one before it goes afterwards.
#pragma once

#include <optional>
#include <string>

#include "engine/base/result.h"
#include "engine/run/event.h"

namespace fleet::flow {

class Notes {
 public:
  Notes(std::string state_dir, std::string run)
      : state_dir_(std::move(state_dir)), run_(std::move(run)) {}

  // Durable when it returns. Blocks.
  Status store(const run::NoteSaved& note, const std::string& text) const;
  // The attempt's note before this one is no longer needed.
  void drop_before(const run::NoteSaved& note) const;

  struct Note {
    run::Epoch epoch = 0;
    std::uint32_t number = 0;
    std::string text;
  };
  // The last one that an attempt up to `last` left.
  std::optional<Note> newest(run::NoteKind kind, run::TaskIndex task, run::Epoch last) const;

 private:
  std::string folder_of(run::NoteKind kind, run::TaskIndex task) const;

  std::string state_dir_;
  std::string run_;
};

}  // namespace fleet::flow
