#include "dsl/driver/documents.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include <yaml-cpp/yaml.h>

#include "dsl/base/suggest.h"
#include "dsl/plan/codec.h"
#include "dsl/sema/report.h"
#include "dsl/syntax/literal.h"

namespace fleet {
namespace {

using sema::ticked;

// One entry of the log, as written; what it does not say is empty.
struct LogEntry {
  std::string version;
  std::string date;
};

// "; did you mean `version`?" where the key that is missing is there in another spelling.
std::string misspelt(const YAML::Node& map, const char* wanted) {
  for (const auto& entry : map) {
    if (entry.first.IsScalar() && !suggest(entry.first.Scalar(), {wanted}).empty())
      return ", but " + ticked(entry.first.Scalar()) + ": did you mean " + ticked(wanted) + "?";
  }
  return {};
}

// What a front matter says; empty `problem`: it could be read.
struct FrontMatter {
  std::string problem;
  std::string version;  // as written; empty: none
  std::vector<LogEntry> log;
  std::string near_version;  // see misspelt; empty where the key is there
  std::string near_log;
};

// The lines between `---` and `---` at the very top; nullopt: `problem` says why not.
std::optional<std::string> cut_front_matter(std::string_view text, std::string& problem) {
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
      break;
    } else {
      found.append(line).append("\n");
    }
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  problem = open ? "has a front matter without the `---` that ends it" : "has no front matter";
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

// The first key that a map says twice; empty: none. What yaml-cpp takes of two is nobody's choice.
std::string key_said_twice(const YAML::Node& map) {
  std::set<std::string> seen;
  for (const auto& entry : map) {
    if (entry.first.IsScalar() && !seen.insert(entry.first.Scalar()).second)
      return entry.first.Scalar();
  }
  return {};
}

// What an entry of the log says and nobody reads: a note under another name would be lost.
std::string unknown_key(const YAML::Node& entry) {
  for (const auto& said : entry) {
    const std::string key = said.first.IsScalar() ? said.first.Scalar() : std::string();
    if (key == "version" || key == "date" || key == "note")
      continue;
    const std::vector<std::string> near = suggest(key, {"version", "date", "note"});
    return ticked(key) + ", which is none of `version`, `date` and `note`" +
           (near.empty() ? "" : ": did you mean " + ticked(near.front()) + "?");
  }
  return {};
}

std::string scalar_of(const YAML::Node& map, const char* key) {
  const YAML::Node value = map[key];
  return value && value.IsScalar() ? value.Scalar() : std::string();
}

void read_log(const YAML::Node& log, FrontMatter& front) {
  if (!log || log.IsNull())
    return;
  if (!log.IsSequence()) {
    front.problem = "`log` is no list; it is written `[{version: …, date: …, note: …}]`";
    return;
  }
  for (std::size_t i = 0; i < log.size() && front.problem.empty(); ++i) {
    const std::string entry = "entry " + std::to_string(i + 1) + " of `log` ";
    if (!log[i].IsMap()) {
      front.problem = entry + "is no `{version: …, date: …, note: …}`";
      return;
    }
    if (const std::string twice = key_said_twice(log[i]); !twice.empty())
      front.problem = entry + "says " + ticked(twice) + " twice";
    front.log.push_back({scalar_of(log[i], "version"), scalar_of(log[i], "date")});
    if (front.log.back().version.empty())
      front.problem = entry + "says no version" + misspelt(log[i], "version");
    else if (const std::string key = unknown_key(log[i]); !key.empty() && front.problem.empty())
      front.problem = entry + "says " + key;
  }
}

FrontMatter read_front_matter(const std::string& yaml) {
  FrontMatter front;
  front.problem = why_too_rich(yaml);
  if (!front.problem.empty())
    return front;
  try {
    const YAML::Node root = YAML::Load(yaml);
    if (!root.IsMap()) {
      front.problem = "it has no lines `key: value`";
      return front;
    }
    if (const std::string twice = key_said_twice(root); !twice.empty()) {
      front.problem = "it says " + ticked(twice) + " twice";
      return front;
    }
    const YAML::Node version = root["version"];
    if (version && !version.IsNull() && !version.IsScalar())
      front.problem = "`version` is no number";
    front.version = scalar_of(root, "version");
    if (!version)
      front.near_version = misspelt(root, "version");
    if (!root["log"])
      front.near_log = misspelt(root, "log");
    if (front.problem.empty())
      read_log(root["log"], front);
  } catch (const YAML::Exception& problem) {
    front.problem = "line " + std::to_string(problem.mark.line + 2) + ": " + problem.msg;
  }
  return front;
}

// `2026-01-31`, a day that there is; as text such dates sort by time.
bool is_date(const std::string& text) {
  return syntax::read_literal(text).kind == ast::Atom::Kind::kDate;
}

// "v4" and "4" are 4; nullopt: no number.
std::optional<std::uint64_t> number_of(std::string_view text) {
  if (text.starts_with('v'))
    text.remove_prefix(1);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number)
                                                                  : std::nullopt;
}

// What can't be so in a log that grew; empty: nothing.
std::string why_no_history(const std::vector<LogEntry>& log) {
  std::string date;
  std::optional<std::uint64_t> last;
  for (const LogEntry& entry : log) {
    const std::optional<std::uint64_t> version = number_of(entry.version);
    if (!version)
      return "logs version " + ticked(entry.version) + ", which is no number";
    if (last && *version <= *last)
      return "logs version " + std::to_string(*version) + " after version " +
             std::to_string(*last) + ": versions only rise";
    last = version;
    if (entry.date.empty())
      continue;
    if (!is_date(entry.date))
      return "dates version " + entry.version + " " + ticked(entry.date) +
             ", which is no date such as 2026-01-31";
    if (entry.date < date)
      return "dates version " + entry.version + " " + entry.date + ", before the entry above it (" +
             date + ")";
    date = entry.date;
  }
  return {};
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
    std::string problem;
    const std::optional<std::string> yaml = cut_front_matter(*file.text, problem);
    if (!yaml) {
      say("F410", problem, "begin it with `---`, `version: " + number() + "`, a `log`, and `---`");
      return;
    }
    const FrontMatter front = read_front_matter(*yaml);
    if (!front.problem.empty()) {
      say("F410", "has a front matter that can't be read: " + front.problem, "");
    } else if (front.version.empty()) {
      say("F410", "says no version" + front.near_version,
          "write `version: " + number() + "` in its front matter");
    } else if (!is_number(front.version)) {
      say("F410", "is version " + front.version + ", and declared as v" + number(),
          "set one of the two to the other");
    } else if (front.log.empty()) {
      say("F411", "has no log of its versions" + front.near_log,
          "write `log: [{version: " + number() + ", date: …, note: …}]` in its front matter");
    } else if (!is_number(front.log.back().version)) {
      say("F411", "has no entry for v" + number() + " at the end of its log",
          "say in the log what changed with it");
    } else if (const std::string why = why_no_history(front.log); !why.empty()) {
      say("F411", why,
          "entries stand in the order of their versions and dates, the newest at the end");
    }
  }

  // F412: what lies outside is not in the commit that a run is pinned to, and may be anything.
  void say_outside() {
    Diagnostic diagnostic =
        sema::error("F412", identity_.file->span,
                    "the document " + ticked(path_) + " is a link out of the repository");
    diagnostic.helps.push_back({"put the document itself there", {}, false});
    sink_.add(std::move(diagnostic));
  }

 private:
  std::string number() const { return std::to_string(identity_.version); }
  bool is_number(const std::string& text) const {
    return text == number() || text == "v" + number();
  }

  void say(const char* code, const std::string& what, const std::string& help) {
    Diagnostic diagnostic =
        sema::error(code, identity_.file->span, "the document " + ticked(path_) + " " + what);
    identity_.document.reported = true;
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

bool is_below(const std::filesystem::path& path, const std::filesystem::path& folder) {
  const auto [at, end] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return at == folder.end() || (at->empty() && std::next(at) == folder.end());
}

// Whether a link leads to where neither the file that declares it nor the repository is.
bool leads_out(const FileReader& files, const sema::Model& model, const std::filesystem::path& home,
               const std::string& path) {
  const std::string here = home.empty() ? "." : home.string();
  const std::filesystem::path target = files.resolve(path);
  if (target == path || is_below(target, files.resolve(here)))
    return false;
  if (!model.fleet || !model.fleet->repo)
    return true;
  return !is_below(target, files.resolve((home / model.fleet->repo->value.path).string()));
}

}  // namespace

void read_documents(FileReader& files, sema::Model& model, DiagnosticSink& sink) {
  for (sema::Identity& identity : model.identities) {
    if (!identity.file || identity.broken)
      continue;
    const std::filesystem::path home = std::filesystem::path(identity.home).parent_path();
    const std::string path = (home / identity.file->value).lexically_normal().string();
    DocumentCheck check(identity, path, sink);
    if (leads_out(files, model, home, path))
      check.say_outside();
    else
      check.run(files.read(path));
  }
}

}  // namespace fleet
