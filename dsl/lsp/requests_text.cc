// Requests about the text at a place: what it is, what can stand there, how it is laid out.
#include <algorithm>

#include "dsl/lsp/actions.h"
#include "dsl/lsp/completion.h"
#include "dsl/lsp/cursor.h"
#include "dsl/lsp/hover.h"
#include "dsl/lsp/inlays.h"
#include "dsl/lsp/layout_edits.h"
#include "dsl/lsp/ranges.h"
#include "dsl/lsp/session.h"
#include "dsl/lsp/signature.h"
#include "dsl/lsp/tokens.h"
#include "dsl/syntax/tree.h"

namespace fleet::lsp {
namespace {

std::string_view text_of(const Spot& spot) {
  return spot.snapshot->sources().get(spot.source).text();
}

Answer hover_request(Session& session, const Json& params) {
  const Spot spot = session.spot(params);
  const std::optional<Hover> found = hover(*spot.snapshot, spot.source, spot.offset);
  if (!found)
    return {};
  return {{{"contents", markdown(found->markdown)},
           {"range", session.range(*spot.snapshot, found->span)}}};
}

Json completion_json(Session& session, const Snapshot& snapshot, const Json& range,
                     const Completion& item) {
  const bool snippet = session.client.snippets && !item.snippet.empty();
  const std::string& plain = item.text.empty() ? item.label : item.text;
  Json out{{"label", item.label},
           {"kind", static_cast<int>(item.shape)},
           {"sortText", std::to_string(item.rank) + item.label},
           {"insertTextFormat", snippet ? 2 : 1},
           {"textEdit", {{"range", range}, {"newText", snippet ? item.snippet : plain}}}};
  if (!item.detail.empty())
    out["detail"] = item.detail;
  if (!item.doc.empty())
    out["documentation"] = markdown(item.doc);
  if (item.named) {
    const Span& where = snapshot.names().at(*item.named).definitions.front();
    out["data"] = {{"root", snapshot.path()},
                   {"path", snapshot.path_of(where.source)},
                   {"offset", where.begin}};
  }
  for (const FileEdit& edit : item.further)
    out["additionalTextEdits"].push_back(session.text_edit(edit));
  return out;
}

Answer completion_request(Session& session, const Json& params) {
  const Spot spot = session.spot(params);
  const Completions found = complete(session.workspace, *spot.snapshot, spot.source, spot.offset);
  const Json range = session.range(*spot.snapshot, found.replaced);
  Json items = Json::array();
  for (const Completion& item : found.items)
    items.push_back(completion_json(session, *spot.snapshot, range, item));
  return {{{"isIncomplete", false}, {"items", std::move(items)}}};
}

// The documentation of a name, for the one item that is looked at.
Answer resolve_request(Session& session, const Json& params) {
  Json out = params;
  if (!params.is_object() || !params.contains("data"))
    return {std::move(out)};
  const Json& data = params["data"];
  const auto snapshot = session.workspace.snapshot(data.at("root").get<std::string>());
  const std::optional<SourceId> source = snapshot->source(data.at("path").get<std::string>());
  const Mention* const mention =
      source ? snapshot->names().find(*source, data.at("offset").get<std::uint32_t>()) : nullptr;
  if (mention != nullptr)
    out["documentation"] = markdown(describe(*snapshot, snapshot->names().at(mention->named)));
  return {std::move(out)};
}

Answer signature_request(Session& session, const Json& params) {
  const Spot spot = session.spot(params);
  const std::optional<Signature> found = signature(*spot.snapshot, spot.source, spot.offset);
  if (!found)
    return {};
  Json parameters = Json::array();
  const auto unit = [&](std::size_t offset) {
    return units(std::string_view(found->label).substr(0, offset), Encoding::kUtf16);
  };
  for (const auto& [begin, end] : found->parameters)
    parameters.push_back({{"label", {unit(begin), unit(end)}}});
  const Json one{{"label", found->label},
                 {"documentation", markdown(found->doc)},
                 {"parameters", std::move(parameters)}};
  return {{{"signatures", Json::array({one})},
           {"activeSignature", 0},
           {"activeParameter", found->active}}};
}

Json edits_json(Session& session, const Spot& spot, const std::vector<TextChange>& changes) {
  Json out = Json::array();
  for (const TextChange& change : changes) {
    out.push_back(
        {{"range", session.range(*spot.snapshot, {spot.source, change.begin, change.end})},
         {"newText", change.text}});
  }
  return out;
}

Answer formatting_request(Session& session, const Json& params) {
  const Spot spot = session.document(params);
  return {edits_json(session, spot, layout_edits(text_of(spot)))};
}

Answer range_formatting_request(Session& session, const Json& params) {
  const Spot spot = session.stretch(params);
  return {edits_json(session, spot, layout_edits(text_of(spot), spot.offset, spot.end))};
}

// A `}` lays out the block that it closes; a line break indents the line that it begins.
Answer on_type_request(Session& session, const Json& params) {
  const Spot spot = session.spot(params);
  const std::string_view text = text_of(spot);
  const syntax::Tree& tree = spot.snapshot->tree(spot.source);
  if (params.value("ch", "") == "}") {
    for (const syntax::Node& node : tree.nodes()) {
      if (node.kind == syntax::NodeKind::kBody && node.end() == spot.offset)
        return {edits_json(session, spot, layout_edits(text, node.offset, node.end()))};
    }
    return {Json::array()};
  }
  const Cursor cursor = find_cursor(tree, spot.offset);
  const std::size_t begin = spot.offset == 0 ? 0 : text.rfind('\n', spot.offset - 1) + 1;
  const std::size_t end = std::min(text.find_first_not_of(" \t", begin), text.size());
  const bool closes = end < text.size() && text[end] == '}';
  const std::size_t depth = cursor.around.size() - (closes && !cursor.around.empty() ? 1 : 0);
  const std::string indent(2 * depth, ' ');
  if (cursor.where != Cursor::Where::kStatement || text.substr(begin, end - begin) == indent)
    return {Json::array()};
  const TextChange change{static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end),
                          indent};
  return {edits_json(session, spot, {change})};
}

Answer folding_request(Session& session, const Json& params) {
  const Spot spot = session.document(params);
  Json out = Json::array();
  for (const Fold& fold : folds(spot.snapshot->tree(spot.source))) {
    const Json start = session.position(*spot.snapshot, spot.source, fold.begin);
    const Json end = session.position(*spot.snapshot, spot.source, fold.end);
    // The line of the closing bracket stays in sight.
    const bool block = fold.kind == Fold::Kind::kBlock;
    const auto last = end["line"].get<std::int64_t>() - (block ? 1 : 0);
    if (last <= start["line"].get<std::int64_t>())
      continue;
    Json range{{"startLine", start["line"]}, {"endLine", last}};
    if (!block)
      range["kind"] = fold.kind == Fold::Kind::kComment ? "comment" : "imports";
    out.push_back(std::move(range));
  }
  return {std::move(out)};
}

Answer selection_request(Session& session, const Json& params) {
  const Spot spot = session.document(params);
  const syntax::Tree& tree = spot.snapshot->tree(spot.source);
  Json out = Json::array();
  for (const Json& position : params.at("positions")) {
    std::vector<Stretch> around = selections(tree, session.offset_in(spot, position));
    std::ranges::reverse(around);
    Json range;
    for (const Stretch& one : around) {
      Json inner{{"range", session.range(*spot.snapshot, {spot.source, one.begin, one.end})}};
      if (!range.is_null())
        inner["parent"] = std::move(range);
      range = std::move(inner);
    }
    out.push_back(std::move(range));
  }
  return {std::move(out)};
}

std::vector<std::uint32_t> encode_tokens(Session& session, const Spot& spot,
                                         const std::vector<Token>& tokens, std::uint32_t begin,
                                         std::uint32_t end) {
  std::vector<std::uint32_t> data;
  const LineTable lines(text_of(spot));
  Position before;
  for (const Token& token : tokens) {
    if (token.end <= begin || token.begin >= end)
      continue;
    const Position at = lines.position(text_of(spot), token.begin, session.client.encoding);
    const std::string_view text = text_of(spot).substr(token.begin, token.end - token.begin);
    data.push_back(at.line - before.line);
    data.push_back(at.line == before.line ? at.character - before.character : at.character);
    data.push_back(units(text, session.client.encoding));
    data.push_back(static_cast<std::uint32_t>(token.kind));
    data.push_back(token.modifiers);
    before = at;
  }
  return data;
}

Session::Given all_tokens(Session& session, const Spot& spot) {
  const auto end = static_cast<std::uint32_t>(text_of(spot).size());
  return {std::to_string(session.next_id++),
          encode_tokens(session, spot, tokens(*spot.snapshot, spot.source), 0, end + 1)};
}

std::string uri_in(const Json& params) {
  return params.at("textDocument").at("uri").get<std::string>();
}

Answer tokens_request(Session& session, const Json& params) {
  Session::Given& given = session.given_tokens[uri_in(params)];
  given = all_tokens(session, session.document(params));
  return {{{"resultId", given.id}, {"data", given.data}}};
}

// One edit: what lies between the ends that both results share.
Answer tokens_delta_request(Session& session, const Json& params) {
  Session::Given& given = session.given_tokens[uri_in(params)];
  Session::Given now = all_tokens(session, session.document(params));
  const bool known = !given.id.empty() && params.value("previousResultId", "") == given.id;
  const std::vector<std::uint32_t> before = std::exchange(given, now).data;
  if (!known)
    return {{{"resultId", now.id}, {"data", now.data}}};
  const auto head = std::ranges::mismatch(before, now.data);
  const auto begin = static_cast<std::size_t>(head.in1 - before.begin());
  const std::size_t most = std::min(before.size(), now.data.size()) - begin;
  std::size_t tail = 0;
  while (tail < most && before[before.size() - 1 - tail] == now.data[now.data.size() - 1 - tail])
    ++tail;
  Json edits = Json::array();
  const std::size_t removed = before.size() - begin - tail;
  const std::vector<std::uint32_t> added(now.data.begin() + static_cast<std::ptrdiff_t>(begin),
                                         now.data.end() - static_cast<std::ptrdiff_t>(tail));
  if (removed > 0 || !added.empty())
    edits.push_back({{"start", begin}, {"deleteCount", removed}, {"data", added}});
  return {{{"resultId", now.id}, {"edits", std::move(edits)}}};
}

Answer tokens_range_request(Session& session, const Json& params) {
  const Spot spot = session.stretch(params);
  return {{{"data", encode_tokens(session, spot, tokens(*spot.snapshot, spot.source), spot.offset,
                                  spot.end)}}};
}

Answer inlay_request(Session& session, const Json& params) {
  const Spot spot = session.stretch(params);
  Json out = Json::array();
  for (const Inlay& inlay : inlays(*spot.snapshot, spot.source, spot.offset, spot.end)) {
    out.push_back({{"position", session.position(*spot.snapshot, spot.source, inlay.offset)},
                   {"label", inlay.label},
                   {"tooltip", markdown(inlay.tooltip)},
                   {"paddingLeft", true}});
  }
  return {std::move(out)};
}

bool is_wanted(const Json& params, const std::string& kind) {
  const Json context = params.value("context", Json::object());
  if (!context.contains("only"))
    return kind != "source.fixAll";
  return std::ranges::any_of(context["only"], [&](const Json& wanted) {
    const std::string prefix = wanted.get<std::string>();
    return prefix.empty() || kind == prefix || kind.starts_with(prefix + ".");
  });
}

Answer action_request(Session& session, const Json& params) {
  const Spot spot = session.stretch(params);
  Json out = Json::array();
  for (const Action& action : actions(*spot.snapshot, spot.source, spot.offset, spot.end)) {
    if (!is_wanted(params, action.kind))
      continue;
    Json one{{"title", action.title},
             {"kind", action.kind},
             {"edit", session.workspace_edit(action.edits)}};
    const std::vector<Diagnostic>& all = spot.snapshot->diagnostics();
    if (action.diagnostic < all.size()) {
      one["diagnostics"] =
          Json::array({session.diagnostic(*spot.snapshot, all[action.diagnostic])});
      one["isPreferred"] = action.preferred;
    }
    out.push_back(std::move(one));
  }
  return {std::move(out)};
}

}  // namespace

std::vector<Method> text_methods() {
  return {{"textDocument/hover", hover_request},
          {"textDocument/completion", completion_request},
          {"completionItem/resolve", resolve_request},
          {"textDocument/signatureHelp", signature_request},
          {"textDocument/formatting", formatting_request},
          {"textDocument/rangeFormatting", range_formatting_request},
          {"textDocument/onTypeFormatting", on_type_request},
          {"textDocument/foldingRange", folding_request},
          {"textDocument/selectionRange", selection_request},
          {"textDocument/semanticTokens/full", tokens_request},
          {"textDocument/semanticTokens/full/delta", tokens_delta_request},
          {"textDocument/semanticTokens/range", tokens_range_request},
          {"textDocument/inlayHint", inlay_request},
          {"textDocument/codeAction", action_request}};
}

}  // namespace fleet::lsp
