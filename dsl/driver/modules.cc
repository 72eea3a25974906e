#include "dsl/driver/modules.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "dsl/base/stop.h"
#include "dsl/driver/stdlib_files.h"
#include "dsl/sema/report.h"
#include "dsl/syntax/parse.h"

namespace fleet {
namespace {

using sema::ticked;

// "std.roles" -> "roles/"
std::string stdlib_folder(const std::string& name) {
  std::string folder = name.substr(name.find('.') + 1) + "/";
  std::ranges::replace(folder, '.', '/');
  return folder;
}

std::vector<std::string> stdlib_modules() {
  std::vector<std::string> names;
  for (const StdlibFile& file : stdlib_files()) {
    std::string name = "std." + std::string(file.path.substr(0, file.path.find_last_of('/')));
    std::ranges::replace(name, '/', '.');
    if (names.empty() || names.back() != name)
      names.push_back(std::move(name));
  }
  return names;
}

// Depth first: a module is complete, and has its index, once everything that it imports has.
class Loader {
 public:
  Loader(FileReader& files, SourceMap& sources, DiagnosticSink& sink, syntax::Parses* kept)
      : files_(files), sources_(sources), sink_(sink), kept_(kept) {}

  Loaded run(const std::string& path) {
    FileText text = files_.read(path);
    if (!text.text)
      return {{}, "can't read " + path + ": " + text.problem};
    const std::string key = std::filesystem::path(path).lexically_normal().string();
    begin(key);
    load(key, path, {{path, *std::move(text.text)}});
    return std::move(loaded_);
  }

 private:
  using Texts = std::vector<std::pair<std::string, std::string>>;  // name, text

  void begin(const std::string& key) { open_.push_back(key); }

  std::size_t load(const std::string& key, const std::string& name, Texts texts) {
    sema::Module module;
    module.name = name;
    for (auto& [file, text] : texts) {
      poll_stop();
      const SourceId source = sources_.add(file, std::move(text));
      module.files.push_back(kept_ != nullptr ? kept_->parse(sources_, source, sink_)
                                              : syntax::parse(sources_, source, sink_));
    }
    for (const ast::File& file : module.files) {
      for (const ast::Body::Item& item : file.body.items) {
        if (item.use)
          module.imports.push_back(import(*item.use, name));
      }
    }
    open_.pop_back();
    loaded_.modules.push_back(std::move(module));
    const std::size_t index = loaded_.modules.size() - 1;
    done_[key] = index;
    return index;
  }

  // The module that a `use` names; nullopt: reported.
  std::optional<std::size_t> import(const ast::Use& use, const std::string& from) {
    if (use.foreign)
      return std::nullopt;
    const std::string key = use.is_file ? beside(from, use.path) : use.path;
    const auto known = done_.find(key);
    if (known != done_.end())
      return known->second;
    if (std::ranges::find(open_, key) != open_.end()) {
      say_cycle(use, key);
      return std::nullopt;
    }
    Texts texts = use.is_file ? read_file(use, key) : read_stdlib(use);
    if (texts.empty())
      return std::nullopt;
    begin(key);
    return load(key, key, std::move(texts));
  }

  static std::string beside(const std::string& from, const std::string& path) {
    return (std::filesystem::path(from).parent_path() / path).lexically_normal().string();
  }

  Texts read_file(const ast::Use& use, const std::string& path) {
    FileText text = files_.read(path);
    if (!text.text) {
      sink_.add(sema::error("F102", use.path_span,
                            "can't read " + ticked(use.path) + ": " + text.problem));
      return {};
    }
    return {{path, *std::move(text.text)}};
  }

  Texts read_stdlib(const ast::Use& use) {
    Texts texts;
    const std::string folder = stdlib_folder(use.path);
    const bool is_std = use.path.starts_with("std.");
    for (const StdlibFile& file : stdlib_files()) {
      if (!is_std || !file.path.starts_with(folder))
        continue;
      texts.emplace_back("std/" + std::string(file.path), std::string(file.text));
    }
    if (texts.empty()) {
      Diagnostic diagnostic =
          sema::unknown("F102", use.path_span, "module", use.path, stdlib_modules());
      diagnostic.notes.push_back("the standard library has " +
                                 sema::listed(stdlib_modules(), "and"));
      sink_.add(std::move(diagnostic));
    }
    return texts;
  }

  void say_cycle(const ast::Use& use, const std::string& key) {
    std::string path;
    for (auto at = std::ranges::find(open_, key); at != open_.end(); ++at)
      path += *at + " -> ";
    Diagnostic diagnostic = sema::error("F102", use.path_span, "imports form a cycle");
    diagnostic.notes.push_back(path + key);
    sink_.add(std::move(diagnostic));
  }

  FileReader& files_;
  SourceMap& sources_;
  DiagnosticSink& sink_;
  syntax::Parses* kept_;
  Loaded loaded_;
  std::map<std::string, std::size_t> done_;
  std::vector<std::string> open_;  // modules whose imports are being loaded, outermost first
};

}  // namespace

Loaded load_modules(const std::string& path, FileReader& files, SourceMap& sources,
                    DiagnosticSink& sink, syntax::Parses* kept) {
  return Loader(files, sources, sink, kept).run(path);
}

}  // namespace fleet
