#include "dsl/driver/lock.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "dsl/driver/stdlib_files.h"
#include "dsl/plan/codec.h"
#include "dsl/sema/report.h"

namespace fleet {
namespace {

using sema::ticked;

constexpr std::string_view kHash = "sha256:";

// Up to the next blank, which is taken as well; the last word has the rest of the line.
std::string_view take_word(std::string_view& line) {
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

std::optional<std::string> hash_of(std::string_view word) {
  constexpr std::size_t kDigits = 64;
  const bool hex =
      word.starts_with(kHash) && word.size() == kHash.size() + kDigits &&
      word.substr(kHash.size()).find_first_not_of("0123456789abcdef") == std::string_view::npos;
  return hex ? std::optional(std::string(word.substr(kHash.size()))) : std::nullopt;
}

std::optional<std::uint32_t> version_of(std::string_view word) {
  constexpr std::size_t kMostDigits = 9;
  if (word.size() < 2 || word.size() > kMostDigits + 1 || word.front() != 'v')
    return std::nullopt;
  std::uint32_t version = 0;
  for (const char c : word.substr(1)) {
    if (c < '0' || c > '9')
      return std::nullopt;
    version = version * 10 + static_cast<std::uint32_t>(c - '0');
  }
  return version;
}

bool read_line(std::string_view line, Lock& lock) {
  const std::string_view kind = take_word(line);
  if (kind == "std") {
    const std::string module(take_word(line));
    const std::optional<std::string> hash = hash_of(line);
    return hash && lock.library.emplace(module, *hash).second;
  }
  if (kind != "identity")
    return false;
  const std::optional<std::uint32_t> version = version_of(take_word(line));
  const std::optional<std::string> hash = hash_of(take_word(line));
  return version && hash && !line.empty() &&
         lock.documents.emplace(std::string(line), Lock::Document{*version, *hash}).second;
}

// Of the text of a module of the standard library, file by file. Once for each: the language server
// asks at every keystroke.
std::string library_hash(const std::string& module) {
  static std::mutex mutex;
  static std::map<std::string, std::string> known;
  const std::lock_guard lock(mutex);
  const auto [hash, fresh] = known.try_emplace(module);
  if (!fresh)
    return hash->second;
  std::string folder = module.substr(module.find('.') + 1) + "/";
  std::ranges::replace(folder, '.', '/');
  std::string text;
  for (const StdlibFile& file : stdlib_files()) {
    if (file.path.starts_with(folder))
      text.append(file.path).append(1, '\0').append(file.text).append(1, '\0');
  }
  return hash->second = plan::sha256(text);
}

std::filesystem::path folder_of(const std::string& file) {
  return std::filesystem::path(file).parent_path();
}

// As it is read from the lock's folder.
std::string document_path(const std::string& fleet_file, const sema::Identity& identity) {
  const std::filesystem::path path =
      (folder_of(identity.home) / identity.file->value).lexically_normal();
  const std::filesystem::path below =
      path.lexically_relative(folder_of(fleet_file).lexically_normal());
  return below.empty() ? path.string() : below.string();
}

void say_changed(const sema::Identity& identity, const std::string& path,
                 const Lock::Document& locked, DiagnosticSink& sink) {
  const std::string version = "v" + std::to_string(identity.version);
  const bool older = locked.version > identity.version;
  Diagnostic diagnostic = sema::error(
      "F411", identity.version_span,
      older ? "the document " + ticked(path) + " was locked as v" + std::to_string(locked.version) +
                  ", and is " + version + " again"
            : "the document " + ticked(path) + " has changed, and is still " + version,
      older ? "versions only rise" : "whoever read " + version + " read something else");
  if (identity.file)
    diagnostic.secondary.push_back({identity.file->span, "the document"});
  const std::string next =
      std::to_string(std::max<std::uint64_t>(locked.version, identity.version) + 1);
  diagnostic.helps.push_back({"make it v" + next +
                                  ", here and in its front matter, say in its log what changed, "
                                  "and run `fleetc lock`",
                              {},
                              false});
  sink.add(std::move(diagnostic));
}

void check_documents(const std::string& fleet_file, const sema::Model& model, const Lock& old,
                     Lock& lock, DiagnosticSink& sink) {
  for (const sema::Identity& identity : model.identities) {
    if (!identity.file || identity.broken || !identity.document.found)
      continue;
    const std::string path = document_path(fleet_file, identity);
    const auto locked = old.documents.find(path);
    // That its version is wrong was said: what the lock has of it follows from that.
    if (locked != old.documents.end() && !identity.document.reported &&
        (locked->second.version > identity.version ||
         (locked->second.version == identity.version &&
          locked->second.sha256 != identity.document.sha256)))
      say_changed(identity, path, locked->second, sink);
    lock.documents[path] = {identity.version, identity.document.sha256};
  }
}

void check_library(const std::vector<sema::Module>& modules, const Lock& old, Lock& lock,
                   Span place, DiagnosticSink& sink) {
  for (const sema::Module& module : modules) {
    if (!module.name.starts_with("std."))
      continue;
    std::string hash = library_hash(module.name);
    const auto locked = old.library.find(module.name);
    if (locked != old.library.end() && locked->second != hash) {
      Diagnostic diagnostic = sema::warning(
          "F413", place, ticked(module.name) + " is another than the fleet was locked with");
      diagnostic.helps.push_back(
          {"look at what `fleetc plan` shows, then run `fleetc lock`", {}, false});
      sink.add(std::move(diagnostic));
    }
    lock.library[module.name] = std::move(hash);
  }
}

}  // namespace

std::optional<Lock> read_lock(std::string_view text, std::string& problem) {
  Lock lock;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r'))
      line.remove_suffix(1);
    if (line.empty() || line.starts_with('#') || read_line(line, lock))
      continue;
    problem = "line " + std::to_string(number) + " is none that `fleetc lock` writes";
    return std::nullopt;
  }
  return lock;
}

std::string to_text(const Lock& lock) {
  std::string text =
      "# Written by `fleetc lock`: what the fleets of this folder were checked with.\n";
  for (const auto& [module, hash] : lock.library)
    text += "std " + module + " " + std::string(kHash) + hash + "\n";
  for (const auto& [path, document] : lock.documents)
    text += "identity v" + std::to_string(document.version) + " " + std::string(kHash) +
            document.sha256 + " " + path + "\n";
  return text;
}

std::string lock_path(const std::string& fleet_file) {
  return (folder_of(fleet_file) / "fleet.lock").lexically_normal().string();
}

Lock check_lock(FileReader& files, const std::string& fleet_file,
                const std::vector<sema::Module>& modules, const sema::Model& model,
                DiagnosticSink& sink) {
  const Span place = model.fleet ? model.fleet->name_span : Span{};
  const std::string path = lock_path(fleet_file);
  const FileText text = files.read(path);
  // Without a lock nothing is compared; one that can't be read would pass for none.
  std::string problem = text.text || text.missing ? std::string() : text.problem;
  std::optional<Lock> old = text.text ? read_lock(*text.text, problem) : std::nullopt;
  if (!problem.empty()) {
    Diagnostic diagnostic =
        sema::error("F411", place, "can't read the lock " + ticked(path) + ": " + problem);
    diagnostic.helps.push_back(
        {"take it as it was in the last commit, or remove it and run `fleetc lock`, which writes "
         "it "
         "anew from what is there now",
         {},
         false});
    sink.add(std::move(diagnostic));
  }
  Lock lock = old.value_or(Lock{});
  check_documents(fleet_file, model, old.value_or(Lock{}), lock, sink);
  check_library(modules, old.value_or(Lock{}), lock, place, sink);
  return lock;
}

}  // namespace fleet
