// The decision box: where a command leaves a human's decision and the engine finds it, also one
// that was left while no engine ran. Maildir style, under `<state>/decisions`: a file is written in
// tmp/, appears in new/ complete and durable, and is kept in done/ once the engine has taken it.
//
// Of two decisions on one gate the first durable one wins: both would have the same name in new/,
// and a name is taken by `link`, which never replaces. The engine links a decision into done/
// before it unlinks it from new/, so that at every instant the winner is in one of them.
// Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"
#include "engine/decide/decision.h"

namespace fleet::decide {

class DecisionBox {
 public:
  // Makes what is missing of it.
  static Result<DecisionBox> open(const std::string& state_dir);

  // The decision that counts for its gate: this one, now durable, or the one that was there before.
  // kCorrupt: what was there cannot be read (the engine sets it aside when it sees it).
  struct Delivered {
    bool first = false;
    Decision counts;
  };
  Result<Delivered> deliver(const Decision& decision);

  // Keeps a decision that no gate takes, under its gate's name and `what` it is ("late").
  Status record(const Decision& decision, std::string_view what);

  // For the engine: the decision on a gate, if there is one. An error says why the file that bears
  // the gate's name is none: torn, too long, of another account, no plain file, or about another
  // gate.
  Result<std::optional<Decision>> look(const GateName& gate) const;
  // The decision that `look` gave was taken: keeps it. Repeating it is harmless.
  Status keep(const GateName& gate);
  // What `look` complained of, or a decision that does not count, makes room for another one; it is
  // kept under the gate's name and `what` it is. Nothing there is fine.
  Status set_aside(const GateName& gate, std::string_view what);

  // <state>/decisions/new
  const std::string& new_path() const { return new_path_; }

 private:
  DecisionBox(std::string new_path, UniqueFd tmp, UniqueFd fresh, UniqueFd done)
      : new_path_(std::move(new_path)),
        tmp_(std::move(tmp)),
        new_(std::move(fresh)),
        done_(std::move(done)) {}

  Result<std::string> write_temporary(const Decision& decision) const;

  std::string new_path_;
  UniqueFd tmp_, new_, done_;  // the three folders
};

}  // namespace fleet::decide
