#include "dsl/plan/codec.h"

#include "dsl/plan/json_reader.h"
#include "dsl/plan/json_writer.h"

namespace fleet::plan {

std::string to_json(const Plan& plan) {
  std::string out;
  out.reserve(1024 + 512 * (plan.nodes.size() + plan.agents.size()));
  JsonWriter(out).write(plan);
  return out;
}

DecodedPlan from_json(std::string_view json) {
  DecodedPlan decoded;
  JsonReader reader(json);
  Plan plan;
  if (!reader.read_document(plan)) {
    decoded.error = reader.error();
  } else if (std::string breach = validate(plan); !breach.empty()) {
    decoded.error = std::move(breach);
  } else {
    decoded.plan = std::move(plan);
  }
  return decoded;
}

}  // namespace fleet::plan
