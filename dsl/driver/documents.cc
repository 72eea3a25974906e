#include "dsl/driver/documents.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include <yaml-cpp/yaml.h>

#include "dsl/plan/codec.h"
#include "dsl/sema/report.h"

namespace fleet {
namespace {

using sema::ticked;

// What a front matter says; empty `problem`: it could be read.
struct FrontMatter {
  std::string problem;
  std::string version;              // as written; empty: none
  std::vector<std::string> logged;  // versions of the log, in its order
};

// The lines between `---` and `---` at the very top; nullopt: there are none.
std::optional<std::string> cut_front_matter(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf"))
    text.remove_prefix(3);
  std::string found;
  bool open = false;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r'))
      line.remove_suffix(1);
    if (line == "---" || (open && line == "...")) {
      if (open)
        return found;
      open = true;
    } else if (!open) {
      return std::nullopt;
    } else {
      found.append(line).append("\n");
    }
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return std::nullopt;
}

// yaml-cpp reads nested brackets with the stack, and expands aliases without end.
std::string why_too_rich(const std::string& yaml) {
  constexpr std::size_t kMostBytes = 64 << 10;
  constexpr std::size_t kMostBrackets = 64;
  if (yaml.size() > kMostBytes)
    return "it is larger than 64 KiB";
  std::size_t brackets = 0;
  std::size_t widest = 0;
  std::size_t indent = 0;
  bool begin = true;
  for (const char c : yaml) {
    brackets += c == '[' || c == '{' ? 1 : 0;
    indent = c == '\n' ? 0 : begin && (c == ' ' || c == '-' || c == '?') ? indent + 1 : indent;
    begin = c == '\n' || (begin && (c == ' ' || c == '-' || c == '?'));
    widest = std::max(widest, indent);
  }
  return brackets > kMostBrackets || widest > kMostBrackets ? "it is nested too deeply" : "";
}

FrontMatter read_front_matter(const std::string& yaml) {
  FrontMatter front;
  front.problem = why_too_rich(yaml);
  if (!front.problem.empty())
    return front;
  try {
    const YAML::Node root = YAML::Load(yaml);
    if (!root.IsMap()) {
      front.problem = "it is no list of `key: value`";
      return front;
    }
    const YAML::Node version = root["version"];
    if (version && version.IsScalar())
      front.version = version.Scalar();
    const YAML::Node log = root["log"];
    for (std::size_t i = 0; log && log.IsSequence() && i < log.size(); ++i) {
      const bool entry = log[i].IsMap() && log[i]["version"] && log[i]["version"].IsScalar();
      front.logged.push_back(entry ? log[i]["version"].Scalar() : std::string());
    }
  } catch (const YAML::Exception& problem) {
    front.problem = "line " + std::to_string(problem.mark.line + 2) + ": " + problem.msg;
  }
  return front;
}

class DocumentCheck {
 public:
  DocumentCheck(sema::Identity& identity, std::string path, DiagnosticSink& sink)
      : identity_(identity), path_(std::move(path)), sink_(sink) {}

  void run(const FileText& file) {
    sema::Document& document = identity_.document;
    document.found = file.text.has_value();
    document.problem = file.problem;
    if (!file.text) {
      say_missing(file.problem);
      return;
    }
    document.sha256 = plan::sha256(*file.text);
    const std::optional<std::string> yaml = cut_front_matter(*file.text);
    if (!yaml) {
      say("F410", "has no front matter",
          "begin it with `---`, `version: " + number() + "`, a `log`, and `---`");
      return;
    }
    const FrontMatter front = read_front_matter(*yaml);
    if (!front.problem.empty()) {
      say("F410", "has a front matter that can't be read: " + front.problem, "");
    } else if (front.version.empty()) {
      say("F410", "says no version", "write `version: " + number() + "` in its front matter");
    } else if (front.version != number() && front.version != "v" + number()) {
      say("F410", "is version " + front.version + ", and declared as v" + number(),
          "set one of the two to the other");
    } else if (front.logged.empty()) {
      say("F411", "has no log of its versions",
          "write `log: [{version: " + number() + ", date: …, note: …}]` in its front matter");
    } else if (front.logged.back() != number() && front.logged.back() != "v" + number()) {
      say("F411", "has no entry for v" + number() + " at the end of its log",
          "say in the log what changed with it");
    }
  }

 private:
  std::string number() const { return std::to_string(identity_.version); }

  void say(const char* code, const std::string& what, const std::string& help) {
    Diagnostic diagnostic =
        sema::error(code, identity_.file->span, "the document " + ticked(path_) + " " + what);
    diagnostic.secondary.push_back({identity_.version_span, "declared as v" + number() + " here"});
    if (!help.empty())
      diagnostic.helps.push_back({help, {}, false});
    sink_.add(std::move(diagnostic));
  }

  void say_missing(const std::string& problem) {
    Diagnostic diagnostic = sema::warning(
        "F412", identity_.file->span, "can't read the document " + ticked(path_) + ": " + problem);
    diagnostic.notes.push_back(
        "it is taken from the repository's base when a run begins, and has to be there then");
    sink_.add(std::move(diagnostic));
  }

  sema::Identity& identity_;
  std::string path_;
  DiagnosticSink& sink_;
};

}  // namespace

void read_documents(FileReader& files, sema::Model& model, DiagnosticSink& sink) {
  for (sema::Identity& identity : model.identities) {
    if (!identity.file || identity.broken)
      continue;
    const std::filesystem::path home = std::filesystem::path(identity.home).parent_path();
    const std::string path = (home / identity.file->value).lexically_normal().string();
    DocumentCheck(identity, path, sink).run(files.read(path));
  }
}

}  // namespace fleet
