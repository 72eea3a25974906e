// A file system that fails at its k-th call, before or after the call has taken effect.
#pragma once

#include "engine/os/files.h"

namespace fleet::testing {

enum class FaultTime : std::uint8_t { kBefore, kAfter };

class FaultFiles final : public os::Files {
 public:
  // `call` counts from 1; 0 never fails.
  FaultFiles(os::Files& under, std::uint64_t call, FaultTime time, Errc code = Errc::kIo)
      : under_(under), call_(call), time_(time), code_(code) {}

  std::uint64_t calls() const { return calls_; }
  bool fired() const { return call_ != 0 && calls_ >= call_; }

  Result<std::string> read_file(const os::Path& path, std::size_t max_bytes) override {
    return pass<Result<std::string>>([&] { return under_.read_file(path, max_bytes); });
  }
  Status write_atomic(const os::Path& path, std::string_view bytes, mode_t mode) override {
    return pass<Status>([&] { return under_.write_atomic(path, bytes, mode); });
  }
  Status make_dirs(const os::Path& path, mode_t mode) override {
    return pass<Status>([&] { return under_.make_dirs(path, mode); });
  }
  Status remove_tree(const os::Path& path) override {
    return pass<Status>([&] { return under_.remove_tree(path); });
  }
  Result<bool> exists(const os::Path& path) override {
    return pass<Result<bool>>([&] { return under_.exists(path); });
  }
  Result<std::vector<os::DirEntry>> list(const os::Path& path) override {
    return pass<Result<std::vector<os::DirEntry>>>([&] { return under_.list(path); });
  }
  Result<std::uint64_t> free_bytes(const os::Path& path) override {
    return pass<Result<std::uint64_t>>([&] { return under_.free_bytes(path); });
  }
  Result<os::FileLock> lock_file(const os::Path& path) override {
    return pass<Result<os::FileLock>>([&] { return under_.lock_file(path); });
  }

 private:
  template <class Answer, class Call>
  Answer pass(Call call) {
    if (++calls_ != call_)
      return call();
    if (time_ == FaultTime::kAfter)
      static_cast<void>(call());
    return Error(code_, fmt::format("injected at call {}", calls_));
  }

  os::Files& under_;
  std::uint64_t call_;
  FaultTime time_;
  Errc code_;
  std::uint64_t calls_ = 0;
};

}  // namespace fleet::testing
