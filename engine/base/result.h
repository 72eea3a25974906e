// Result<T>: a value or an Error, in the shape of std::expected, which g++ 12 has only in C++23
// mode and clang 14 not at all. Used for what the world does wrong (disk, process, git); a user's
// text yields a Diagnostic instead and an agent's failure an outcome. Knows nothing of what failed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "engine/base/check.h"

namespace fleet {

// What callers branch on; the message is for people. Add a code only when a caller treats it
// differently.
enum class Errc {
  kInvalid,
  kNotFound,
  kExists,
  kBusy,
  kIo,
  kNoSpace,
  kReadOnly,
  kCorrupt,
  kConflict,
  kUnsupported,
  kTimeout,
  kCancelled
};

class [[nodiscard]] Error {
 public:
  Error(Errc code, std::string message) : code_(code), message_(std::move(message)) {}

  Errc code() const { return code_; }
  const std::string& message() const { return message_; }

  // Prefixes "what: ". Each layer adds only what the layer below cannot know.
  Error in(std::string_view what) && {
    message_.insert(0, std::string(what) + ": ");
    return std::move(*this);
  }

 private:
  Errc code_;
  std::string message_;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  explicit operator bool() const { return state_.index() == 0; }

  // REQUIRES: *this holds a value.
  const T& operator*() const& { return get(); }
  T& operator*() & { return const_cast<T&>(get()); }
  T&& operator*() && { return std::move(const_cast<T&>(get())); }
  const T* operator->() const { return &get(); }
  T* operator->() { return &const_cast<T&>(get()); }

  // REQUIRES: *this holds an error.
  const Error& error() const& {
    FLEET_ASSERT(state_.index() == 1);
    return std::get<1>(state_);
  }
  Error&& error() && {
    FLEET_ASSERT(state_.index() == 1);
    return std::get<1>(std::move(state_));
  }

 private:
  const T& get() const {
    if (state_.index() != 0)
      FLEET_FAIL("a value was taken from an error", std::get<1>(state_).message());
    return std::get<0>(state_);
  }

  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  explicit operator bool() const { return !error_; }

  // REQUIRES: *this holds an error.
  const Error& error() const& {
    FLEET_ASSERT(error_.has_value());
    return *error_;
  }
  Error&& error() && {
    FLEET_ASSERT(error_.has_value());
    return std::move(*error_);
  }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

// The code that fits an errno value.
Errc errc_of(int error_number);
// "CALL SUBJECT: strerror", with the code that fits. Read errno on the line after the call.
Error os_error(std::string_view call, std::string_view subject, int error_number);

}  // namespace fleet

// FLEET_TRY(auto file, open(path));  binds the value or returns the error.
#define FLEET_TRY(decl, expr) FLEET_TRY_AS_(FLEET_JOIN_(try_, __LINE__), decl, expr)
// FLEET_CHECK(file.sync());  returns the error, if there is one.
#define FLEET_CHECK(expr)                                     \
  do {                                                        \
    if (::fleet::Status check_status = (expr); !check_status) \
      return std::move(check_status).error();                 \
  } while (false)
#define FLEET_TRY_AS_(tmp, decl, expr) \
  auto tmp = (expr);                   \
  if (!tmp)                            \
    return std::move(tmp).error();     \
  decl = *std::move(tmp)
#define FLEET_JOIN_(a, b) FLEET_JOIN2_(a, b)
#define FLEET_JOIN2_(a, b) a##b
