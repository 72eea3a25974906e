#include "dsl/lsp/symbols.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>

#include "dsl/lsp/navigate.h"

namespace fleet::lsp {
namespace {

constexpr std::size_t kMostSymbols = 500;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// How far apart the letters of the query stand in the name; nullopt: they are not all in it.
std::optional<std::size_t> distance(std::string_view query, std::string_view name) {
  std::size_t at = 0;
  std::size_t apart = 0;
  for (const char wanted : query) {
    const std::size_t from = at;
    while (at < name.size() && lower(name[at]) != lower(wanted))
      ++at;
    if (at == name.size())
      return std::nullopt;
    apart += at - from;
    ++at;
  }
  return apart;
}

std::string line_of(const Snapshot& snapshot, Span span) {
  std::string_view text = snapshot.sources().text(span);
  text = text.substr(0, text.find('\n'));
  constexpr std::size_t kMost = 60;
  // Cut where a character begins.
  std::size_t end = std::min(text.size(), kMost);
  while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
    --end;
  return std::string(text.substr(0, end));
}

SymbolShape shape_of_kind(const std::string& kind) {
  constexpr std::array kDeclared{NameKind::kFleet,    NameKind::kRole,  NameKind::kAgent,
                                 NameKind::kRuntime,  NameKind::kHuman, NameKind::kCredential,
                                 NameKind::kIdentity, NameKind::kFlow,  NameKind::kPattern,
                                 NameKind::kTest};
  for (const NameKind one : kDeclared) {
    if (kind == word_of(one))
      return shape_of(one);
  }
  return SymbolShape::kKey;
}

class Outline {
 public:
  explicit Outline(const Snapshot& snapshot) : snapshot_(snapshot) {}

  std::vector<DocumentSymbol> body(const ast::Body& body, bool steps) const {
    std::vector<DocumentSymbol> symbols;
    for (const ast::Body::Item& item : body.items) {
      if (item.assignment)
        symbols.push_back(assignment(*item.assignment, steps));
      else if (item.block)
        block(*item.block, symbols);
    }
    return symbols;
  }

 private:
  DocumentSymbol assignment(const ast::Assignment& one, bool step) const {
    const bool is_step = step && one.key.text != "accept";
    DocumentSymbol symbol;
    symbol.name = one.key.text;
    symbol.detail = line_of(snapshot_, one.value.span);
    symbol.shape = is_step ? SymbolShape::kMethod : SymbolShape::kProperty;
    symbol.whole = one.span;
    symbol.name_span = one.key.span;
    for (const ast::Atom& atom : one.value.atoms) {
      if (atom.block)
        symbol.children = body(*atom.block, true);
    }
    return symbol;
  }

  void block(const ast::Block& one, std::vector<DocumentSymbol>& symbols) const {
    const bool steps = one.kind.text == "flow" || one.kind.text == "pattern";
    DocumentSymbol symbol;
    symbol.detail = one.kind.text + (one.base ? " : " + one.base->text : std::string());
    symbol.shape = shape_of_kind(one.kind.text);
    symbol.whole = one.span;
    symbol.children = body(one.body, steps);
    if (one.names.empty()) {
      symbol.name = one.kind.text;
      symbol.name_span = one.kind.span;
      symbols.push_back(std::move(symbol));
      return;
    }
    for (const ast::Ident& name : one.names) {
      symbol.name = name.text.empty() ? one.kind.text : name.text;
      symbol.name_span = name.span;
      symbols.push_back(symbol);
    }
  }

  const Snapshot& snapshot_;
};

}  // namespace

SymbolShape shape_of(NameKind kind) {
  switch (kind) {
    case NameKind::kFleet: return SymbolShape::kNamespace;
    case NameKind::kRole: return SymbolShape::kInterface;
    case NameKind::kAgent: return SymbolShape::kClass;
    case NameKind::kRuntime: return SymbolShape::kConstant;
    case NameKind::kHuman: return SymbolShape::kVariable;
    case NameKind::kCredential: return SymbolShape::kKey;
    case NameKind::kIdentity: return SymbolShape::kFile;
    case NameKind::kFlow: return SymbolShape::kFunction;
    case NameKind::kPattern: return SymbolShape::kFunction;
    case NameKind::kTest: return SymbolShape::kEvent;
    case NameKind::kStep: return SymbolShape::kMethod;
    case NameKind::kParameter: return SymbolShape::kVariable;
    case NameKind::kItem: return SymbolShape::kVariable;
    case NameKind::kModule: return SymbolShape::kModule;
  }
  return SymbolShape::kKey;
}

std::vector<DocumentSymbol> document_symbols(const Snapshot& snapshot, SourceId source) {
  const ast::File* const file = snapshot.file(source);
  return file == nullptr ? std::vector<DocumentSymbol>()
                         : Outline(snapshot).body(file->body, false);
}

std::vector<WorkspaceSymbol> workspace_symbols(Workspace& workspace, const std::string& query) {
  struct Ranked {
    std::size_t rank = 0;
    WorkspaceSymbol symbol;
  };
  std::vector<Ranked> ranked;
  for (const std::string& root : workspace.roots()) {
    const std::shared_ptr<const Snapshot> snapshot = workspace.snapshot(root);
    for (const Named& named : snapshot->names().all()) {
      const bool shown = named.kind != NameKind::kParameter && named.kind != NameKind::kItem &&
                         named.kind != NameKind::kModule;
      const std::optional<std::size_t> rank = distance(query, named.name);
      if (!shown || !rank)
        continue;
      const std::string container =
          named.inside ? snapshot->names().at(*named.inside).name : word_of(named.kind);
      ranked.push_back({*rank,
                        {named.name, container, shape_of(named.kind),
                         file_span(*snapshot, named.definitions.front())}});
    }
  }
  const auto order = [](const Ranked& one) {
    return std::tuple(one.rank, one.symbol.name.size(), one.symbol.name, one.symbol.where);
  };
  std::ranges::sort(ranked, {}, order);
  std::vector<WorkspaceSymbol> symbols;
  for (Ranked& one : ranked) {
    const bool repeated = !symbols.empty() && symbols.back().where == one.symbol.where;
    if (!repeated && symbols.size() < kMostSymbols)
      symbols.push_back(std::move(one.symbol));
  }
  return symbols;
}

}  // namespace fleet::lsp
