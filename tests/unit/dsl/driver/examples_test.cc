// Every fleet of examples/ compiles without a word, to the plan that its folder shows.
#include <filesystem>

#include <catch2/catch.hpp>

#include "dsl/base/render.h"
#include "dsl/driver/compile.h"
#include "dsl/plan/render.h"
#include "tests/support/golden.h"

namespace fleet {
namespace {

std::vector<std::filesystem::path> fleets() {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(
           std::filesystem::path(FLEETC_SOURCE_DIR) / "examples")) {
    if (entry.path().extension() == ".fleet")
      found.push_back(entry.path());
  }
  std::ranges::sort(found);
  return found;
}

// Under its own name, as it is when the command stands in its folder.
class Folder : public DiskReader {
 public:
  explicit Folder(std::filesystem::path folder) : folder_(std::move(folder)) {}
  FileText read(const std::string& path) override {
    return DiskReader::read((folder_ / path).string());
  }
  std::string resolve(const std::string& path) const override {
    return DiskReader::resolve((folder_ / path).string());
  }

 private:
  std::filesystem::path folder_;
};

}  // namespace

TEST_CASE("every example compiles without a word, to the plan that it shows") {
  CHECK(fleets().size() >= 4);
  for (const std::filesystem::path& path : fleets()) {
    Folder files(path.parent_path());
    CompileOptions options;
    options.goal = Goal::kPlan;
    options.today = 20'490;  // 2026-02-06
    const Compilation result = compile(path.filename().string(), files, options);
    INFO(path << "\n" << render_text(result.diagnostics, *result.sources) << result.usage);
    CHECK(result.diagnostics.empty());
    REQUIRE(result.plan.has_value());
    const std::filesystem::path folder = path.parent_path().filename();
    golden::check(("../../examples" / folder / "expected/plan.txt").string(),
                  plan::to_text(*result.plan));
    CHECK(std::filesystem::exists(path.parent_path() / "README.md"));
  }
}

}  // namespace fleet
