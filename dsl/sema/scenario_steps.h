// How a test says which step it means: by any end of its path, loops left out or not, that is no
// other step's. Private to the reading of tests.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dsl/sema/body.h"

namespace fleet::sema {

using StepPath = std::vector<std::string>;

StepPath step_path(std::string_view dotted);
std::string dotted(const StepPath& path);

// The steps of all flows, or of one.
class StepNames {
 public:
  explicit StepNames(const Model& model);
  explicit StepNames(const Flow& flow) { add(flow); }

  // The steps that `written` can mean, by their paths without loops: those whose path ends with it,
  // else the uses of patterns whose does. What is a path as a whole means nothing else.
  std::set<StepPath> meanings(const StepPath& written) const;

  // The step that a name means, and in `edge`, unless that is nullptr, the edge that follows it.
  // nullopt: reported.
  std::optional<std::string> find(Context& context, const ast::Atom& atom, std::string* edge) const;

 private:
  // With the uses of patterns and the joints around it.
  struct Paths {
    StepPath with_loops;
    StepPath bare;
  };
  void add(const Flow& flow);
  std::vector<std::string> all_names() const;
  void say_no_step(Context& context, const ast::Atom& atom, const StepPath& written,
                   bool edges) const;

  std::vector<Paths> all_;
};

}  // namespace fleet::sema
