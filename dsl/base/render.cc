#include "dsl/base/render.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include <nlohmann/json.hpp>

#include "dsl/base/codes.h"
#include "dsl/base/shown_line.h"
#include "dsl/base/uri.h"

namespace fleet {
namespace {

using Json = nlohmann::ordered_json;

// ASCII only, so that nothing in a name can drive a terminal; bytes that are no UTF-8 become U+FFFD
// instead of an exception.
std::string dump(const Json& json) {
  constexpr int kIndent = 2;
  return json.dump(kIndent, ' ', true, Json::error_handler_t::replace) + "\n";
}

std::string docs_of(const Diagnostic& diagnostic) {
  return "fleetc explain " + diagnostic.code;
}

Json position(const Source& source, std::uint32_t offset) {
  const LineColumn at = source.locate(offset);
  return {{"line", at.line}, {"column", at.column}, {"offset", offset}};
}

Json place(const SourceMap& sources, const Span& span) {
  const Source& source = sources.get(span.source);
  return {{"file", source.name()},
          {"begin", position(source, span.begin)},
          {"end", position(source, span.end)}};
}

Json label_json(const SourceMap& sources, const Label& label) {
  Json out = place(sources, label.span);
  out["text"] = label.text;
  return out;
}

Json help_json(const SourceMap& sources, const Help& help) {
  Json edits = Json::array();
  for (const TextEdit& edit : help.edits) {
    edits.push_back(place(sources, edit.span));
    edits.back()["replacement"] = edit.replacement;
  }
  return {{"text", help.text}, {"sound", help.sound}, {"edits", std::move(edits)}};
}

// A relative or absolute path as a URI reference: what a path may have stays.
std::string uri_of(std::string_view path) {
  return percent_encoded(path, "!$&'()*+,=@");
}

std::string_view sarif_level(Severity severity) {
  switch (severity) {
    case Severity::kError: return "error";
    case Severity::kWarning: return "warning";
    case Severity::kInfo: break;
  }
  return "note";
}

Json sarif_region(const Source& source, const Span& span) {
  const LineColumn begin = source.locate(span.begin);
  const LineColumn end = source.locate(span.end);
  return {{"startLine", begin.line},  {"startColumn", begin.column},
          {"endLine", end.line},      {"endColumn", end.column},
          {"byteOffset", span.begin}, {"byteLength", span.end - span.begin}};
}

Json sarif_artifact(const Source& source) {
  return {{"uri", uri_of(source.name())}};
}

Json sarif_location(const SourceMap& sources, const Span& span) {
  const Source& source = sources.get(span.source);
  return {{"physicalLocation",
           {{"artifactLocation", sarif_artifact(source)}, {"region", sarif_region(source, span)}}}};
}

Json sarif_message(const Diagnostic& diagnostic) {
  std::string text = diagnostic.message;
  if (!diagnostic.primary.text.empty()) {
    text += ": " + diagnostic.primary.text;
  }
  for (const std::string& note : diagnostic.notes) {
    text += "\nnote: " + note;
  }
  for (const Help& help : diagnostic.helps) {
    text += "\nhelp: " + help.text;
  }
  return {{"text", std::move(text)}};
}

Json sarif_fix(const SourceMap& sources, const Help& help) {
  Json changes = Json::array();
  for (const TextEdit& edit : help.edits) {
    const Source& source = sources.get(edit.span.source);
    const Json replacement = {{"deletedRegion", sarif_region(source, edit.span)},
                              {"insertedContent", {{"text", edit.replacement}}}};
    if (changes.empty() || changes.back()["artifactLocation"] != sarif_artifact(source)) {
      changes.push_back(
          {{"artifactLocation", sarif_artifact(source)}, {"replacements", Json::array()}});
    }
    changes.back()["replacements"].push_back(replacement);
  }
  return {{"description", {{"text", help.text}}}, {"artifactChanges", std::move(changes)}};
}

Json sarif_rule(const std::string& code) {
  Json out = {{"id", code}};
  if (const CodeRow* row = find_code(code)) {
    out["shortDescription"] = {{"text", row->title}};
    if (!row->explanation.empty()) {
      out["fullDescription"] = {{"text", row->explanation}};
    }
    out["help"] = {{"text", "fleetc explain " + code}};
    out["defaultConfiguration"] = {{"level", sarif_level(row->severity)}};
    out["properties"] = {{"family", row->family}};
  }
  return out;
}

Json sarif_result(const SourceMap& sources, const Diagnostic& diagnostic, std::size_t rule) {
  Json out = {{"ruleId", diagnostic.code},
              {"ruleIndex", rule},
              {"level", sarif_level(diagnostic.severity)},
              {"message", sarif_message(diagnostic)},
              {"locations", Json::array({sarif_location(sources, diagnostic.primary.span)})}};
  for (const Label& label : diagnostic.secondary) {
    Json related = sarif_location(sources, label.span);
    related["message"] = {{"text", label.text}};
    out["relatedLocations"].push_back(std::move(related));
  }
  for (const Help& help : diagnostic.helps) {
    if (!help.edits.empty()) {
      out["fixes"].push_back(sarif_fix(sources, help));
    }
  }
  return out;
}

Json sarif_invocation(const std::vector<Unreadable>& unreadable) {
  Json out = {{"executionSuccessful", unreadable.empty()}};
  for (const Unreadable& one : unreadable) {
    out["toolExecutionNotifications"].push_back(
        {{"level", "error"},
         {"message", {{"text", one.problem}}},
         {"locations", Json::array({{{"physicalLocation",
                                      {{"artifactLocation", {{"uri", uri_of(one.file)}}}}}}})}});
  }
  return out;
}

Json diagnostic_json(const SourceMap& sources, const Diagnostic& diagnostic) {
  Json secondary = Json::array();
  for (const Label& label : diagnostic.secondary)
    secondary.push_back(label_json(sources, label));
  Json helps = Json::array();
  for (const Help& help : diagnostic.helps)
    helps.push_back(help_json(sources, help));
  return {{"code", diagnostic.code},           {"severity", severity_word(diagnostic.severity)},
          {"message", diagnostic.message},     {"primary", label_json(sources, diagnostic.primary)},
          {"secondary", std::move(secondary)}, {"notes", diagnostic.notes},
          {"helps", std::move(helps)},         {"docs", docs_of(diagnostic)}};
}

// The same for one thing found by way of several files, however each writes the path.
std::string identity(const Source& source, const Diagnostic& diagnostic) {
  const Span& at = diagnostic.primary.span;
  return std::filesystem::path(source.name()).lexically_normal().string() + '\0' +
         std::to_string(at.begin) + ' ' + std::to_string(at.end) + ' ' + diagnostic.code + ' ' +
         diagnostic.message;
}

}  // namespace

std::string_view severity_word(Severity severity) {
  switch (severity) {
    case Severity::kError: return "error";
    case Severity::kWarning: return "warning";
    case Severity::kInfo: break;
  }
  return "info";
}

std::string render_short(const std::vector<Diagnostic>& diagnostics, const SourceMap& sources) {
  std::string out;
  for (const Diagnostic& diagnostic : diagnostics) {
    const Source& source = sources.get(diagnostic.primary.span.source);
    const LineColumn at = source.locate(diagnostic.primary.span.begin);
    out += visible(source.name(), false) + ":" + std::to_string(at.line) + ":" +
           std::to_string(at.column) + ": " + std::string(severity_word(diagnostic.severity)) +
           "[" + diagnostic.code + "]: " + visible(diagnostic.message, false) + "\n";
  }
  return out;
}

void Report::add(Findings found) {
  std::erase_if(found.diagnostics, [&](const Diagnostic& one) {
    return !said_.insert(identity(found.sources->get(one.primary.span.source), one)).second;
  });
  findings.push_back(std::move(found));
}

std::string render_json(const Report& report) {
  std::array<std::size_t, 3> counts{};
  Json all = Json::array();
  for (const Findings& found : report.findings) {
    for (const Diagnostic& diagnostic : found.diagnostics) {
      counts[static_cast<std::size_t>(diagnostic.severity)] += 1;
      all.push_back(diagnostic_json(*found.sources, diagnostic));
    }
  }
  Json unreadable = Json::array();
  for (const Unreadable& one : report.unreadable)
    unreadable.push_back({{"file", one.file}, {"problem", one.problem}});
  return dump({{"version", 1},
               {"errors", counts[static_cast<std::size_t>(Severity::kError)]},
               {"warnings", counts[static_cast<std::size_t>(Severity::kWarning)]},
               {"diagnostics", std::move(all)},
               {"unreadable", std::move(unreadable)}});
}

std::string render_sarif(const Report& report) {
  std::vector<std::string> codes;
  Json rules = Json::array();
  Json results = Json::array();
  for (const Findings& found : report.findings) {
    for (const Diagnostic& diagnostic : found.diagnostics) {
      auto known = std::find(codes.begin(), codes.end(), diagnostic.code);
      if (known == codes.end()) {
        rules.push_back(sarif_rule(diagnostic.code));
        known = codes.insert(codes.end(), diagnostic.code);
      }
      results.push_back(sarif_result(*found.sources, diagnostic,
                                     static_cast<std::size_t>(known - codes.begin())));
    }
  }
  const Json driver = {{"name", "fleetc"}, {"rules", std::move(rules)}};
  const Json run = {{"tool", {{"driver", driver}}},
                    {"invocations", Json::array({sarif_invocation(report.unreadable)})},
                    {"columnKind", "unicodeCodePoints"},
                    {"results", std::move(results)}};
  return dump({{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
               {"version", "2.1.0"},
               {"runs", Json::array({run})}});
}

}  // namespace fleet
