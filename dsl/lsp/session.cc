#include "dsl/lsp/session.h"

#include <algorithm>
#include <limits>
#include <set>

#include "dsl/base/codes.h"
#include "dsl/driver/stdlib_files.h"
#include "dsl/lsp/navigate.h"
#include "dsl/lsp/uri.h"

namespace fleet::lsp {
namespace {

constexpr const char* kScheme = "fleet:///";

Json json(const Position& position) {
  return {{"line", position.line}, {"character", position.character}};
}

Json json(const Position& start, const Position& end) {
  return {{"start", json(start)}, {"end", json(end)}};
}

int severity_number(Severity severity) {
  switch (severity) {
    case Severity::kError: return 1;
    case Severity::kWarning: return 2;
    case Severity::kInfo: return 3;
  }
  return 1;
}

std::string whole_message(const Diagnostic& diagnostic) {
  std::string text = diagnostic.message;
  if (!diagnostic.primary.text.empty())
    text += ": " + diagnostic.primary.text;
  for (const std::string& note : diagnostic.notes)
    text += "\n" + note;
  for (const Help& help : diagnostic.helps)
    text += "\nhelp: " + help.text;
  return text;
}

}  // namespace

Json markdown(const std::string& text) {
  return {{"kind", "markdown"}, {"value", text}};
}

Spot Session::document(const Json& params) {
  const std::string path =
      path_of_uri(params.at("textDocument").at("uri").get_ref<const std::string&>());
  Spot spot;
  spot.snapshot = workspace.snapshot(path);
  spot.source = spot.snapshot->main_source();
  return spot;
}

Position Session::position(const Json& written) const {
  const auto number = [](const Json& value) {
    constexpr auto kMost = std::int64_t{std::numeric_limits<std::int32_t>::max()};
    const std::int64_t wide = value.is_number_float() ? kMost : value.get<std::int64_t>();
    return static_cast<std::uint32_t>(std::clamp(wide, std::int64_t{0}, kMost));
  };
  return {number(written.at("line")), number(written.at("character"))};
}

std::uint32_t Session::offset_in(const Spot& spot, const Json& written) {
  if (spot.snapshot->sources().size() == 0)
    return 0;
  const Lined& text = lined(*spot.snapshot, spot.source);
  return text.lines.offset(text.text, position(written), client.encoding);
}

Spot Session::spot(const Json& params) {
  Spot spot = document(params);
  spot.offset = spot.end = offset_in(spot, params.at("position"));
  return spot;
}

Spot Session::stretch(const Json& params) {
  Spot spot = document(params);
  spot.offset = offset_in(spot, params.at("range").at("start"));
  spot.end = std::max(spot.offset, offset_in(spot, params.at("range").at("end")));
  return spot;
}

std::string Session::uri(const std::string& path) const {
  if (const Document* const open = files.document(path))
    return open->uri;
  const bool reference = path.starts_with("std/") || path.starts_with("explain/");
  if (!reference)
    return uri_of_path(path);
  return options.reference_folder.empty() ? kScheme + path
                                          : uri_of_path(options.reference_folder + "/" + path);
}

std::string Session::text(const std::string& path) {
  if (!path.starts_with("std/"))
    return files.read(path).text.value_or("");
  for (const StdlibFile& file : stdlib_files()) {
    if (path.substr(4) == file.path)
      return std::string(file.text);
  }
  return {};
}

const Session::Lined& Session::lined(const std::string& path) {
  const auto known = texts_.find(path);
  if (known != texts_.end())
    return known->second;
  std::string text = this->text(path);
  LineTable lines(text);
  return texts_.emplace(path, Lined{std::move(text), std::move(lines)}).first->second;
}

const Session::Lined& Session::lined(const Snapshot& snapshot, SourceId source) {
  const std::string& path = snapshot.path_of(source);
  const auto known = texts_.find(path);
  if (known != texts_.end())
    return known->second;
  const std::string_view text = snapshot.sources().get(source).text();
  return texts_.emplace(path, Lined{std::string(text), LineTable(text)}).first->second;
}

Json Session::position(const Snapshot& snapshot, SourceId source, std::uint32_t offset) {
  const Lined& text = lined(snapshot, source);
  return json(text.lines.position(text.text, offset, client.encoding));
}

Json Session::range(const Snapshot& snapshot, Span span) {
  const Lined& text = lined(snapshot, span.source);
  return json(text.lines.position(text.text, span.begin, client.encoding),
              text.lines.position(text.text, span.end, client.encoding));
}

Json Session::range(const FileSpan& where) {
  const bool whole_file = where.begin == 0 && where.end == 0;
  if (whole_file)
    return json(Position{}, Position{});
  const Lined& text = lined(where.path);
  return json(text.lines.position(text.text, where.begin, client.encoding),
              text.lines.position(text.text, where.end, client.encoding));
}

Json Session::location(const FileSpan& where) {
  return {{"uri", uri(where.path)}, {"range", range(where)}};
}

Json Session::text_edit(const FileEdit& edit) {
  const Lined& text = lined(edit.where.path);
  return {{"range", json(text.lines.position(text.text, edit.where.begin, client.encoding),
                         text.lines.position(text.text, edit.where.end, client.encoding))},
          {"newText", edit.text}};
}

Json Session::workspace_edit(const std::vector<FileEdit>& edits) {
  std::map<std::string, Json> by_path;
  for (const FileEdit& edit : edits)
    by_path[edit.where.path].push_back(text_edit(edit));
  if (!client.document_changes) {
    Json changes = Json::object();
    for (auto& [path, list] : by_path)
      changes[uri(path)] = std::move(list);
    return {{"changes", std::move(changes)}};
  }
  Json changes = Json::array();
  for (auto& [path, list] : by_path) {
    const Document* const open = files.document(path);
    const Json version = open != nullptr ? Json(open->version) : Json();
    changes.push_back(
        {{"textDocument", {{"uri", uri(path)}, {"version", version}}}, {"edits", std::move(list)}});
  }
  return {{"documentChanges", std::move(changes)}};
}

Json Session::diagnostic(const Snapshot& snapshot, const Diagnostic& diagnostic) {
  Json out{{"range", range(snapshot, diagnostic.primary.span)},
           {"severity", severity_number(diagnostic.severity)},
           {"code", diagnostic.code},
           {"source", "fleetc"},
           {"message", whole_message(diagnostic)}};
  if (find_code(diagnostic.code) != nullptr)
    out["codeDescription"] = {{"href", uri("explain/" + diagnostic.code + ".md")}};
  if (diagnostic.code == "F105")
    out["tags"] = Json::array({1});  // unnecessary
  for (const Label& label : diagnostic.secondary) {
    out["relatedInformation"].push_back(
        {{"location", location(file_span(snapshot, label.span))}, {"message", label.text}});
  }
  return out;
}

Json Session::diagnostics(const std::string& path) {
  Json found = Json::array();
  std::set<std::string> said;
  for (const auto& snapshot : workspace.containing(path)) {
    for (const Diagnostic& one : snapshot->diagnostics()) {
      if (snapshot->path_of(one.primary.span.source) != path)
        continue;
      Json next = diagnostic(*snapshot, one);
      if (said.insert(written(next)).second)
        found.push_back(std::move(next));
    }
  }
  return found;
}

std::string written(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace fleet::lsp
