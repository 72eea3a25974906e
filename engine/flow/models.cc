#include "engine/flow/models.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "dsl/plan/codec.h"
#include "dsl/plan/grants.h"
#include "dsl/plan/words.h"
#include "engine/flow/secret.h"
#include "engine/os/clock.h"
#include "engine/os/files.h"

namespace fleet::flow {
namespace {

using broker::Protocol;

constexpr std::chrono::seconds kKeyFresh{60};

struct Names {
  Protocol protocol;
  std::string_view vendor;    // how variables of its keys begin
  std::string_view base_url;  // the variable that names its service
  std::string_view key;       // and its key
  std::string_view version;   // what its base URL ends in
};
constexpr auto kNames = std::to_array<Names>({
    {Protocol::kAnthropic, "ANTHROPIC_", "ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY", ""},
    {Protocol::kOpenai, "OPENAI_", "OPENAI_BASE_URL", "OPENAI_API_KEY", "/v1"},
    {Protocol::kGemini, "GEMINI_", "GOOGLE_GEMINI_BASE_URL", "GEMINI_API_KEY", ""},
});
constexpr std::string_view kToken = "ANTHROPIC_AUTH_TOKEN";  // of a bearer

const Names& names_of(Protocol protocol) {
  return *std::ranges::find(kNames, protocol, &Names::protocol);
}

std::string session_name(run::Attempt attempt) {
  return fmt::format("{}.{}", attempt.task.value, attempt.epoch);
}

std::optional<run::Attempt> attempt_of(std::string_view session) {
  run::Attempt attempt;
  const char* end = session.data() + session.size();
  const auto task = std::from_chars(session.data(), end, attempt.task.value);
  if (task.ec != std::errc{} || task.ptr == end || *task.ptr != '.')
    return std::nullopt;
  const auto epoch = std::from_chars(task.ptr + 1, end, attempt.epoch);
  if (epoch.ec != std::errc{} || epoch.ptr != end)
    return std::nullopt;
  return attempt;
}

std::string_view value_in(const std::vector<std::pair<std::string, std::string>>& variables,
                          std::string_view name) {
  for (const auto& [each, value] : variables)
    if (each == name)
      return value;
  return {};
}

// opencode's model is "PROVIDER/MODEL"; providers that it does not have built in speak OpenAI's.
Protocol provider_protocol(std::string_view model) {
  if (model.starts_with("anthropic/"))
    return Protocol::kAnthropic;
  return model.starts_with("google/") ? Protocol::kGemini : Protocol::kOpenai;
}

// A program says by the name of its key, or by where its service is, what it speaks.
std::optional<Protocol> program_protocol(const plan::Agent& agent,
                                         const plan::Credential& credential) {
  std::optional<Protocol> found;
  for (const Names& names : kNames) {
    const bool named = credential.from == plan::Credential::From::kEnv &&
                       credential.source.starts_with(names.vendor);
    if (named)
      return names.protocol;
    if (value_in(agent.runtime.env, names.base_url).empty())
      continue;
    if (found)
      return std::nullopt;
    found = names.protocol;
  }
  return found;
}

std::optional<Protocol> protocol_of(const plan::Agent& agent, const plan::Credential& credential) {
  switch (agent.runtime.adapter) {
    case plan::Adapter::kClaude: return Protocol::kAnthropic;
    case plan::Adapter::kCodex: return Protocol::kOpenai;
    case plan::Adapter::kGemini: return Protocol::kGemini;
    case plan::Adapter::kOpencode: return provider_protocol(agent.runtime.model);
    case plan::Adapter::kShell: return program_protocol(agent, credential);
  }
  return std::nullopt;
}

bool is_custom_provider(const plan::Agent& agent) {
  return agent.runtime.adapter == plan::Adapter::kOpencode &&
         provider_protocol(agent.runtime.model) == Protocol::kOpenai &&
         !agent.runtime.model.starts_with("openai/");
}

// Kept for as long as the run is: the next engine knows the sessions that still run.
Result<std::string> secret_of_run(const std::string& folder) {
  os::Files& files = os::system_files();
  FLEET_CHECK(files.make_dirs(folder));
  const std::string path = folder + "/secret";
  FLEET_TRY(const bool known, files.exists(path));
  if (known)
    return files.read_file(path, 4096);
  std::string secret;
  for (int i = 0; i < 4; ++i)
    secret += fmt::format("{:016x}", os::system_random().next());
  FLEET_CHECK(files.write_atomic(path, secret));
  return secret;
}

std::string names_of(const std::vector<const plan::Credential*>& credentials) {
  std::vector<std::string> names;
  for (const plan::Credential* each : credentials)
    names.push_back("`" + each->name + "`");
  return fmt::to_string(fmt::join(names, ", "));
}

Status check_agent(const plan::Plan& plan, const plan::Agent& agent, const Site& site) {
  const auto models = plan::model_credentials(plan, agent);
  if (models.empty())
    return {};
  if (models.size() > 1)
    return Error(
        Errc::kUnsupported,
        fmt::format("`{}` is granted {} credentials that its model may be asked with, {}; a "
                    "session asks one service by the broker: grant one, or give the others "
                    "`mode = env`",
                    agent.name, models.size(), names_of(models)));
  const plan::Credential& credential = *brokered(plan, agent);
  if (agent.runtime.sandbox.on && !agent.runtime.sandbox.network)
    return Error(
        Errc::kUnsupported,
        fmt::format("sessions of `{}` reach the broker of `{}` by loopback, which `network "
                    "= off` of their sandbox takes away: switch the network on",
                    agent.name, credential.name));
  if (const auto service = service_of(agent, credential); !service)
    return service.error();
  // A command may ask its user; it is asked when a session is prepared.
  if (credential.from == plan::Credential::From::kCommand)
    return {};
  const auto secret = read_secret(credential, site);
  return secret ? Status() : Status(secret.error());
}

}  // namespace

const plan::Credential* brokered(const plan::Plan& plan, const plan::Agent& agent) {
  const auto models = plan::model_credentials(plan, agent);
  return models.empty() ? nullptr : models.front();
}

Result<broker::Service> service_of(const plan::Agent& agent, const plan::Credential& credential) {
  const auto protocol = protocol_of(agent, credential);
  if (!protocol)
    return Error(Errc::kInvalid,
                 fmt::format("nobody can tell which service the credential `{}` is for where `{}` "
                             "has it: name the service by one of ANTHROPIC_BASE_URL, "
                             "OPENAI_BASE_URL and GOOGLE_GEMINI_BASE_URL in `env` of its runtime",
                             credential.name, agent.name));
  const std::string_view named = value_in(agent.runtime.env, names_of(*protocol).base_url);
  if (named.empty() && is_custom_provider(agent))
    return Error(Errc::kInvalid,
                 fmt::format("where the provider of `{}` is served has to be said for the broker: "
                             "OPENAI_BASE_URL in `env` of the runtime of `{}`",
                             agent.runtime.model, agent.name));
  if (credential.source == "CLAUDE_CODE_OAUTH_TOKEN")
    return Error(Errc::kUnsupported,
                 fmt::format("the token of a subscription, which `{}` is, works with `mode = env` "
                             "only: a broker keeps API keys",
                             credential.name));
  FLEET_TRY(broker::Service service,
            broker::service_at(*protocol, named.empty() ? broker::vendor_url(*protocol) : named));
  service.bearer = credential.source == kToken;
  return service;
}

Status check_models(const plan::Plan& plan, const Site& site) {
  for (const plan::Agent& agent : plan.agents)
    FLEET_CHECK(check_agent(plan, agent, site));
  return {};
}

Result<std::unique_ptr<Models>> Models::start(const plan::Plan& plan, const Site& site,
                                              const RunPurses& purses) {
  const bool wanted = std::ranges::any_of(
      plan.agents, [&](const plan::Agent& agent) { return brokered(plan, agent) != nullptr; });
  if (!wanted)
    return std::unique_ptr<Models>();
  std::unique_ptr<Models> models(new Models(plan, site, purses));
  // Of the run, since several may be at work: each has a port of its own.
  const std::string folder = site.run_dir() + "/broker";
  FLEET_TRY(models->secret_, secret_of_run(folder));
  broker::Options options;
  options.port_file = folder + "/port";
  options.slate = folder + "/reserved";
  broker::Hooks hooks;
  hooks.spent = [models = models.get()](const broker::Spent& used) {
    models->say(used);
  };
  hooks.over_budget = [models = models.get()](const std::string& session, const std::string& why) {
    models->over_budget(session, why);
  };
  FLEET_TRY(models->broker_, broker::Broker::start(std::move(options), std::move(hooks)));
  return models;
}

void Models::bind(Say say_it, std::function<void(run::Attempt)> over) {
  const std::lock_guard lock(mutex_);
  say_ = std::move(say_it);
  over_budget_ = std::move(over);
}

void Models::count_left_over() {
  for (const broker::Spent& used : broker_->left_over()) {
    broker::settle_in(purses_.of_all(), 0, used.micros);
    say(used);
  }
}

void Models::serve() {
  broker_->serve();
}

void Models::unbind() {
  const std::lock_guard lock(mutex_);
  say_ = {};
  over_budget_ = {};
}

void Models::say(const broker::Spent& used) {
  const auto attempt = attempt_of(used.session);
  const std::lock_guard lock(mutex_);
  if (!say_ || !attempt)
    return;
  const broker::Usage& usage = used.usage;
  say_(run::Metered{*attempt, used.micros, usage.prompt(), usage.cache_read, usage.output,
                    used.assumed},
       [durable = used.durable](const Status& recorded) {
         if (recorded && durable)
           durable();
       });
}

void Models::over_budget(const std::string& session, const std::string& why) {
  const auto attempt = attempt_of(session);
  std::function<void(run::Attempt)> tell;
  {
    const std::lock_guard lock(mutex_);
    if (attempt && why_.try_emplace(session, why).second)
      tell = over_budget_;
  }
  // Without the lock: the session may end while it is told of.
  if (tell)
    tell(*attempt);
}

Status Models::refresh(const plan::Agent& agent) {
  const plan::Credential* credential = brokered(plan_, agent);
  if (credential == nullptr)
    return {};
  const auto now = std::chrono::steady_clock::now();
  {
    const std::lock_guard lock(mutex_);
    const auto known = keys_.find(credential->name);
    if (known != keys_.end() && now - known->second.read < kKeyFresh)
      return {};
  }
  FLEET_TRY(std::string text, read_secret(*credential, site_));
  const std::lock_guard lock(mutex_);
  keys_.insert_or_assign(credential->name, Key{std::move(text), now});
  return {};
}

std::string Models::token_of(run::Attempt attempt) const {
  const std::string name = site_.run + "/" + session_name(attempt);
  return "fleetc-" + plan::sha256(secret_ + plan::sha256(secret_ + name));
}

bool Models::is_limited(const plan::Agent& agent) const {
  return agent.budget || agent.day_budget || plan_.budget;
}

Result<Models::Access> Models::open(run::Attempt attempt, const plan::Agent& agent,
                                    plan::Money before) {
  const plan::Credential* credential = brokered(plan_, agent);
  FLEET_ASSERT(credential != nullptr, agent.name);
  broker::Session session;
  {
    const std::lock_guard lock(mutex_);
    if (const auto key = keys_.find(credential->name); key != keys_.end())
      session.key = key->second.text;
  }
  if (session.key.empty()) {
    FLEET_CHECK(refresh(agent));
    const std::lock_guard lock(mutex_);
    session.key = keys_.at(credential->name).text;
  }
  session.name = session_name(attempt);
  session.token = token_of(attempt);
  FLEET_TRY(session.service, service_of(agent, *credential));
  session.spent = before.micros;
  for (const broker::Spent& used : broker_->left_over()) {
    if (used.session != session.name)
      continue;
    session.spent += used.micros;
    if (const auto own = purses_.own(agent))
      own->charge(used.micros);
  }
  if (agent.budget)
    session.budget = agent.budget->micros;
  session.only_priced = is_limited(agent);
  session.shared = purses_.of(agent);
  if (agent.runtime.price)
    session.price = broker::flat_price(agent.runtime.price->micros);

  const Names& names = names_of(session.service.protocol);
  Access access{broker_->url(), {}};
  const bool bearer = session.service.bearer;
  access.variables = {{std::string(names.base_url), access.url + std::string(names.version)},
                      {std::string(bearer ? kToken : names.key), session.token}};
  // `codex exec` reads this one, the other only when it logs in.
  if (agent.runtime.adapter == plan::Adapter::kCodex)
    access.variables.emplace_back("CODEX_API_KEY", session.token);
  if (agent.runtime.adapter == plan::Adapter::kOpencode)
    access.variables.emplace_back("FLEET_MODEL_KEY", session.token);
  // A program may look where its own key would be.
  const bool own = agent.runtime.adapter == plan::Adapter::kShell &&
                   credential->from == plan::Credential::From::kEnv &&
                   credential->source != access.variables.back().first;
  if (own)
    access.variables.emplace_back(credential->source, session.token);
  broker_->open(std::move(session));
  return access;
}

std::optional<std::string> Models::close(run::Attempt attempt) {
  const std::string name = session_name(attempt);
  broker_->close(name);
  const std::lock_guard lock(mutex_);
  const auto why = why_.extract(name);
  return why ? std::optional(why.mapped()) : std::nullopt;
}

}  // namespace fleet::flow
