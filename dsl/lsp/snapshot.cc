#include "dsl/lsp/snapshot.h"

#include <algorithm>
#include <utility>

#include "dsl/lower/lower.h"
#include "dsl/syntax/parse.h"

namespace fleet::lsp {

Snapshot::Snapshot(std::string path, Analysis analysis, std::map<std::string, std::string> stamps,
                   std::optional<std::int64_t> today)
    : path_(std::move(path)),
      analysis_(std::move(analysis)),
      stamps_(std::move(stamps)),
      today_(today) {
  if (!analysis_.model)
    analysis_.model = std::make_shared<const sema::Model>();
  for (std::uint32_t i = 0; i < sources().size(); ++i)
    by_path_.emplace(sources().get({i}).name(), SourceId{i});
  main_ = source(path_).value_or(SourceId{0});
}

const Names& Snapshot::names() const {
  if (!names_)
    names_.emplace(sources(), modules());
  return *names_;
}

const std::vector<Diagnostic>& Snapshot::diagnostics() const {
  if (!diagnostics_)
    diagnostics_ = judge(analysis_, today_);
  return *diagnostics_;
}

std::optional<SourceId> Snapshot::source(const std::string& path) const {
  const auto found = by_path_.find(path);
  return found == by_path_.end() ? std::nullopt : std::optional(found->second);
}

const ast::File* Snapshot::file(SourceId source) const {
  for (const sema::Module& module : modules()) {
    for (const ast::File& file : module.files) {
      if (file.source == source)
        return &file;
    }
  }
  return nullptr;
}

const syntax::Tree& Snapshot::tree(SourceId source) const {
  const auto known = trees_.find(source.value);
  if (known != trees_.end())
    return known->second;
  const std::string_view text = sources().get(source).text();
  const bool too_large = text.size() > syntax::kMaxTextSize;
  return trees_.emplace(source.value, syntax::read_tree(too_large ? std::string_view() : text))
      .first->second;
}

bool Snapshot::can_lower() const {
  const bool sound = std::ranges::none_of(diagnostics(), [](const Diagnostic& one) {
    return one.severity == Severity::kError && one.code != "F501";
  });
  return sound && model().fleet && model().fleet->repo;
}

const plan::Plan* Snapshot::plan(const std::string& flow) const {
  const auto [found, fresh] = plans_.try_emplace(flow);
  const sema::Flow* const known = model().find_flow(flow);
  if (fresh && known != nullptr && can_lower())
    found->second = lower::lower(sources(), model(), *known, {path_, {}});
  return found->second ? &*found->second : nullptr;
}

const sema::Agent* Snapshot::agent(const Named& named) const {
  const auto found =
      std::ranges::find(model().agents, named.definitions.front(), &sema::Agent::name_span);
  return found == model().agents.end() ? nullptr : &*found;
}

const sema::Flow* Snapshot::flow(const Named& named) const {
  const auto found =
      std::ranges::find(model().flows, named.definitions.front(), &sema::Flow::name_span);
  return found == model().flows.end() ? nullptr : &*found;
}

const sema::Flow* Snapshot::flow_around(SourceId source, std::uint32_t offset) const {
  for (const Named& named : names().all()) {
    const bool around = named.kind == NameKind::kFlow && named.whole().source == source &&
                        contains(named.whole(), offset);
    if (around)
      return flow(named);
  }
  return nullptr;
}

std::vector<const sema::Step*> Snapshot::steps(const Named& named) const {
  std::vector<const sema::Step*> found;
  for (const sema::Flow& flow : model().flows) {
    for (const sema::Step& step : flow.steps) {
      const Span written = sources().written(step.name_span);
      const bool said_there =
          std::ranges::find(named.definitions, written) != named.definitions.end();
      if (said_there && !step.inner && step.kind != sema::StepKind::kLast)
        found.push_back(&step);
    }
  }
  return found;
}

std::vector<Span> Snapshot::uses_around(Span span) const {
  std::vector<Span> uses;
  const Expansion* at = sources().expansion(span.source);
  for (; at != nullptr; at = sources().expansion(at->use.source))
    uses.push_back(sources().written(at->use));
  return uses;
}

std::vector<const sema::Step*> Snapshot::steps_of_use(const Named& use) const {
  std::vector<const sema::Step*> found;
  const auto is_here = [&](const Span& place) {
    return std::ranges::any_of(use.wholes, [&](const Span& whole) {
      return whole.source == place.source && contains(whole, place.begin);
    });
  };
  for (const sema::Flow& flow : model().flows) {
    for (const sema::Step& step : flow.steps) {
      if (use.uses && std::ranges::any_of(uses_around(step.span), is_here))
        found.push_back(&step);
    }
  }
  return found;
}

std::vector<const ast::Block*> blocks_of(const ast::File& file) {
  std::vector<const ast::Block*> blocks;
  for (const ast::Body::Item& item : file.body.items) {
    if (!item.block)
      continue;
    blocks.push_back(item.block.get());
    for (const ast::Body::Item& inner : item.block->body.items) {
      if (inner.block)
        blocks.push_back(inner.block.get());
    }
  }
  return blocks;
}

bool contains(const Span& span, std::uint32_t offset) {
  return span.begin <= offset && offset <= span.end;
}

}  // namespace fleet::lsp
