#include "dsl/sema/analyze.h"

#include <algorithm>
#include <utility>

#include "dsl/base/stop.h"
#include "dsl/base/suggest.h"
#include "dsl/sema/contract.h"
#include "dsl/sema/fleet.h"
#include "dsl/sema/flow.h"
#include "dsl/sema/header.h"
#include "dsl/sema/inherit.h"
#include "dsl/sema/pattern.h"
#include "dsl/sema/report.h"
#include "dsl/sema/runtime.h"
#include "dsl/sema/scenario.h"
#include "dsl/sema/things.h"

namespace fleet::sema {
namespace {

// One declaration with what its names became; `indices` are parallel to the block's names.
struct Declared {
  const ast::Block* block = nullptr;
  std::vector<std::size_t> indices;
};

// Reads one module after another: first all names of a module, then what they mean.
class Analyzer {
 public:
  Analyzer(SourceMap& sources, const std::vector<Module>& modules, DiagnosticSink& sink)
      : context_{sources, sink, model_}, modules_(modules), scopes_(modules.size()) {}

  Model run() {
    for (module_ = 0; module_ < modules_.size(); ++module_) {
      declared_.clear();
      declare_module();
      read_module();
    }
    check_reading_order(context_);
    resolve_contracts(context_, lineage_, model_.defaults);
    read_tests();
    if (!modules_.empty() && !context_.sink.has_errors()) {
      scopes_.back().collect_unused(model_.unused);
    }
    return std::move(model_);
  }

 private:
  bool is_main() const { return module_ + 1 == modules_.size(); }
  Scope& scope() { return scopes_[module_]; }
  // F105 speaks of declarations only in the file that has the fleet which could use them.
  std::string unused_as(const char* what) const {
    return is_main() && has_fleet_ ? std::string(what) : std::string();
  }

  void declare_module() {
    const Module& module = modules_[module_];
    has_fleet_ = false;
    for (const ast::File& file : module.files) {
      for (const ast::Body::Item& item : file.body.items) {
        if (item.block && item.block->kind.text == "fleet")
          has_fleet_ = true;
      }
    }
    std::size_t use = 0;
    for (const ast::File& file : module.files) {
      LostLines lost(context_.sources);
      for (const ast::Body::Item& item : file.body.items) {
        if (lost.take(item))
          continue;
        if (item.use) {
          const std::optional<std::size_t> target =
              use < module.imports.size() ? module.imports[use] : std::nullopt;
          ++use;
          declare_use(*item.use, target);
        } else if (item.block) {
          declare_block(*item.block, false);
        } else if (item.assignment) {
          context_.sink.add(
              error("F104", item.assignment->key.span,
                    ticked(item.assignment->key.text) + " stands outside of any declaration"));
        }
      }
    }
  }

  void declare_use(const ast::Use& use, std::optional<std::size_t> target) {
    if (use.foreign) {
      for (const ast::Ident& name : use.names)
        scope().assume(name.text);
      if (use.names.empty())
        scope().assume("");
      return;
    }
    if (use.names.empty() && !use.alias && !is_misread(context_.sink, use.span)) {
      Diagnostic diagnostic = error("F202", use.span, "`use` names nothing");
      diagnostic.helps.push_back(
          {"write `(name, …)` after it, or `as m` to say `m.name`", {}, false});
      context_.sink.add(std::move(diagnostic));
    }
    if (use.alias) {
      scope().declare_alias(context_, *use.alias, target ? &scopes_[*target] : nullptr);
    }
    for (const ast::Ident& name : use.names) {
      Symbol symbol;
      symbol.span = name.span;
      if (target)
        symbol = import_name(name, use, *target);
      scope().declare_import(context_, name, symbol);
    }
  }

  Symbol import_name(const ast::Ident& name, const ast::Use& use, std::size_t target) {
    const std::vector<Symbol::Kind> kinds{Symbol::Kind::kRole,       Symbol::Kind::kAgent,
                                          Symbol::Kind::kRuntime,    Symbol::Kind::kHuman,
                                          Symbol::Kind::kCredential, Symbol::Kind::kIdentity,
                                          Symbol::Kind::kPattern};
    const Symbol* found = scopes_[target].exported(name.text);
    if (found == nullptr) {
      Diagnostic diagnostic =
          unknown("F101", name.span, "name", name.text, scopes_[target].exported_names(kinds));
      diagnostic.message = ticked(use.path) + " has no " + ticked(name.text);
      for (const std::string& meant : suggest(name.text, scopes_[target].exported_names(kinds)))
        scope().assume(meant);
      context_.sink.add(std::move(diagnostic));
    } else {
      return *found;
    }
    return {Symbol::Kind::kUnknown, 0, name.span};
  }

  void declare_block(const ast::Block& block, bool in_fleet) {
    const schema::Kind* kind = schema::find_kind(block.kind.text);
    if (kind == nullptr) {
      say_unknown_kind(context_, block, in_fleet ? schema::find_kind("fleet") : nullptr);
      declare_names(block, Symbol::Kind::kUnknown, "");
    } else if (check_header(context_, block, in_fleet)) {
      declare_known(block);
    }
  }

  void declare_known(const ast::Block& block) {
    const std::string& kind = block.kind.text;
    if (kind == "fleet") {
      declare_fleet(block);
    } else if (kind == "role") {
      declare_names(block, Symbol::Kind::kRole, unused_as("role"));
    } else if (kind == "agent") {
      declare_names(block, Symbol::Kind::kAgent, unused_as("agent"));
    } else if (kind == "runtime") {
      declare_names(block, Symbol::Kind::kRuntime, unused_as("runtime"));
    } else if (kind == "flow") {
      declare_names(block, Symbol::Kind::kFlow, "");
    } else if (kind == "human") {
      declare_names(block, Symbol::Kind::kHuman, unused_as("human"));
    } else if (kind == "credential") {
      declare_names(block, Symbol::Kind::kCredential, unused_as("credential"));
    } else if (kind == "identity") {
      declare_names(block, Symbol::Kind::kIdentity, unused_as("identity"));
    } else if (kind == "pattern") {
      declare_names(block, Symbol::Kind::kPattern, unused_as("pattern"));
    } else {
      declared_.push_back({&block, {}});
    }
  }

  void declare_fleet(const ast::Block& block) {
    if (!is_main()) {
      context_.sink.add(error("F202", block.kind.span, "an imported file declares a fleet",
                              "only the file that is compiled may"));
      return;
    }
    if (fleet_ != nullptr) {
      Diagnostic diagnostic =
          error("F107", block.kind.span, "a file declares one fleet", "second declaration");
      diagnostic.secondary.push_back({fleet_->kind.span, "first declaration"});
      context_.sink.add(std::move(diagnostic));
      return;
    }
    fleet_ = &block;
    declared_.push_back({&block, {}});
    for (const ast::Body::Item& item : block.body.items) {
      if (item.block)
        declare_block(*item.block, true);
      if (item.use)
        say_misplaced(context_, item, "fleet");
    }
  }

  // Allocates each name's place in the model.
  void declare_names(const ast::Block& block, Symbol::Kind kind, const std::string& what) {
    Declared declared{&block, {}};
    for (const ast::Ident& name : block.names) {
      const std::size_t index = allocate(kind, name);
      scope().declare(context_, name, {kind, index, name.span}, what);
      declared.indices.push_back(index);
      if (kind != Symbol::Kind::kAgent && kind != Symbol::Kind::kUnknown)
        break;
    }
    if (kind != Symbol::Kind::kUnknown)
      declared_.push_back(std::move(declared));
  }

  std::size_t allocate(Symbol::Kind kind, const ast::Ident& name) {
    switch (kind) {
      case Symbol::Kind::kRole:
      case Symbol::Kind::kAgent: {
        Agent agent;
        agent.name = name.text;
        agent.name_span = name.span;
        agent.is_role = kind == Symbol::Kind::kRole;
        agent.role = agent.is_role ? name.text : "";
        agent.imported = !is_main();
        model_.agents.push_back(std::move(agent));
        lineage_.emplace_back();
        return model_.agents.size() - 1;
      }
      case Symbol::Kind::kRuntime:
        model_.runtimes.emplace_back();
        return model_.runtimes.size() - 1;
      case Symbol::Kind::kFlow: model_.flows.emplace_back(); return model_.flows.size() - 1;
      case Symbol::Kind::kHuman: model_.humans.emplace_back(); return model_.humans.size() - 1;
      case Symbol::Kind::kCredential:
        model_.credentials.emplace_back();
        return model_.credentials.size() - 1;
      case Symbol::Kind::kIdentity:
        model_.identities.emplace_back();
        return model_.identities.size() - 1;
      case Symbol::Kind::kPattern:
        model_.patterns.emplace_back();
        context_.patterns.emplace_back();
        return model_.patterns.size() - 1;
      case Symbol::Kind::kUnknown: break;
    }
    return 0;
  }

  void read_module() {
    const auto each = [&](const char* kind, const auto& read) {
      for (const Declared& one : declared_) {
        if (one.block->kind.text != kind)
          continue;
        poll_stop();
        read(one);
      }
    };
    each("runtime", [&](const Declared& one) {
      Runtime runtime = read_runtime(context_, *one.block);
      model_.runtimes[one.indices.front()] = std::move(runtime);
    });
    each("human", [&](const Declared& one) {
      model_.humans[one.indices.front()] = read_human(context_, *one.block);
    });
    each("credential", [&](const Declared& one) {
      model_.credentials[one.indices.front()] = read_credential(context_, scope(), *one.block);
    });
    each("identity", [&](const Declared& one) {
      model_.identities[one.indices.front()] = read_identity(context_, scope(), *one.block);
    });
    each("fleet", [&](const Declared& one) { read_fleet(*one.block); });
    each("defaults", [&](const Declared& one) { read_defaults(*one.block); });
    each("role", [&](const Declared& one) { read_agent(one, Layer::kRole); });
    each("agent", [&](const Declared& one) { read_agent(one, Layer::kAgent); });
    read_patterns();
    each("flow", [&](const Declared& one) {
      Flow flow = read_flow(context_, scope(), *one.block);
      model_.flows[one.indices.front()] = std::move(flow);
    });
    each("test", [&](const Declared& one) { tests_.emplace_back(module_, one.block); });
  }

  // What somebody may be assumed to do follows from the whole of their contract.
  void read_tests() {
    for (const auto& [module, block] : tests_) {
      Test test = read_test(context_, scopes_[module], *block);
      const auto known = std::ranges::find(model_.tests, test.name, &Test::name);
      if (known != model_.tests.end()) {
        Diagnostic diagnostic =
            error("F107", test.name_span, "two tests have this name", "second test");
        diagnostic.secondary.push_back({known->name_span, "first test"});
        context_.sink.add(std::move(diagnostic));
      }
      model_.tests.push_back(std::move(test));
    }
  }

  void read_patterns() {
    std::vector<std::size_t> mine;
    for (const Declared& one : declared_) {
      if (one.block->kind.text != "pattern")
        continue;
      mine.push_back(one.indices.front());
      context_.patterns[mine.back()] = {one.block, &scope()};
      Pattern pattern = read_pattern(context_, *one.block);
      pattern.imported = !is_main();
      model_.patterns[mine.back()] = std::move(pattern);
    }
    refuse_recursion(context_, mine);
  }

  void read_fleet(const ast::Block& block) {
    Fleet fleet;
    fleet.name = block.names.front().text;
    fleet.name_span = block.names.front().span;
    if (block.version) {
      for (const char c : block.version->text) {
        const bool digit = c >= '0' && c <= '9' && fleet.version < 100'000'000;
        if (digit)
          fleet.version = fleet.version * 10 + static_cast<std::uint32_t>(c - '0');
      }
    }
    std::map<std::string, Span> seen;
    LostLines lost(context_.sources);
    for (const ast::Body::Item& item : block.body.items) {
      if (!lost.take(item) && item.assignment)
        read_fleet_key(context_, scope(), fleet, *item.assignment, seen);
    }
    if (!seen.contains("repo") && !has_unknown_key(*schema::find_kind("fleet"), block.body)) {
      Diagnostic diagnostic =
          error("F108", fleet.name_span, "fleet " + ticked(fleet.name) + " has no `repo`");
      diagnostic.helps.push_back({"write `repo = git(\".\", base: main)`", {}, false});
      context_.sink.add(std::move(diagnostic));
    }
    model_.fleet = std::move(fleet);
  }

  void read_defaults(const ast::Block& block) {
    if (defaults_ != nullptr) {
      Diagnostic diagnostic =
          error("F107", block.kind.span, "a fleet has one `defaults`", "second declaration");
      diagnostic.secondary.push_back({defaults_->kind.span, "first declaration"});
      context_.sink.add(std::move(diagnostic));
      return;
    }
    defaults_ = &block;
    model_.defaults = read_contract(context_, scope(), block, Layer::kDefaults, "defaults");
  }

  void read_agent(const Declared& declared, Layer layer) {
    const ast::Block& block = *declared.block;
    const std::string owner = block.kind.text + " " + block.names.front().text;
    std::optional<std::size_t> base;
    bool broken = false;
    if (block.base && (block.base->path.empty() ||
                       (block.misread && scope().find(block.base->path) == nullptr))) {
      broken = true;
    } else if (block.base) {
      const Symbol* symbol =
          scope().resolve(context_, block.base->path, block.base->span, {Symbol::Kind::kRole});
      broken = symbol == nullptr;
      if (symbol != nullptr)
        base = symbol->index;
    } else if (layer == Layer::kAgent) {
      broken = true;
      Diagnostic diagnostic = error("F108", block.names.front().span,
                                    "agent " + ticked(block.names.front().text) + " is of no role");
      diagnostic.helps.push_back({"write `agent NAME : ROLE { … }`", {}, false});
      if (!block.misread && !block.has_parameters)
        context_.sink.add(std::move(diagnostic));
    }
    broken = broken || !block.has_body;
    const Contract own = read_contract(context_, scope(), block, layer, owner);
    for (const std::size_t index : declared.indices) {
      model_.agents[index].broken = broken;
      lineage_[index] = {own, base};
      for (auto& [key, origins] : lineage_[index].own.origins) {
        for (Origin& origin : origins)
          origin.owner = block.kind.text + " " + model_.agents[index].name;
      }
    }
  }

  Model model_;
  Context context_;
  const std::vector<Module>& modules_;
  std::vector<Scope> scopes_;
  std::vector<Lineage> lineage_;  // parallel to model_.agents
  std::vector<Declared> declared_;
  std::vector<std::pair<std::size_t, const ast::Block*>> tests_;  // with their modules
  std::size_t module_ = 0;
  bool has_fleet_ = false;
  const ast::Block* fleet_ = nullptr;
  const ast::Block* defaults_ = nullptr;
};

}  // namespace

Model analyze(SourceMap& sources, const std::vector<Module>& modules, DiagnosticSink& sink) {
  return Analyzer(sources, modules, sink).run();
}

}  // namespace fleet::sema
