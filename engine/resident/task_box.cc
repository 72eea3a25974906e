#include "engine/resident/task_box.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dsl/plan/words.h"
#include "engine/os/clock.h"
#include "engine/os/files.h"

namespace fleet::resident {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kCancel = ".cancel";
// Two texts, each byte of which may be escaped to six.
constexpr std::size_t kMaxFile = 16 * kMaxText;

// A file's name: an id may hold what a run's or a finding's name holds, but for what leads
// elsewhere.
std::string file_of(const std::string& id) {
  std::string name;
  for (const char c : id) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_';
    name += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return name;
}

std::string encode(const Wake& wake) {
  Json out;
  out["id"] = wake.id;
  out["kind"] = static_cast<int>(wake.event.kind);
  out["name"] = wake.event.name;
  out["text"] = wake.text;
  out["criteria"] = wake.criteria;
  out["commit"] = wake.commit;
  out["spare"] = wake.spare;
  out["only"] = wake.only;
  out["at"] = wake.at;
  return out.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::optional<Wake> decode(const std::string& bytes) {
  const Json in = Json::parse(bytes, nullptr, false);
  constexpr int kLast = static_cast<int>(plan::Event::Kind::kFile);
  const auto text = [&](const char* key) {
    return in.contains(key) && in[key].is_string();
  };
  if (!in.is_object() || !text("id") || !text("name") || !text("text") || !text("criteria") ||
      !text("commit") || !text("only") || !in.contains("kind") || !in["kind"].is_number_integer() ||
      !in.contains("at") || !in["at"].is_number_integer() || !in.contains("spare") ||
      !in["spare"].is_array() ||
      !std::ranges::all_of(in["spare"], [](const Json& one) { return one.is_string(); }))
    return std::nullopt;
  const int kind = in["kind"].get<int>();
  if (kind < 0 || kind > kLast)
    return std::nullopt;
  Wake wake;
  wake.id = in["id"].get<std::string>();
  wake.event = {static_cast<plan::Event::Kind>(kind), in["name"].get<std::string>()};
  wake.text = in["text"].get<std::string>();
  wake.criteria = in["criteria"].get<std::string>();
  wake.commit = in["commit"].get<std::string>();
  wake.spare = in["spare"].get<std::vector<std::string>>();
  wake.only = in["only"].get<std::string>();
  wake.at = in["at"].get<std::int64_t>();
  return wake;
}

Result<Wake> read(const std::string& path) {
  FLEET_TRY(const std::string bytes, os::system_files().read_file(path, kMaxFile));
  std::optional<Wake> wake = decode(bytes);
  if (!wake)
    return Error(Errc::kCorrupt, path + " is no task");
  return *std::move(wake);
}

Result<bool> is_there(const std::string& path) {
  return os::system_files().exists(path);
}

}  // namespace

Result<TaskBox> TaskBox::open(const std::string& state_dir) {
  TaskBox box(state_dir + "/tasks");
  for (const char* folder : {"/new", "/done", "/cancel"})
    FLEET_CHECK(os::system_files().make_dirs(box.root_ + folder));
  return box;
}

Result<bool> TaskBox::put(const Wake& wake) {
  const std::string name = file_of(wake.id);
  for (const char* folder : {"/new/", "/done/"}) {
    FLEET_TRY(const bool known, is_there(root_ + folder + name));
    if (known)
      return false;
  }
  FLEET_CHECK(os::system_files().write_atomic(new_ + "/" + name, encode(wake)));
  return true;
}

Result<TaskBox::Listed> TaskBox::list() const {
  FLEET_TRY(const auto entries, os::system_files().list(new_));
  Listed listed;
  for (const os::DirEntry& entry : entries) {
    if (entry.kind != os::FileKind::kFile || entry.name.starts_with("."))
      continue;
    // One that was being cancelled when its engine died: nothing begins for it any more.
    FLEET_TRY(const bool cancelled, is_there(root_ + "/done/" + entry.name + kCancel));
    if (cancelled)
      continue;
    auto wake = read(new_ + "/" + entry.name);
    if (wake && file_of(wake->id) == entry.name)
      listed.wakes.push_back(*std::move(wake));
    else if (wake || wake.error().code() == Errc::kCorrupt)
      listed.broken.push_back(new_ + "/" + entry.name);
    else if (wake.error().code() != Errc::kNotFound)
      return wake.error();  // it may be one all the same: what can't be read now is read later
  }
  std::ranges::stable_sort(listed.wakes, {}, &Wake::at);
  return listed;
}

Result<TaskBox::Found> TaskBox::find(const std::string& id) const {
  const std::string name = file_of(id);
  for (const bool is_new : {true, false}) {
    auto wake = read(root_ + (is_new ? "/new/" : "/done/") + name);
    if (!wake && wake.error().code() == Errc::kNotFound)
      continue;
    if (!wake)
      return std::move(wake).error();
    FLEET_TRY(const bool cancelled, is_there(root_ + "/done/" + name + kCancel));
    return Found{*std::move(wake), is_new && !cancelled, cancelled};
  }
  return Error(Errc::kNotFound, fmt::format("no task is called `{}`", id));
}

Result<std::vector<TaskBox::Found>> TaskBox::list_done() const {
  FLEET_TRY(const auto entries, os::system_files().list(root_ + "/done"));
  std::vector<Found> all;
  for (const os::DirEntry& entry : entries) {
    if (entry.kind != os::FileKind::kFile || entry.name.find('.') != std::string::npos)
      continue;
    if (auto wake = read(root_ + "/done/" + entry.name)) {
      FLEET_TRY(const bool cancelled, is_there(root_ + "/done/" + entry.name + kCancel));
      all.push_back({*std::move(wake), false, cancelled});
    }
  }
  std::ranges::stable_sort(all, {}, [](const Found& one) { return one.wake.at; });
  return all;
}

// Written to done/ before it is gone from new/: at every instant it is in one of them.
Status TaskBox::finish(const std::string& id, bool cancelled) {
  const std::string name = file_of(id);
  auto wake = read(new_ + "/" + name);
  if (!wake)
    return wake.error().code() == Errc::kNotFound ? Status() : Status(wake.error());
  if (cancelled)
    FLEET_CHECK(os::system_files().write_atomic(root_ + "/done/" + name + kCancel, ""));
  FLEET_CHECK(os::system_files().write_atomic(root_ + "/done/" + name, encode(*wake)));
  return os::system_files().remove_tree(new_ + "/" + name);
}

Status TaskBox::ask_cancel(const std::string& id) {
  return os::system_files().write_atomic(root_ + "/cancel/" + file_of(id), id);
}

Result<std::vector<std::string>> TaskBox::list_cancels() const {
  FLEET_TRY(const auto entries, os::system_files().list(root_ + "/cancel"));
  std::vector<std::string> ids;
  for (const os::DirEntry& entry : entries)
    if (!entry.name.starts_with("."))
      if (auto id = os::system_files().read_file(root_ + "/cancel/" + entry.name, 4096))
        ids.push_back(*std::move(id));
  return ids;
}

Status TaskBox::end_cancel(const std::string& id) {
  return os::system_files().remove_tree(root_ + "/cancel/" + file_of(id));
}

std::string new_task_id() {
  static constexpr std::string_view kLetters = "abcdefghjkmnpqrstuvwxyz23456789";
  std::string id = "task:";
  for (int i = 0; i < 6; ++i)
    id += kLetters[os::system_random().next() % kLetters.size()];
  return id;
}

}  // namespace fleet::resident
