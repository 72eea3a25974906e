// What has happened and was not begun yet, as files: tasks that people add, also while no engine
// runs, and events of runs. Under `<state>/tasks`: `new/` and, once everything that takes it has
// begun or nobody wants it any more, `done/`. A file appears whole and durable or not at all; the
// same happening twice is one file. Thread-safe; blocks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/resident/rota.h"

namespace fleet::resident {

// Bounds of what people write, in bytes.
inline constexpr std::size_t kMaxText = 64 << 10;

class TaskBox {
 public:
  // Makes what is missing of it.
  static Result<TaskBox> open(const std::string& state_dir);

  // False: it was there already, now or once.
  Result<bool> put(const Wake& wake);
  // All that is new, oldest first. What can't be read is left out and named in `broken`.
  struct Listed {
    std::vector<Wake> wakes;
    std::vector<std::string> broken;
  };
  Result<Listed> list() const;
  struct Found {
    Wake wake;
    bool is_new = false;
    bool cancelled = false;
  };
  // Of new or done; kNotFound.
  Result<Found> find(const std::string& id) const;
  // All that is done, oldest first.
  Result<std::vector<Found>> list_done() const;
  // Nothing begins for it any more. Harmless for one that is done.
  Status finish(const std::string& id, bool cancelled = false);

  // Runs that somebody wants ended, by the wake that they were begun for, until that is done.
  Status ask_cancel(const std::string& id);
  Result<std::vector<std::string>> list_cancels() const;
  Status end_cancel(const std::string& id);

  const std::string& new_path() const { return new_; }
  std::string cancel_path() const { return root_ + "/cancel"; }

 private:
  explicit TaskBox(std::string root) : root_(std::move(root)), new_(root_ + "/new") {}

  std::string root_;
  std::string new_;
};

// A short name for a task that somebody adds: "task:" and six characters that are easily told
// apart.
std::string new_task_id();

}  // namespace fleet::resident
