// Requests about the fleet as a whole: its diagnostics, graph and cost, and what the server offers.
#include <functional>

#include "dsl/base/codes.h"
#include "dsl/lsp/costs.h"
#include "dsl/lsp/hover.h"
#include "dsl/lsp/session.h"
#include "dsl/lsp/tokens.h"
#include "dsl/lsp/uri.h"
#include "dsl/plan/codec.h"
#include "dsl/plan/render.h"
#include "dsl/plan/worst.h"
#include "dsl/sema/explain.h"

namespace fleet::lsp {
namespace {

std::string path_in(const Json& params) {
  return path_of_uri(params.at("textDocument").at("uri").get_ref<const std::string&>());
}

// Names the result, so that the client need not be sent again what it has.
std::string result_id(const Json& items) {
  return std::to_string(std::hash<std::string>()(written(items)));
}

Json report(Session& session, const std::string& path, const std::string& previous) {
  Json items = session.diagnostics(path);
  std::string id = result_id(items);
  if (id == previous)
    return {{"kind", "unchanged"}, {"resultId", std::move(id)}};
  return {{"kind", "full"}, {"resultId", std::move(id)}, {"items", std::move(items)}};
}

Answer document_diagnostic(Session& session, const Json& params) {
  return {report(session, path_in(params), params.value("previousResultId", ""))};
}

Answer workspace_diagnostic(Session& session, const Json& params) {
  std::map<std::string, std::string> previous;
  for (const Json& one : params.value("previousResultIds", Json::array()))
    previous[path_of_uri(one.at("uri").get<std::string>())] = one.value("value", "");
  Json items = Json::array();
  for (const std::string& path : session.workspace.roots()) {
    Json one = report(session, path, previous[path]);
    const Document* const open = session.files.document(path);
    one["uri"] = session.uri(path);
    one["version"] = open != nullptr ? Json(open->version) : Json();
    items.push_back(std::move(one));
  }
  return {{{"items", std::move(items)}}};
}

// The flow that is asked for: by name, by a position inside of it, or else the only one, `main`, or
// the first.
const sema::Flow* flow_in(Session& session, const Spot& spot, const Json& params) {
  const sema::Model& model = spot.snapshot->model();
  if (params.contains("flow") && params["flow"].is_string())
    return model.find_flow(params["flow"].get<std::string>());
  if (params.contains("position")) {
    const std::uint32_t offset = session.offset_in(spot, params["position"]);
    if (const sema::Flow* const flow = spot.snapshot->flow_around(spot.source, offset))
      return flow;
  }
  const sema::Flow* const named_main = model.find_flow("main");
  return named_main != nullptr || model.flows.empty() ? named_main : &model.flows.front();
}

std::string drawn(const plan::Plan& plan, const std::string& format) {
  if (format == "dot")
    return plan::to_dot(plan);
  if (format == "svg")
    return plan::to_svg(plan);
  if (format == "json")
    return plan::to_json(plan);
  if (format == "text")
    return plan::to_text(plan);
  return plan::to_mermaid(plan);
}

// The drawing, and for each of its steps the place in the text that it is clicked for.
Answer graph_request(Session& session, const Json& params) {
  const Spot spot = session.document(params);
  const sema::Flow* const flow = flow_in(session, spot, params);
  if (flow == nullptr)
    return refuse(kRequestFailed, "the fleet has no such flow");
  const plan::Plan* const plan = spot.snapshot->plan(flow->name);
  if (plan == nullptr)
    return refuse(kRequestFailed, "the fleet has errors: put them right to see its graph");
  Json flows = Json::array();
  for (const sema::Flow& one : spot.snapshot->model().flows)
    flows.push_back(one.name);
  Json nodes = Json::array();
  for (const plan::Node& node : plan->nodes) {
    for (const sema::Step& step : flow->steps) {
      if (step.name == node.name) {
        const std::string& path = spot.snapshot->path_of(step.name_span.source);
        nodes.push_back({{"name", node.name},
                         {"uri", session.uri(path)},
                         {"range", session.range(*spot.snapshot, step.name_span)}});
      }
    }
  }
  const std::string format = params.value("format", "mermaid");
  const Document* const open = session.files.document(spot.snapshot->path());
  return {{{"flow", flow->name},
           {"flows", std::move(flows)},
           {"format", format},
           {"version", open != nullptr ? Json(open->version) : Json()},
           {"text", drawn(*plan, format)},
           {"nodes", std::move(nodes)}}};
}

Answer worst_case_request(Session& session, const Json& params) {
  const Spot spot = session.document(params);
  const sema::Flow* const flow = flow_in(session, spot, params);
  const plan::Plan* const plan = flow == nullptr ? nullptr : spot.snapshot->plan(flow->name);
  if (plan == nullptr)
    return refuse(kRequestFailed, "the fleet has errors, or no such flow");
  Json rows = Json::array();
  for (const plan::WorstRow& row : plan::worst_rows(*plan)) {
    rows.push_back({{"name", row.name},
                    {"factors", plan::factors_of(row)},
                    {"micros", row.total ? Json(row.total->micros) : Json()}});
  }
  const auto& money = plan->worst.money;
  const bool day = plan->day && plan->day->money;
  return {{{"flow", flow->name},
           {"micros", money ? Json(money->micros) : Json()},
           {"text", money ? plan::at_most(*money) + " = " + plan::worst_sum(*plan)
                          : plan::worst_sum(*plan)},
           {"sessions", plan->worst.sessions ? Json(*plan->worst.sessions) : Json()},
           {"day", day ? Json(plan->day->money->micros) : Json()},
           {"rows", std::move(rows)}}};
}

// Of a code its page; of a name, `agent.fixer.timeout`, where its value comes from.
Answer explain_request(Session& session, const Json& params) {
  const std::string what = params.at("what").get<std::string>();
  const std::string page = explain_page(what);
  if (!page.empty())
    return {{{"markdown", page}}};
  if (!params.contains("textDocument"))
    return refuse(kRequestFailed, "there is no code `" + what + "`");
  const Spot spot = session.document(params);
  const std::string text =
      sema::to_text(spot.snapshot->sources(), sema::explain_value(spot.snapshot->model(), what));
  if (text.empty())
    return refuse(kRequestFailed, "the fleet has no `" + what + "`");
  return {{{"markdown", "```\n" + text + "```\n"}}};
}

// The text behind a URI of the scheme `fleet`: of the library, or the page of a code.
Answer source_request(Session& session, const Json& params) {
  std::string uri = params.at("uri").get<std::string>();
  uri.erase(0, uri.find(":///") == std::string::npos ? 0 : uri.find(":///") + 4);
  constexpr std::string_view kPages = "explain/";
  std::string text = uri.starts_with("std/") ? session.text(uri) : std::string();
  if (uri.starts_with(kPages))
    text = explain_page(uri.substr(kPages.size(), uri.rfind('.') - kPages.size()));
  if (text.empty())
    return refuse(kRequestFailed, "there is no such text");
  return {{{"text", text}}};
}

}  // namespace

Json capabilities(const Session& session) {
  Json legend{{"tokenTypes", token_names()}, {"tokenModifiers", token_modifier_names()}};
  const bool utf8 = session.client.encoding == Encoding::kUtf8;
  Json out{
      {"positionEncoding", utf8 ? "utf-8" : "utf-16"},
      {"textDocumentSync", {{"openClose", true}, {"change", 2}, {"save", true}}},
      {"hoverProvider", true},
      {"completionProvider",
       {{"resolveProvider", true},
        {"triggerCharacters", {".", "\"", "{", "(", "[", ",", " ", ":", "@", "/", "&", "="}}}},
      {"signatureHelpProvider", {{"triggerCharacters", {"(", ",", "=", " "}}}},
      {"definitionProvider", true},
      {"declarationProvider", true},
      {"typeDefinitionProvider", true},
      {"referencesProvider", true},
      {"documentHighlightProvider", true},
      {"documentSymbolProvider", true},
      {"workspaceSymbolProvider", true},
      {"codeActionProvider",
       {{"codeActionKinds", {"quickfix", "source.fixAll", "refactor.extract"}}}},
      {"codeLensProvider", Json::object()},
      {"documentLinkProvider", Json::object()},
      {"documentFormattingProvider", true},
      {"documentRangeFormattingProvider", true},
      {"documentOnTypeFormattingProvider",
       {{"firstTriggerCharacter", "}"}, {"moreTriggerCharacter", Json::array({"\n"})}}},
      {"renameProvider", {{"prepareProvider", true}}},
      {"foldingRangeProvider", true},
      {"selectionRangeProvider", true},
      {"callHierarchyProvider", true},
      {"inlayHintProvider", true},
      {"semanticTokensProvider",
       {{"legend", std::move(legend)}, {"full", {{"delta", true}}}, {"range", true}}},
      {"workspace", {{"workspaceFolders", {{"supported", true}, {"changeNotifications", true}}}}}};
  if (session.client.pulls) {
    out["diagnosticProvider"] = {
        {"identifier", "fleetc"}, {"interFileDependencies", true}, {"workspaceDiagnostics", true}};
  }
  return out;
}

std::vector<Method> fleet_methods() {
  return {{"textDocument/diagnostic", document_diagnostic},
          {"workspace/diagnostic", workspace_diagnostic},
          {"fleet/graph", graph_request},
          {"fleet/worstCase", worst_case_request},
          {"fleet/explain", explain_request},
          {"fleet/source", source_request}};
}

}  // namespace fleet::lsp
