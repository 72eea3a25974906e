// Rules that nest in one another in every order, tried in real sandboxes against the sentence that
// describes them: of several rules the deepest decides.
#include <rapidcheck.h>
#include <signal.h>
#include <sys/wait.h>

#include <fstream>

#include <catch2/catch.hpp>

#include "tests/support/keeper_fixture.h"

using namespace fleet;
using namespace fleet::process;
using fleet::testing::contents_of;
using fleet::testing::Keeper;

namespace {

enum class Seen { kHidden, kReadOnly, kWritable };

// A tree of directories a, a/b, a/b/a ... with a file `f` in each.
const std::vector<std::string>& places() {
  static const std::vector<std::string> all = {"a",     "b",     "a/a",   "a/b",   "b/a",
                                               "a/a/a", "a/a/b", "a/b/a", "b/a/a", "a/a/a/b"};
  return all;
}

Seen oracle(const std::map<std::string, Seen>& rules, const std::string& place) {
  Seen seen = Seen::kReadOnly;
  for (const std::string& above : places())
    if ((place + "/").starts_with(above + "/") && rules.contains(above))
      seen = rules.at(above);
  return seen;
}

std::string word_for(Seen seen) {
  switch (seen) {
    case Seen::kHidden: return "hidden";
    case Seen::kReadOnly: return "read";
    case Seen::kWritable: return "write";
  }
  return {};
}

}  // namespace

TEST_CASE("The deepest rule decides what a sandboxed job sees and writes") {
  Keeper keeper;
  keeper.enter();
  if (!keeper.engine().capabilities().sandbox)
    FAIL("bubblewrap does not work here: " + keeper.engine().capabilities().sandbox_reason);
  std::uint32_t task = 0;
  const bool holds = rc::check([&] {
    // Below /tmp, which is replaced too, or elsewhere below the scratch directory's real path.
    const std::string root = keeper.scratch() / ("tree" + std::to_string(++task));
    for (const std::string& place : places()) {
      std::filesystem::create_directories(root + "/" + place);
      std::ofstream(root + "/" + place + "/f") << "text";
    }
    std::map<std::string, Seen> rules;
    SandboxSpec spec;
    spec.exposed = {root};
    for (const std::string& place : places()) {
      const int kind = *rc::gen::inRange(0, 6);
      if (kind == 0)
        spec.masked.emplace_back(root + "/" + place);
      else if (kind == 1)
        spec.exposed.emplace_back(root + "/" + place);
      else if (kind == 2)
        spec.writable.emplace_back(root + "/" + place);
      else
        continue;
      rules[place] = static_cast<Seen>(kind);
    }
    std::string script;
    std::string expected;
    for (const std::string& place : places()) {
      const std::string file = root + "/" + place + "/f";
      script += "if test ! -r " + file + "; then echo hidden; elif (: >> " + file +
                ") 2>/dev/null; then echo write; else echo read; fi\n";
      expected += word_for(oracle(rules, place)) + "\n";
    }
    JobSpec job = keeper.agent(task, {});
    job.argv = {"sh", "-c", script};
    job.cwd = "/";
    job.sandbox = spec;
    const JobReport end = keeper.run(job);
    RC_ASSERT(end.success());
    RC_ASSERT(contents_of(keeper.output_of(job.key)) == expected);
    std::filesystem::remove_all(root);
  });
  CHECK(holds);
}
