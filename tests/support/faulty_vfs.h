// SQLite's file layer with faults, over the system's: the k-th call that changes a file fails,
// before or after its effect or half-way; and a power cut can be imagined at any moment, in which
// each write since a file's last fsync is kept or lost. Ask for it by the name kFaultyVfs. One
// scenario at a time.
#pragma once

#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "engine/base/check.h"

namespace fleet::testing {

inline constexpr const char* kFaultyVfs = "fleetc-faulty";

enum class FaultKind { kBefore, kAfter, kShortWrite };
enum class FaultCode { kIo, kNoSpace };

struct FaultPlan {
  std::uint64_t call = 0;  // counts from 1; 0 never fails
  FaultKind kind = FaultKind::kBefore;
  FaultCode code = FaultCode::kIo;
  bool for_good = false;               // every call from `call` on
  std::function<bool()> only_while{};  // asked at each call when set
};

class FaultyDisk {
 public:
  static FaultyDisk& instance() {
    static FaultyDisk disk;
    return disk;
  }

  // Forgets all that was, and registers the layer at first.
  void begin(FaultPlan plan) {
    const std::lock_guard guard(mutex_);
    plan_ = std::move(plan);
    calls_ = 0;
    fired_ = false;
    files_.clear();
  }
  bool fired() const {
    const std::lock_guard guard(mutex_);
    return fired_;
  }

  // What the disk would hold if the power failed now: copies `from`, in which each file that SQLite
  // wrote keeps what was synced and a random part of what was not.
  void power_cut(const std::string& from, const std::string& to, std::mt19937_64& random) {
    namespace fs = std::filesystem;
    const std::lock_guard guard(mutex_);
    fs::create_directories(to);
    for (const auto& entry : fs::directory_iterator(from)) {
      const std::string name = entry.path().filename().string();
      if (name == "state.db-shm")
        continue;
      const auto file = files_.find(entry.path().string());
      if (file == files_.end() || file->second.pending.empty()) {
        fs::copy_file(entry.path(), fs::path(to) / name);
        continue;
      }
      std::string bytes = file->second.synced;
      for (const Change& change : file->second.pending)
        if (random() % 2 == 0)
          change.apply(bytes);
      std::ofstream(fs::path(to) / name) << bytes;
    }
  }

 private:
  struct Change {
    std::size_t offset = 0;
    std::string bytes;
    bool truncates = false;
    void apply(std::string& content) const {
      const std::size_t end = offset + bytes.size();
      if (truncates || content.size() < end)
        content.resize(end);
      content.replace(offset, bytes.size(), bytes);
    }
  };
  struct Written {
    std::string synced;
    std::vector<Change> pending;
  };
  struct File {
    sqlite3_file base;
    std::string* path;
    sqlite3_file* real;  // in the memory behind this
  };

  FaultyDisk() : system_(sqlite3_vfs_find(nullptr)) {
    layer_ = *system_;
    layer_.pNext = nullptr;
    layer_.zName = kFaultyVfs;
    layer_.szOsFile = static_cast<int>(sizeof(File)) + system_->szOsFile;
    layer_.xOpen = [](sqlite3_vfs*, sqlite3_filename name, sqlite3_file* file, int flags,
                      int* out) {
      return instance().open(name, reinterpret_cast<File*>(file), flags, out);
    };
    layer_.xDelete = [](sqlite3_vfs*, const char* name, int sync) {
      FaultyDisk& disk = instance();
      return disk.change(SQLITE_IOERR_DELETE,
                         [&] { return disk.system_->xDelete(disk.system_, name, sync); });
    };
    FLEET_ASSERT(sqlite3_vfs_register(&layer_, 0) == SQLITE_OK);
  }

  static File* self(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
  static sqlite3_file* real(sqlite3_file* file) { return self(file)->real; }
  static const sqlite3_io_methods* real_methods(sqlite3_file* file) { return real(file)->pMethods; }

  int open(const char* name, File* file, int flags, int* out) {
    file->base.pMethods = nullptr;
    file->path = nullptr;
    file->real = reinterpret_cast<sqlite3_file*>(file + 1);
    const int result = system_->xOpen(system_, name, file->real, flags, out);
    if (file->real->pMethods == nullptr)
      return result;
    file->path = new std::string(name != nullptr ? name : "");
    file->base.pMethods = methods();
    return result;
  }

  // Counts the call and decides about it.
  bool fails_now() {
    const std::lock_guard guard(mutex_);
    ++calls_;
    const bool due =
        plan_.call != 0 && (calls_ == plan_.call || (plan_.for_good && calls_ > plan_.call));
    if (!due || (plan_.only_while && !plan_.only_while()))
      return false;
    fired_ = true;
    return true;
  }

  int fault_code(int io_code) const {
    errno = plan_.code == FaultCode::kNoSpace ? ENOSPC : EIO;
    return plan_.code == FaultCode::kNoSpace ? SQLITE_FULL : io_code;
  }

  template <class Call>
  int change(int io_code, Call call) {
    if (!fails_now())
      return call();
    if (plan_.kind == FaultKind::kAfter)
      call();
    return fault_code(io_code);
  }

  void remember(sqlite3_file* file, Change change) {
    const std::lock_guard guard(mutex_);
    Written& written = files_[*self(file)->path];
    if (written.pending.empty()) {
      sqlite3_int64 size = 0;
      real_methods(file)->xFileSize(real(file), &size);
      written.synced.assign(static_cast<std::size_t>(size), '\0');
      real_methods(file)->xRead(real(file), written.synced.data(), static_cast<int>(size), 0);
    }
    written.pending.push_back(std::move(change));
  }

  int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
    const bool fails = fails_now();
    if (fails && plan_.kind == FaultKind::kBefore)
      return fault_code(SQLITE_IOERR_WRITE);
    const int part = fails && plan_.kind == FaultKind::kShortWrite ? size / 2 : size;
    remember(file,
             {static_cast<std::size_t>(offset),
              std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(part)), false});
    const int result = real_methods(file)->xWrite(real(file), bytes, part, offset);
    return fails ? fault_code(SQLITE_IOERR_WRITE) : result;
  }

  int sync(sqlite3_file* file, int flags) {
    return change(SQLITE_IOERR_FSYNC, [&] {
      {
        const std::lock_guard guard(mutex_);
        files_[*self(file)->path].pending.clear();
      }
      return real_methods(file)->xSync(real(file), flags);
    });
  }

  int truncate(sqlite3_file* file, sqlite3_int64 size) {
    return change(SQLITE_IOERR_TRUNCATE, [&] {
      remember(file, {static_cast<std::size_t>(size), {}, true});
      return real_methods(file)->xTruncate(real(file), size);
    });
  }

  static const sqlite3_io_methods* methods() {
    static const sqlite3_io_methods table = {
        3,
        [](sqlite3_file* file) {
          const int result = real_methods(file)->xClose(real(file));
          delete self(file)->path;
          return result;
        },
        [](sqlite3_file* file, void* bytes, int size, sqlite3_int64 offset) {
          return real_methods(file)->xRead(real(file), bytes, size, offset);
        },
        [](sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
          return instance().write(file, bytes, size, offset);
        },
        [](sqlite3_file* file, sqlite3_int64 size) { return instance().truncate(file, size); },
        [](sqlite3_file* file, int flags) { return instance().sync(file, flags); },
        [](sqlite3_file* file, sqlite3_int64* size) {
          return real_methods(file)->xFileSize(real(file), size);
        },
        [](sqlite3_file* file, int lock) { return real_methods(file)->xLock(real(file), lock); },
        [](sqlite3_file* file, int lock) { return real_methods(file)->xUnlock(real(file), lock); },
        [](sqlite3_file* file, int* out) {
          return real_methods(file)->xCheckReservedLock(real(file), out);
        },
        [](sqlite3_file* file, int op, void* arg) {
          return real_methods(file)->xFileControl(real(file), op, arg);
        },
        [](sqlite3_file* file) { return real_methods(file)->xSectorSize(real(file)); },
        [](sqlite3_file* file) { return real_methods(file)->xDeviceCharacteristics(real(file)); },
        [](sqlite3_file* file, int page, int size, int extend, void volatile** out) {
          return real_methods(file)->xShmMap(real(file), page, size, extend, out);
        },
        [](sqlite3_file* file, int offset, int count, int flags) {
          return real_methods(file)->xShmLock(real(file), offset, count, flags);
        },
        [](sqlite3_file* file) { real_methods(file)->xShmBarrier(real(file)); },
        [](sqlite3_file* file, int remove) {
          return real_methods(file)->xShmUnmap(real(file), remove);
        },
        [](sqlite3_file* file, sqlite3_int64 offset, int size, void** out) {
          return real_methods(file)->xFetch(real(file), offset, size, out);
        },
        [](sqlite3_file* file, sqlite3_int64 offset, void* page) {
          return real_methods(file)->xUnfetch(real(file), offset, page);
        }};
    return &table;
  }

  sqlite3_vfs* system_;
  sqlite3_vfs layer_{};
  mutable std::mutex mutex_;
  FaultPlan plan_;
  std::uint64_t calls_ = 0;
  bool fired_ = false;
  std::map<std::string, Written> files_;
};

}  // namespace fleet::testing
