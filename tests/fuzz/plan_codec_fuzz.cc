// Any bytes are an error or a sound plan; a plan that is read survives writing, sealing and
// drawing.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "dsl/plan/codec.h"
#include "dsl/plan/render.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fleet::plan;
  const DecodedPlan decoded =
      from_json(std::string_view(reinterpret_cast<const char*>(data), size));
  if (decoded.plan.has_value() != decoded.error.empty()) {
    std::abort();
  }
  if (!decoded.plan) {
    return 0;
  }
  Plan plan = *decoded.plan;
  const DecodedPlan again = from_json(to_json(plan));
  if (!validate(plan).empty() || !again.plan || *again.plan != plan) {
    std::abort();
  }
  seal(plan);
  const std::size_t drawn =
      to_text(plan).size() + to_dot(plan).size() + to_svg(plan).size() + to_mermaid(plan).size();
  return drawn == 0 ? -1 : 0;
}
