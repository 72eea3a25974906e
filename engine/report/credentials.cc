#include "engine/report/credentials.h"

#include <algorithm>

#include <fmt/format.h>

#include "dsl/plan/describe.h"
#include "engine/report/words.h"

namespace fleet::report {
namespace {

constexpr std::int64_t kDay = 86'400'000;
constexpr std::int64_t kSoon = 30;  // days; as F603 has it

std::string left_text(std::int64_t left) {
  if (left < 0)
    return "ended";
  return left == 0 ? "its last day" : counted(static_cast<std::uint64_t>(left), "day") + " left";
}

}  // namespace

std::vector<std::string> ending_credentials(const std::vector<plan::Credential>& credentials,
                                            std::int64_t now) {
  std::vector<const plan::Credential*> ending;
  for (const plan::Credential& each : credentials)
    if (each.expires && *each.expires - now / kDay <= kSoon)
      ending.push_back(&each);
  std::ranges::stable_sort(ending, {}, [](const plan::Credential* each) { return *each->expires; });
  std::vector<std::string> lines;
  for (const plan::Credential* each : ending)
    lines.push_back(fmt::format("{} of {}: {}, until {}", printable(each->name),
                                printable(each->owner), left_text(*each->expires - now / kDay),
                                plan::date_text(*each->expires)));
  return lines;
}

std::string credential_lines(const plan::Plan& plan, std::int64_t now) {
  std::string out;
  for (const std::string& line : ending_credentials(plan.credentials, now))
    out += "    " + line + "\n";
  return out.empty() ? out : "  credentials that end soon\n" + out;
}

}  // namespace fleet::report
