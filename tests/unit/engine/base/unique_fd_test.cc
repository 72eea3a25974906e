#include "engine/base/unique_fd.h"

#include <fcntl.h>

#include <catch2/catch.hpp>

namespace fleet {
namespace {

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) != -1;
}
int open_null() {
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

TEST_CASE("a descriptor is closed with its owner, once") {
  const int raw = open_null();
  {
    UniqueFd first(raw);
    UniqueFd second(std::move(first));
    CHECK(first.get() == -1);  // NOLINT(bugprone-use-after-move): that is what is tested
    CHECK(second.get() == raw);
    CHECK(is_open(raw));
  }
  CHECK_FALSE(is_open(raw));
}

TEST_CASE("assignment closes what was held before") {
  const int raw = open_null();
  UniqueFd fd(raw);
  fd = UniqueFd(open_null());
  CHECK(fd);
  CHECK((fd.get() == raw || !is_open(raw)));
}

TEST_CASE("assigning a descriptor to itself keeps it") {
  UniqueFd fd(open_null());
  UniqueFd& same = fd;
  fd = std::move(same);
  CHECK(is_open(fd.get()));
}

TEST_CASE("a released descriptor stays open") {
  UniqueFd fd(open_null());
  const int raw = fd.release();
  CHECK_FALSE(fd);
  CHECK(is_open(raw));
  ::close(raw);
}

}  // namespace
}  // namespace fleet
