// Requests about names: where they are declared and said, what they are called.
#include "dsl/lsp/hierarchy.h"
#include "dsl/lsp/lenses.h"
#include "dsl/lsp/navigate.h"
#include "dsl/lsp/rename.h"
#include "dsl/lsp/session.h"
#include "dsl/lsp/symbols.h"
#include "dsl/lsp/uri.h"

namespace fleet::lsp {
namespace {

Json targets(Session& session, const Spot& spot, const std::vector<Target>& found) {
  Json out = Json::array();
  for (const Target& target : found) {
    if (!session.client.links) {
      out.push_back(session.location(target.where));
      continue;
    }
    out.push_back({{"originSelectionRange", session.range(*spot.snapshot, target.origin)},
                   {"targetUri", session.uri(target.where.path)},
                   {"targetRange", session.range(target.whole)},
                   {"targetSelectionRange", session.range(target.where)}});
  }
  return out;
}

Answer definition_request(Session& session, const Json& params) {
  const Spot spot = session.spot(params);
  return {targets(session, spot, definition(*spot.snapshot, spot.source, spot.offset))};
}

Answer type_definition_request(Session& session, const Json& params) {
  const Spot spot = session.spot(params);
  return {targets(session, spot, type_definition(*spot.snapshot, spot.source, spot.offset))};
}

Answer references_request(Session& session, const Json& params) {
  const Spot spot = session.spot(params);
  const bool declarations =
      !params.contains("context") || params["context"].value("includeDeclaration", true);
  Json out = Json::array();
  for (const Reference& one :
       references(session.workspace, *spot.snapshot, spot.source, spot.offset)) {
    if (declarations || !one.defines)
      out.push_back(session.location(one.where));
  }
  return {std::move(out)};
}

Answer highlight_request(Session& session, const Json& params) {
  const Spot spot = session.spot(params);
  Json out = Json::array();
  for (const Mention& one : highlights(*spot.snapshot, spot.source, spot.offset)) {
    constexpr int kRead = 2;
    constexpr int kWrite = 3;
    out.push_back({{"range", session.range(*spot.snapshot, one.span)},
                   {"kind", one.defines ? kWrite : kRead}});
  }
  return {std::move(out)};
}

Answer prepare_rename_request(Session& session, const Json& params) {
  const Spot spot = session.spot(params);
  const Renamed found = prepare_rename(*spot.snapshot, spot.source, spot.offset);
  if (!found.refusal.empty())
    return refuse(kRequestFailed, found.refusal);
  return {{{"range", session.range(found.edits.front().where)},
           {"placeholder", found.edits.front().text}}};
}

Answer rename_request(Session& session, const Json& params) {
  const Spot spot = session.spot(params);
  const Renamed renamed = rename(session.workspace, *spot.snapshot, spot.source, spot.offset,
                                 params.at("newName").get<std::string>());
  if (!renamed.refusal.empty())
    return refuse(kRequestFailed, renamed.refusal);
  return {session.workspace_edit(renamed.edits)};
}

Answer link_request(Session& session, const Json& params) {
  const Spot spot = session.document(params);
  Json out = Json::array();
  for (const Link& link : links(*spot.snapshot, spot.source)) {
    out.push_back({{"range", session.range(*spot.snapshot, link.span)},
                   {"target", session.uri(link.path)},
                   {"tooltip", link.tooltip}});
  }
  return {std::move(out)};
}

Json symbol_json(Session& session, const Snapshot& snapshot, const DocumentSymbol& symbol) {
  Json out{{"name", symbol.name},
           {"detail", symbol.detail},
           {"kind", static_cast<int>(symbol.shape)},
           {"range", session.range(snapshot, symbol.whole)},
           {"selectionRange", session.range(snapshot, symbol.name_span)},
           {"children", Json::array()}};
  for (const DocumentSymbol& child : symbol.children)
    out["children"].push_back(symbol_json(session, snapshot, child));
  return out;
}

// For clients that know no tree.
void flat_symbols(Session& session, const Snapshot& snapshot, const DocumentSymbol& symbol,
                  const std::string& container, Json& out) {
  out.push_back({{"name", symbol.name},
                 {"kind", static_cast<int>(symbol.shape)},
                 {"location", session.location(file_span(snapshot, symbol.whole))},
                 {"containerName", container}});
  for (const DocumentSymbol& child : symbol.children)
    flat_symbols(session, snapshot, child, symbol.name, out);
}

Answer document_symbol_request(Session& session, const Json& params) {
  const Spot spot = session.document(params);
  Json out = Json::array();
  for (const DocumentSymbol& symbol : document_symbols(*spot.snapshot, spot.source)) {
    if (session.client.nested_symbols)
      out.push_back(symbol_json(session, *spot.snapshot, symbol));
    else
      flat_symbols(session, *spot.snapshot, symbol, "", out);
  }
  return {std::move(out)};
}

Answer workspace_symbol_request(Session& session, const Json& params) {
  Json out = Json::array();
  for (const WorkspaceSymbol& symbol :
       workspace_symbols(session.workspace, params.value("query", ""))) {
    out.push_back({{"name", symbol.name},
                   {"kind", static_cast<int>(symbol.shape)},
                   {"location", session.location(symbol.where)},
                   {"containerName", symbol.container}});
  }
  return {std::move(out)};
}

Json item_json(Session& session, const Snapshot& snapshot, const HierarchyItem& item) {
  return {{"name", item.name},
          {"detail", item.detail},
          {"kind", static_cast<int>(item.shape)},
          {"uri", session.uri(snapshot.path_of(item.name_span.source))},
          {"range", session.range(snapshot, item.whole)},
          {"selectionRange", session.range(snapshot, item.name_span)},
          // What is declared in an imported file is looked up from the fleet that was asked about.
          {"data",
           {{"root", snapshot.path()},
            {"path", snapshot.path_of(item.name_span.source)},
            {"offset", item.name_span.begin}}}};
}

Answer prepare_hierarchy_request(Session& session, const Json& params) {
  const Spot spot = session.spot(params);
  Json out = Json::array();
  for (const HierarchyItem& item : prepare_hierarchy(*spot.snapshot, spot.source, spot.offset))
    out.push_back(item_json(session, *spot.snapshot, item));
  return {out.empty() ? Json() : std::move(out)};
}

Answer hierarchy_calls(Session& session, const Json& params, bool into) {
  const Json& item = params.at("item");
  const Json& data = item.at("data");
  const auto snapshot = session.workspace.snapshot(data.at("root").get<std::string>());
  const std::optional<SourceId> source = snapshot->source(data.at("path").get<std::string>());
  const auto offset = data.at("offset").get<std::uint32_t>();
  Json out = Json::array();
  if (!source)
    return {std::move(out)};
  const auto found =
      into ? incoming(*snapshot, *source, offset) : outgoing(*snapshot, *source, offset);
  for (const HierarchyCall& call : found) {
    Json places = Json::array();
    for (const Span& place : call.places)
      places.push_back(session.range(*snapshot, place));
    out.push_back({{into ? "from" : "to", item_json(session, *snapshot, call.other)},
                   {"fromRanges", std::move(places)}});
  }
  return {std::move(out)};
}

Answer incoming_request(Session& session, const Json& params) {
  return hierarchy_calls(session, params, true);
}

Answer outgoing_request(Session& session, const Json& params) {
  return hierarchy_calls(session, params, false);
}

Answer lens_request(Session& session, const Json& params) {
  const Spot spot = session.document(params);
  Json out = Json::array();
  for (const Lens& lens : lenses(session.workspace, *spot.snapshot, spot.source)) {
    Json range = session.range(*spot.snapshot, lens.span);
    Json command{
        {"title", lens.title},
        {"command", lens.command},
        {"arguments",
         {session.uri(spot.snapshot->path_of(spot.source)), lens.argument, range["start"]}}};
    out.push_back({{"range", std::move(range)}, {"command", std::move(command)}});
  }
  return {std::move(out)};
}

}  // namespace

std::vector<Method> name_methods() {
  return {{"textDocument/definition", definition_request},
          {"textDocument/declaration", definition_request},
          {"textDocument/typeDefinition", type_definition_request},
          {"textDocument/references", references_request},
          {"textDocument/documentHighlight", highlight_request},
          {"textDocument/prepareRename", prepare_rename_request},
          {"textDocument/rename", rename_request},
          {"textDocument/documentLink", link_request},
          {"textDocument/documentSymbol", document_symbol_request},
          {"workspace/symbol", workspace_symbol_request},
          {"textDocument/prepareCallHierarchy", prepare_hierarchy_request},
          {"callHierarchy/incomingCalls", incoming_request},
          {"callHierarchy/outgoingCalls", outgoing_request},
          {"textDocument/codeLens", lens_request}};
}

}  // namespace fleet::lsp
