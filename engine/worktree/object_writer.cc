#include "engine/worktree/object_writer.h"

#include <algorithm>
#include <utility>

#include <git2/sys/mempack.h>
#include <git2/sys/odb_backend.h>

#include "engine/worktree/held_directory.h"

namespace fleet::worktree {
namespace {

// A loose object costs two syncs (file and directory), a pack four for all of its objects; but
// packs slow every later lookup down until the user's next gc.
constexpr std::size_t kMaxLoose = 48;
constexpr std::uint64_t kSpill = std::uint64_t{64} << 20;
// Above the disk's backends, so that objects land here first.
constexpr int kMempackPriority = 1000;

using PackBuilderPtr = GitPtr<git_packbuilder, git_packbuilder_free>;

std::string clean_name(const std::string& name) {
  std::string out;
  for (const char byte : name) {
    if (byte != '<' && byte != '>' && byte != '\n' && byte != '\0')
      out += byte;
  }
  const std::size_t first = out.find_first_not_of(" .,:;\"'");
  if (first == std::string::npos)
    return "fleetc";
  return out.substr(first, out.find_last_not_of(" .,:;\"'") + 1 - first);
}

}  // namespace

Result<Oid> ObjectWriter::add(git_object_t type, std::string bytes) {
  git_oid id;
  if (const int code = git_odb_hash(&id, bytes.data(), bytes.size(), type); code < 0) {
    return from_git("hash an object", code);
  }
  const Oid oid = from_git_oid(id);
  if (held_.contains(oid))
    return oid;
  if (git_odb_exists_ext(git_.odb.get(), &id, GIT_ODB_LOOKUP_NO_REFRESH) == 1) {
    // Writing what is there only renews its age, so that a `git gc` at this moment lets it live.
    FLEET_CHECK(write_one(oid, type, bytes));
    return oid;
  }
  held_bytes_ += bytes.size();
  held_.emplace(oid, Held{type, std::move(bytes)});
  if (held_bytes_ > kSpill)
    FLEET_CHECK(flush());
  return oid;
}

Status ObjectWriter::flush() {
  const Status status = held_.size() > kMaxLoose ? write_pack() : write_loose();
  FLEET_CHECK(status);
  held_.clear();
  held_bytes_ = 0;
  return {};
}

Status ObjectWriter::write_one(const Oid& oid, git_object_t type, const std::string& bytes) {
  const auto write = [&]() -> Status {
    git_oid id;
    const int code = git_odb_write(&id, git_.odb.get(), bytes.data(), bytes.size(), type);
    if (code < 0)
      return from_git("write object " + oid.hex(), code);
    return {};
  };
  Status status = write();
  while (!status) {
    // The user's gc may have taken its directory in between: again, where that cannot be.
    const auto hold =
        HeldDirectory::make(git_.objects_dir(), oid.hex().substr(0, 2), object_hold_name());
    if (!hold)
      return status;
    status = write();
    if (hold->stands())
      return status;
  }
  return status;
}

Status ObjectWriter::write_loose() {
  for (const auto& [oid, held] : held_)
    FLEET_CHECK(write_one(oid, held.type, held.bytes));
  return {};
}

// The pack builder reads from a repository, so the objects are shown to it in memory, by a handle
// of their own: the memory backend can't be taken out of a store again.
Status ObjectWriter::write_pack() {
  git_repository* raw = nullptr;
  if (const int code = git_repository_open_ext(
          &raw, git_.common_dir.c_str(),
          GIT_REPOSITORY_OPEN_NO_SEARCH | GIT_REPOSITORY_OPEN_NO_DOTGIT, nullptr);
      code < 0) {
    return from_git("open " + git_.common_dir, code);
  }
  const RepositoryPtr repo(raw);
  git_odb* raw_odb = nullptr;
  if (const int code = git_repository_odb(&raw_odb, raw); code < 0) {
    return from_git("open the object store", code);
  }
  const OdbPtr odb(raw_odb);
  git_odb_backend* memory = nullptr;
  int code = git_mempack_new(&memory);
  if (code == 0)
    code = git_odb_add_backend(raw_odb, memory, kMempackPriority);
  if (code < 0)
    return from_git("hold objects in memory", code);
  git_packbuilder* raw_builder = nullptr;
  code = git_packbuilder_new(&raw_builder, raw);
  if (code < 0)
    return from_git("start a pack", code);
  const PackBuilderPtr builder(raw_builder);
  for (const auto& [oid, held] : held_) {
    git_oid id;
    code = git_odb_write(&id, raw_odb, held.bytes.data(), held.bytes.size(), held.type);
    if (code == 0)
      code = git_packbuilder_insert(raw_builder, &id, nullptr);
    if (code < 0)
      return from_git("pack object " + oid.hex(), code);
  }
  code = git_packbuilder_write(raw_builder, (git_.objects_dir() + "/pack").c_str(), 0444, nullptr,
                               nullptr);
  if (code < 0)
    return from_git("write a pack", code);
  git_odb_refresh(git_.odb.get());
  return {};
}

std::string encode_commit(const CommitText& commit) {
  const std::string who = clean_name(commit.author_name) + " <" + clean_name(commit.author_email) +
                          "> " + std::to_string(commit.time) + " +0000\n";
  std::string text = "tree " + commit.tree.hex() + "\n";
  for (const Oid& parent : commit.parents)
    text += "parent " + parent.hex() + "\n";
  text += "author " + (commit.author.empty() ? who : commit.author + "\n") + "committer " + who;
  if (!commit.encoding.empty())
    text += "encoding " + commit.encoding + "\n";
  text += "\n";
  std::string message = commit.message;
  std::erase(message, '\0');
  while (!message.empty() && message.back() == '\n')
    message.pop_back();
  return text + message + "\n";
}

}  // namespace fleet::worktree
