// One file with all that it imports, compiled: what every answer about it is read from. Immutable
// but for names, diagnostics, plans and trees, which are made when first asked for: whoever waits
// for the words that can stand at a place does not wait for the checks of the fleet.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dsl/driver/compile.h"
#include "dsl/lsp/names.h"
#include "dsl/plan/plan.h"
#include "dsl/syntax/tree.h"

namespace fleet::lsp {

class Snapshot {
 public:
  // `stamps` are of each file that the compiler read, or looked for in vain; `today` is of
  // CompileOptions.
  Snapshot(std::string path, Analysis analysis, std::map<std::string, std::string> stamps,
           std::optional<std::int64_t> today);

  const std::string& path() const { return path_; }
  const SourceMap& sources() const { return *analysis_.sources; }
  const sema::Model& model() const { return *analysis_.model; }
  const Names& names() const;
  // All of the compiler's, sorted.
  const std::vector<Diagnostic>& diagnostics() const;
  const std::map<std::string, std::string>& stamps() const { return stamps_; }

  // Of the file with that path, as the compiler names it; nullopt: it is none of these.
  std::optional<SourceId> source(const std::string& path) const;
  SourceId main_source() const { return main_; }
  const std::string& path_of(SourceId source) const { return sources().get(source).name(); }
  // nullptr: an empty file stands for one that could not be read.
  const ast::File* file(SourceId source) const;

  // With every token; of a text that is too large to be compiled an empty one.
  const syntax::Tree& tree(SourceId source) const;

  // The plan of a flow. nullptr: something is wrong with the fleet (but for a budget that does not
  // reach, which is what one wants to see figures for).
  const plan::Plan* plan(const std::string& flow) const;

  // What the model knows of a name; nullptr: it could not be understood.
  const sema::Agent* agent(const Named& named) const;
  const sema::Flow* flow(const Named& named) const;
  const sema::Flow* flow_around(SourceId source, std::uint32_t offset) const;
  // With the rounds of loops and the uses of patterns written out there are several of one name in
  // the text.
  std::vector<const sema::Step*> steps(const Named& named) const;
  // All that a use of a pattern is written out to.
  std::vector<const sema::Step*> steps_of_use(const Named& use) const;
  // The uses that a written-out place is in, as the text has them, innermost first.
  std::vector<Span> uses_around(Span span) const;

 private:
  bool can_lower() const;

  const std::vector<sema::Module>& modules() const {
    return analysis_.modules ? *analysis_.modules : no_modules_;
  }

  std::string path_;
  Analysis analysis_;
  std::map<std::string, std::string> stamps_;
  std::optional<std::int64_t> today_;
  std::vector<sema::Module> no_modules_;
  std::map<std::string, SourceId> by_path_;
  SourceId main_;
  mutable std::optional<Names> names_;
  mutable std::optional<std::vector<Diagnostic>> diagnostics_;
  mutable std::map<std::string, std::optional<plan::Plan>> plans_;
  mutable std::map<std::uint32_t, syntax::Tree> trees_;  // by source
};

// The blocks of a file, those inside of its fleet too, in the order of the text.
std::vector<const ast::Block*> blocks_of(const ast::File& file);
bool contains(const Span& span, std::uint32_t offset);

}  // namespace fleet::lsp
