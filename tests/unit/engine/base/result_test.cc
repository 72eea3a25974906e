#include "engine/base/result.h"

#include <cerrno>
#include <memory>

#include <catch2/catch.hpp>

namespace fleet {
namespace {

Result<int> half_of(int number) {
  if (number % 2 != 0)
    return Error(Errc::kInvalid, fmt::format("{} is odd", number));
  return number / 2;
}

Result<int> quarter_of(int number) {
  FLEET_TRY(const int half, half_of(number));
  FLEET_TRY(const int quarter, half_of(half));
  return quarter;
}

Status must_be_even(int number) {
  FLEET_TRY([[maybe_unused]] const int half, half_of(number));
  return {};
}

Status both_even(int a, int b) {
  FLEET_CHECK(must_be_even(a));
  FLEET_CHECK(must_be_even(b));
  return {};
}

TEST_CASE("FLEET_TRY binds the value or hands on the error") {
  CHECK(*quarter_of(12) == 3);
  CHECK(quarter_of(6).error().message() == "3 is odd");
  CHECK(quarter_of(5).error().message() == "5 is odd");
}

TEST_CASE("FLEET_CHECK hands on the first error") {
  CHECK(both_even(2, 4));
  CHECK(both_even(2, 3).error().message() == "3 is odd");
  CHECK(both_even(1, 3).error().message() == "1 is odd");
}

TEST_CASE("each layer puts what it knows in front and keeps the code") {
  const Error error = Error(Errc::kBusy, "held").in("lock").in("journal");
  CHECK(error.message() == "journal: lock: held");
  CHECK(error.code() == Errc::kBusy);
}

TEST_CASE("a result holds what can only be moved") {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
  const std::unique_ptr<int> taken = *std::move(result);
  CHECK(*taken == 7);
}

TEST_CASE("an errno becomes the code that callers branch on") {
  const auto [number, code] = GENERATE(table<int, Errc>({{ENOENT, Errc::kNotFound},
                                                         {ENOTDIR, Errc::kNotFound},
                                                         {EEXIST, Errc::kExists},
                                                         {EAGAIN, Errc::kBusy},
                                                         {ENOSPC, Errc::kNoSpace},
                                                         {EDQUOT, Errc::kNoSpace},
                                                         {EROFS, Errc::kReadOnly},
                                                         {EACCES, Errc::kReadOnly},
                                                         {ENAMETOOLONG, Errc::kInvalid},
                                                         {EIO, Errc::kIo}}));
  CHECK(errc_of(number) == code);
}

TEST_CASE("a system error names the call, its subject and the reason") {
  const Error error = os_error("open", "/no/such file", ENOENT);
  CHECK(error.message() == "open /no/such file: No such file or directory");
}

}  // namespace
}  // namespace fleet
