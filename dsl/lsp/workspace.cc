#include "dsl/lsp/workspace.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "dsl/base/stop.h"

namespace fleet::lsp {
namespace {

constexpr std::array<std::string_view, 5> kNotOurs{"node_modules/", "build/", "target/", "dist/",
                                                   "vendor/"};
constexpr std::size_t kMaxFolders = 5'000;
constexpr int kMaxDepth = 12;

// Notes what is read, with what it was when it was.
class Recorder : public FileReader {
 public:
  Recorder(Files& files, const std::map<std::string, std::string>& texts)
      : files_(files), texts_(texts) {}

  FileText read(const std::string& path) override {
    const auto imagined = texts_.find(path);
    if (imagined != texts_.end())
      return {imagined->second, {}};
    stamps_[path] = files_.stamp(path);
    return files_.read(path);
  }

  std::map<std::string, std::string> take() { return std::move(stamps_); }

 private:
  Files& files_;
  const std::map<std::string, std::string>& texts_;
  std::map<std::string, std::string> stamps_;
};

// Stands for a file that can't be read: an empty one, so that every answer has a text to be about.
class MissingFile : public FileReader {
 public:
  explicit MissingFile(std::string path) : path_(std::move(path)) {}
  FileText read(const std::string& path) override {
    return path == path_ ? FileText{std::string(), {}} : no_such_file();
  }

 private:
  std::string path_;
};

// Breadth first, so that what lies near the top is found before the bounds are reached.
void find_fleets(const Files& files, const std::string& top, std::set<std::string>& found) {
  std::vector<std::pair<std::string, int>> folders{{top, 0}};
  for (std::size_t i = 0; i < folders.size() && i < kMaxFolders; ++i) {
    const auto [folder, depth] = folders[i];
    for (const std::string& name : files.list(folder)) {
      const std::string path = folder + (folder.ends_with('/') ? "" : "/") + name;
      if (name.starts_with('.') || std::ranges::find(kNotOurs, name) != kNotOurs.end())
        continue;
      if (name.ends_with('/') && depth < kMaxDepth)
        folders.emplace_back(path.substr(0, path.size() - 1), depth + 1);
      else if (name.ends_with(".fleet") && found.size() < kMaxWorkspaceFiles)
        found.insert(path);
    }
  }
}

}  // namespace

bool is_fleet(const std::string& path) {
  return path.ends_with(".fleet") || !path.starts_with('/');
}

void Workspace::set_folders(std::vector<std::string> folders) {
  folders_ = std::move(folders);
  scan();
}

void Workspace::scan() {
  found_.clear();
  for (const std::string& folder : folders_)
    find_fleets(files_, folder, found_);
  const auto is_gone = [&](const auto& known) {
    return !found_.contains(known.first) && files_.document(known.first) == nullptr;
  };
  std::erase_if(snapshots_, is_gone);
  std::erase_if(read_, is_gone);
  parses_.forget();
}

bool Workspace::is_current(const Snapshot& snapshot) const {
  return std::ranges::all_of(
      snapshot.stamps(), [&](const auto& read) { return files_.stamp(read.first) == read.second; });
}

std::shared_ptr<const Snapshot> Workspace::snapshot(const std::string& path) {
  std::shared_ptr<const Snapshot>& known = snapshots_[path];
  if (known && is_current(*known))
    return known;
  // Gone before the next one is made, which takes its trees over.
  known.reset();
  known = make(path, {}, &parses_);
  std::set<std::string>& read = read_[path];
  read.clear();
  for (const auto& [file, stamp] : known->stamps())
    read.insert(file);
  return known;
}

std::shared_ptr<const Snapshot> Workspace::imagine(
    const std::string& path, const std::map<std::string, std::string>& texts) {
  return make(path, texts, nullptr);
}

std::shared_ptr<const Snapshot> Workspace::make(const std::string& path,
                                                const std::map<std::string, std::string>& texts,
                                                syntax::Parses* kept) {
  ++compilations_;
  Recorder recorder(files_, texts);
  Analysis analysis = analyze_file(path, recorder, kept);
  if (!analysis.modules) {
    MissingFile missing(path);
    analysis = analyze_file(path, missing);
  }
  return std::make_shared<const Snapshot>(path, std::move(analysis), recorder.take(), today_);
}

std::vector<std::string> Workspace::affected(const std::string& path) const {
  std::vector<std::string> found;
  for (const std::string& root : roots()) {
    const auto known = read_.find(root);
    const bool reads = known != read_.end() && known->second.contains(path);
    if (root == path || reads)
      found.push_back(root);
  }
  return found;
}

std::vector<std::string> Workspace::roots() const {
  std::vector<std::string> roots;
  for (const auto& [path, document] : files_.documents()) {
    if (is_fleet(path))
      roots.push_back(path);
  }
  for (const std::string& path : found_) {
    if (files_.document(path) == nullptr)
      roots.push_back(path);
  }
  return roots;
}

std::vector<std::shared_ptr<const Snapshot>> Workspace::containing(const std::string& path) {
  std::vector<std::shared_ptr<const Snapshot>> found;
  if (is_fleet(path))
    found.push_back(snapshot(path));
  for (const std::string& root : roots()) {
    poll_stop();
    if (root == path)
      continue;
    std::shared_ptr<const Snapshot> other = snapshot(root);
    if (other->source(path))
      found.push_back(std::move(other));
  }
  return found;
}

}  // namespace fleet::lsp
