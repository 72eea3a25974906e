#include "engine/flow/probes.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "dsl/plan/describe.h"
#include "dsl/plan/grants.h"
#include "engine/flow/own_command.h"
#include "engine/flow/secret.h"

namespace fleet::flow {
namespace {

constexpr std::size_t kMaxProbeWord = 200;

// What a probe says last, on one line, without the secret and without what a terminal would obey.
std::string last_line(std::string text, std::string_view secret) {
  for (std::size_t at; !secret.empty() && (at = text.find(secret)) != std::string::npos;)
    text.replace(at, secret.size(), "[the secret]");
  const auto is_blank = [](char c) {
    return static_cast<unsigned char>(c) <= ' ';
  };
  while (!text.empty() && is_blank(text.back()))
    text.pop_back();
  if (const std::size_t end = text.find_last_of('\n'); end != std::string::npos)
    text.erase(0, end + 1);
  std::ranges::replace_if(
      text, [&](char c) { return is_blank(c) || c == 0x7F; }, ' ');
  if (text.size() > kMaxProbeWord)
    text.resize(kMaxProbeWord);
  return text;
}

Result<std::string> secret_of(const plan::Credential& credential, const Site& site) {
  if (credential.mode == plan::Credential::Mode::kBroker ||
      credential.from != plan::Credential::From::kEnv)
    return read_secret(credential, site);
  // What a session is given as it is need not be one word.
  const auto found = site.environment.find(credential.source);
  return found == site.environment.end() ? std::string() : found->second;
}

}  // namespace

std::optional<Probes::Bad> Probes::first_bad(const plan::Plan& plan, const plan::Agent& agent) {
  for (const plan::Credential& credential : plan.credentials) {
    if (!plan::is_granted(agent, credential))
      continue;
    if (std::string why = why_bad(credential); !why.empty())
      return Bad{credential.name, std::move(why)};
  }
  return std::nullopt;
}

std::string Probes::why_bad(const plan::Credential& credential) {
  const auto today = std::chrono::floor<std::chrono::days>(clock_.wall()).time_since_epoch();
  if (credential.expires && today.count() > *credential.expires)
    return fmt::format("its last day was {}; set the new date where it is declared",
                       plan::date_text(*credential.expires));
  if (!credential.probe)
    return {};
  const std::string key = credential.name + '\n' + credential.probe->text;
  std::promise<std::string> mine;
  std::shared_future<std::string> answer;
  {
    const std::lock_guard lock(mutex_);
    const auto known = good_.find(key);
    if (known != good_.end() && std::chrono::steady_clock::now() - known->second < kFresh)
      return {};
    if (const auto other = under_way_.find(key); other != under_way_.end())
      answer = other->second;
    else
      under_way_.emplace(key, mine.get_future().share());
  }
  if (answer.valid())
    return answer.get();
  std::string why = probe(credential);
  mine.set_value(why);
  const std::lock_guard lock(mutex_);
  under_way_.erase(key);
  if (why.empty())
    good_.insert_or_assign(key, std::chrono::steady_clock::now());
  return why;
}

std::string Probes::probe(const plan::Credential& credential) {
  const auto secret = secret_of(credential, site_);
  if (!secret)
    return secret.error().message();
  const auto output =
      run_own({*credential.probe,
               {{"FLEETC_CREDENTIAL", *secret},
                {"FLEETC_SCOPES", fmt::to_string(fmt::join(credential.scopes, " "))}},
               true},
              site_);
  if (!output)
    return "its probe: " + output.error().message();
  if (output->ended.empty())
    return {};
  const std::string said = last_line(output->text, *secret);
  return fmt::format("its probe `{}` ended with {}{}{}", credential.probe->text, output->ended,
                     said.empty() ? "" : ": ", said);
}

}  // namespace fleet::flow
