#include "engine/simulate/agenda.h"

#include <vector>

#include <catch2/catch.hpp>

using namespace fleet;
using namespace fleet::simulate;
using std::chrono::milliseconds;

TEST_CASE("things happen in order of their time, and those of one time as they were put there") {
  Agenda agenda(os::WallTime(milliseconds(1000)));
  std::vector<int> happened;
  agenda.in(milliseconds(5), [&] { happened.push_back(3); });
  agenda.in(milliseconds(2), [&] {
    happened.push_back(1);
    agenda.in(milliseconds(3), [&] { happened.push_back(4); });
    agenda.in(milliseconds(0), [&] { happened.push_back(2); });
  });
  while (agenda.advance()) {
  }
  CHECK(happened == std::vector{1, 2, 3, 4});
  CHECK(agenda.now() == milliseconds(5));
  CHECK(agenda.wall() == os::WallTime(milliseconds(1005)));
}

TEST_CASE("setting the time of day moves no thing on the agenda") {
  Agenda agenda(os::WallTime(milliseconds(1000)));
  bool happened = false;
  agenda.in(milliseconds(5), [&] { happened = true; });
  agenda.set_wall(-milliseconds(600));
  CHECK(agenda.wall() == os::WallTime(milliseconds(400)));
  CHECK(agenda.mono() == os::MonoTime{});
  CHECK(agenda.advance());
  CHECK(happened);
  CHECK(agenda.now() == milliseconds(5));
  CHECK_FALSE(agenda.advance());
}
