#include "engine/worktree/checkout.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "engine/os/thread.h"
#include "engine/worktree/safe_files.h"

namespace fleet::worktree {
namespace {

constexpr mode_t kDirectoryMode = 0755;

// One directory to be made right. `node` is null for an untracked one of which something is kept.
struct Job {
  DirNode* node = nullptr;
  std::string path;    // below the tree, no trailing slash
  bool fresh = false;  // just made, so there is nothing to look at
};

class Jobs {
 public:
  void push(Job job) {
    {
      const std::lock_guard lock(mutex_);
      jobs_.push_back(std::move(job));
      ++open_;
    }
    more_.notify_one();
  }

  // False when all is done or something failed.
  bool pop(Job& job) {
    std::unique_lock lock(mutex_);
    more_.wait(lock, [this] { return !jobs_.empty() || open_ == 0 || error_; });
    if (error_ || jobs_.empty())
      return false;
    job = std::move(jobs_.back());
    jobs_.pop_back();
    return true;
  }

  void finish(Status status) {
    const std::lock_guard lock(mutex_);
    --open_;
    if (!status && !error_)
      error_ = std::move(status).error();
    if (open_ == 0 || error_)
      more_.notify_all();
  }

  Status result() && {
    if (error_)
      return *std::move(error_);
    return {};
  }

 private:
  std::mutex mutex_;
  std::condition_variable more_;
  std::vector<Job> jobs_;  // a stack: depth first keeps it short
  std::size_t open_ = 0;   // queued or being worked on
  std::optional<Error> error_;
};

class Worker {
 public:
  Worker(const CheckoutRequest& request, const FileIndex& index, Jobs& jobs)
      : request_(request), index_(index), jobs_(jobs) {}

  void run() {
    Job job;
    while (jobs_.pop(job)) {
      Status status = settle(job);
      if (!status)
        status = std::move(status).error().in(job.path.empty() ? "the tree" : job.path);
      jobs_.finish(std::move(status));
    }
  }

  CheckoutReport report;

 private:
  Status settle(const Job& job) {
    FLEET_TRY(const UniqueFd fd, open_beneath(request_.tree, job.path));
    std::vector<char> seen_files(job.node != nullptr ? job.node->files.size() : 0);
    std::vector<char> seen_dirs(job.node != nullptr ? job.node->dirs.size() : 0);
    if (!job.fresh) {
      FLEET_TRY(const auto entries, list_directory(fd.get()));
      for (const DirEntry& entry : entries) {
        if (job.path.empty() && entry.name == ".git")
          continue;
        FileNode* file = job.node != nullptr ? job.node->find_file(entry.name) : nullptr;
        DirNode* dir = job.node != nullptr ? job.node->find_dir(entry.name) : nullptr;
        if (file != nullptr) {
          seen_files[static_cast<std::size_t>(file - job.node->files.data())] = 1;
          FLEET_CHECK(settle_file(fd.get(), *file));
        } else if (dir != nullptr) {
          seen_dirs[static_cast<std::size_t>(dir - job.node->dirs.data())] = 1;
          FLEET_CHECK(settle_dir(fd.get(), *dir, job.path));
        } else {
          FLEET_CHECK(settle_untracked(fd.get(), entry, job.path));
        }
      }
    }
    if (job.node == nullptr)
      return {};
    for (std::size_t i = 0; i < seen_files.size(); ++i) {
      if (seen_files[i] == 0)
        FLEET_CHECK(write_file(fd.get(), job.node->files[i]));
    }
    for (std::size_t i = 0; i < seen_dirs.size(); ++i) {
      if (seen_dirs[i] == 0)
        FLEET_CHECK(make_dir(fd.get(), job.node->dirs[i], job.path));
    }
    return {};
  }

  static std::string join(const std::string& directory, const std::string& name) {
    return directory.empty() ? name : directory + "/" + name;
  }

  Status make_dir(int directory, DirNode& dir, const std::string& path) {
    if (::mkdirat(directory, dir.name.c_str(), kDirectoryMode) != 0) {
      return os_error("mkdir", dir.name, errno);
    }
    jobs_.push({&dir, join(path, dir.name), true});
    return {};
  }

  Status settle_dir(int directory, DirNode& dir, const std::string& path) {
    FLEET_TRY(const auto found, stat_entry(directory, dir.name));
    if (!found || !S_ISDIR(found->st_mode)) {
      FLEET_CHECK(remove(directory, dir.name));
      return make_dir(directory, dir, path);
    }
    if ((found->st_mode & 07777) != kDirectoryMode &&
        ::fchmodat(directory, dir.name.c_str(), kDirectoryMode, 0) != 0) {
      return os_error("chmod", dir.name, errno);
    }
    jobs_.push({&dir, join(path, dir.name), false});
    return {};
  }

  Status settle_untracked(int directory, const DirEntry& entry, const std::string& path) {
    if (request_.keep == nullptr || request_.keep->empty())
      return remove(directory, entry.name);
    const std::string inner = join(path, entry.name);
    if (request_.keep->covers(inner))
      return {};
    FLEET_TRY(const auto found, stat_entry(directory, entry.name));
    if (found && S_ISDIR(found->st_mode) && request_.keep->may_cover_beneath(inner) &&
        inner.size() < 4000) {
      FLEET_TRY(const UniqueFd child, open_child(directory, entry.name));
      return sweep(directory, child.get(), entry.name, inner);
    }
    return remove(directory, entry.name);
  }

  // An untracked directory of which something may stay: everything else goes, and so does the
  // directory if nothing stayed.
  Status sweep(int parent, int directory, const std::string& name, const std::string& path) {
    FLEET_TRY(const auto entries, list_directory(directory));
    for (const DirEntry& entry : entries)
      FLEET_CHECK(settle_untracked(directory, entry, path));
    if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOTEMPTY) {
      return os_error("rmdir", name, errno);
    }
    return {};
  }

  Status remove(int directory, const std::string& name) {
    ++report.removed;
    return remove_entry(directory, name);
  }

  Status settle_file(int directory, FileNode& file) {
    FLEET_TRY(const auto found, stat_entry(directory, file.name));
    if (found && index_.is_unchanged(file, *found))
      return {};
    if (found && S_ISREG(found->st_mode) && found->st_nlink == 1 && file.mode != kModeLink) {
      FLEET_TRY(const bool same, restore_metadata(directory, file, *found));
      if (same)
        return {};
    }
    if (found)
      FLEET_CHECK(remove(directory, file.name));
    return write_file(directory, file);
  }

  // True if the contents are the blob's after all (touched, or too young to tell): cheaper than to
  // write them again.
  Result<bool> restore_metadata(int directory, FileNode& file, const struct stat& found) {
    if (file.stat.inode != 0 && file.stat.size != static_cast<std::uint64_t>(found.st_size)) {
      return false;
    }
    const mode_t mode = file.mode == kModeProgram ? 0755 : 0644;
    if ((found.st_mode & 07777) != mode && ::fchmodat(directory, file.name.c_str(), mode, 0) != 0) {
      return os_error("chmod", file.name, errno);
    }
    auto bytes = read_entry(directory, file.name, std::uint64_t{1} << 40);
    if (!bytes)
      return std::move(bytes).error();
    git_oid id;
    if (git_odb_hash(&id, bytes->data(), bytes->size(), GIT_OBJECT_BLOB) != 0 ||
        from_git_oid(id) != file.oid) {
      return false;
    }
    FLEET_CHECK(remember(directory, file));
    return true;
  }

  Status remember(int directory, FileNode& file) {
    FLEET_TRY(const auto found, stat_entry(directory, file.name));
    if (!found)
      return Error(Errc::kIo, file.name + " vanished while it was written");
    file.stat = FileStat::of(*found);
    ++report.doubted;
    return {};
  }

  Status write_file(int directory, FileNode& file) {
    if (!odb_) {
      FLEET_TRY(odb_, open_odb(request_.objects_dir));
    }
    const git_oid id = to_git(file.oid);
    git_odb_object* raw = nullptr;
    if (const int code = git_odb_read(&raw, odb_.get(), &id); code < 0) {
      return from_git("read " + file.name, code);
    }
    const OdbObjectPtr object(raw);
    const std::string_view bytes(static_cast<const char*>(git_odb_object_data(raw)),
                                 git_odb_object_size(raw));
    ++report.written;
    if (file.mode == kModeLink) {
      if (::symlinkat(std::string(bytes).c_str(), directory, file.name.c_str()) != 0) {
        return os_error("symlink", file.name, errno);
      }
      return remember(directory, file);
    }
    const mode_t mode = file.mode == kModeProgram ? 0755 : 0644;
    FLEET_TRY(const UniqueFd fd, create_file(directory, file.name, mode));
    FLEET_CHECK(write_all(fd.get(), bytes, file.name));
    struct stat found = {};
    if (::fstat(fd.get(), &found) != 0)
      return os_error("fstat", file.name, errno);
    // A umask of ours must not make every later reset doubt the mode.
    if ((found.st_mode & 07777) != mode) {
      if (::fchmod(fd.get(), mode) != 0 || ::fstat(fd.get(), &found) != 0) {
        return os_error("chmod", file.name, errno);
      }
    }
    file.stat = FileStat::of(found);
    return {};
  }

  const CheckoutRequest& request_;
  const FileIndex& index_;
  Jobs& jobs_;
  OdbPtr odb_;
};

unsigned thread_count(unsigned wanted) {
  if (wanted != 0)
    return wanted;
  return std::clamp(std::thread::hardware_concurrency(), 1U, 8U);
}

}  // namespace

Result<CheckoutReport> check_out(const CheckoutRequest& request, FileIndex& index) {
  start_libgit2();
  Jobs jobs;
  jobs.push({&index.root, "", false});
  std::vector<Worker> workers;
  const unsigned count = thread_count(request.threads);
  for (unsigned i = 0; i < count; ++i)
    workers.emplace_back(request, index, jobs);
  std::vector<std::thread> threads;
  // They share what is to be done, so that fewer are slower and nothing else.
  for (unsigned i = 1; i < count; ++i)
    if (auto thread = os::start_thread("a checkout", [&workers, i] { workers[i].run(); }))
      threads.push_back(*std::move(thread));
  workers[0].run();
  for (std::thread& thread : threads)
    thread.join();
  FLEET_CHECK(std::move(jobs).result());
  CheckoutReport report;
  for (const Worker& worker : workers) {
    report.written += worker.report.written;
    report.removed += worker.report.removed;
    report.doubted += worker.report.doubted;
  }
  return report;
}

}  // namespace fleet::worktree
