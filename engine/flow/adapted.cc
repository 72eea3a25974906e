#include "engine/flow/adapted.h"

#include <algorithm>

#include <fmt/format.h>

#include "dsl/plan/words.h"
#include "engine/adapter/adapter.h"
#include "engine/base/check.h"
#include "engine/flow/site.h"
#include "engine/worktree/safe_files.h"

namespace fleet::flow {
namespace {

std::optional<adapter::Kind> kind_of(plan::Adapter adapter) {
  switch (adapter) {
    case plan::Adapter::kShell: return std::nullopt;
    case plan::Adapter::kClaude: return adapter::Kind::kClaude;
    case plan::Adapter::kCodex: return adapter::Kind::kCodex;
    case plan::Adapter::kGemini: return adapter::Kind::kGemini;
    case plan::Adapter::kOpencode: return adapter::Kind::kOpencode;
  }
  return std::nullopt;
}

Status write_in_home(const std::string& home, const adapter::File& file) {
  FLEET_TRY(UniqueFd directory, worktree::open_directory(home));
  std::string rest = file.path;
  for (std::size_t slash = rest.find('/'); slash != std::string::npos; slash = rest.find('/')) {
    const std::string name = rest.substr(0, slash);
    rest = rest.substr(slash + 1);
    auto inner = worktree::open_child(directory.get(), name);
    if (!inner) {
      FLEET_CHECK(worktree::make_directory(directory.get(), name, 0700));
      inner = worktree::open_child(directory.get(), name);
    }
    if (!inner)
      return std::move(inner).error();
    directory = *std::move(inner);
  }
  FLEET_CHECK(worktree::remove_entry(directory.get(), rest));
  FLEET_TRY(const UniqueFd made, worktree::create_file(directory.get(), rest, 0600));
  return worktree::write_all(made.get(), file.text, file.path);
}

run::ExitHow how_of(adapter::Cause cause) {
  switch (cause) {
    case adapter::Cause::kSucceeded:
    case adapter::Cause::kFailed: return run::ExitHow::kExited;
    case adapter::Cause::kAuth: return run::ExitHow::kAuth;
    case adapter::Cause::kLimited: return run::ExitHow::kLimited;
    case adapter::Cause::kOverloaded: return run::ExitHow::kOverloaded;
    case adapter::Cause::kContextExhausted: return run::ExitHow::kContextExhausted;
    case adapter::Cause::kDeclined: return run::ExitHow::kDeclined;
    case adapter::Cause::kBudgetSpent: return run::ExitHow::kBudgetSpent;
  }
  return run::ExitHow::kExited;
}

// What the CLI reckons; else the runtime's price of a million tokens. A price for all tokens alike
// is what the language has.
std::int64_t micros_of(const adapter::Usage& usage, const plan::Runtime& runtime) {
  if (usage.micros)
    return *usage.micros;
  if (!runtime.price)
    return 0;
  const double tokens = static_cast<double>(usage.input_tokens + usage.output_tokens);
  return static_cast<std::int64_t>(tokens / 1e6 * static_cast<double>(runtime.price->micros));
}

}  // namespace

void set_variable(std::vector<std::string>& env, const std::string& name,
                  const std::string& value) {
  std::erase_if(env, [&](const std::string& one) { return one.starts_with(name + "="); });
  env.push_back(name + "=" + value);
}

namespace {

// `codex exec` asks with this one; OPENAI_API_KEY it reads only to log in.
void name_key_for_codex(std::vector<std::string>& env) {
  constexpr std::string_view kUsual = "OPENAI_API_KEY=", kRead = "CODEX_API_KEY=";
  const auto named = [&](std::string_view start) {
    return std::ranges::find_if(env,
                                [&](const std::string& one) { return one.starts_with(start); });
  };
  if (const auto key = named(kUsual); key != env.end() && named(kRead) == env.end())
    env.push_back(std::string(kRead) + key->substr(kUsual.size()));
}

}  // namespace

bool is_adapted(const plan::Agent& agent) {
  return kind_of(agent.runtime.adapter).has_value();
}

std::string first_words(const plan::Agent& agent, const std::string& review) {
  std::string text = fmt::format(
      "You are `{}`, one agent of a fleet. No person reads along or answers questions.\n\n"
      "You speak with the fleet by the tools of the server `fleet`; the same verbs are commands: "
      "\"$FLEETC\" agent VERB.\n",
      agent.name);
  if (!agent.identity.empty())
    text +=
        "First call `identity` again and again until nothing is left to read; you are held to "
        "what these documents say.\n";
  text +=
      "Then call `task`. Its answer is all that you need to know, and what you are judged by.\n";
  // Named in full: tools that read files know nothing of variables.
  if (!review.empty())
    text += fmt::format(
        "The change is in the folder {}: read `diff.patch`, and `criteria.md`, which says what was "
        "asked for. The working directory has the files as they are without the change.\n",
        review);
  if (agent.returns == plan::Returns::kVerdict)
    text +=
        "Call `finding` once for each thing that has to change, then `verdict` with "
        "`approved` or `changes_requested`. Without a verdict your work counts for nothing.\n";
  if (agent.writes)
    text +=
        "What you leave in the working directory is committed for you: do not commit, and do "
        "not push.\n";
  text +=
      "Call `checkpoint` with what a successor would need whenever you have got a step "
      "further. If you can't do the task, call `fail` and say why; if a person has to decide "
      "something, call `escalate`. At the end call `done`.\n";
  if (!agent.brief.empty())
    text += "\n" + agent.brief + "\n";
  return text;
}

Status adapt(process::JobSpec& job, const plan::Agent& agent, const worktree::Slot& slot,
             const std::string& fleetc, const DeskPlace& desk, const std::string& models) {
  const auto kind = kind_of(agent.runtime.adapter);
  FLEET_ASSERT(kind.has_value(), agent.name);
  adapter::Call call;
  // The runtime's `command`, if any, which make_job has put there with its holes filled.
  call.program = job.argv;
  call.model = agent.runtime.model;
  if (agent.reads == plan::Reads::kDiff)
    call.review = slot.review();
  call.prompt = first_words(agent, call.review);
  call.home = slot.home();
  call.fleetc = fleetc;
  call.tool_env = {{"FLEET_SOCKET", desk.socket}, {"FLEET_TOKEN", desk.token}};
  call.models = models;
  call.writes = agent.writes.has_value();
  call.confined = job.sandbox.has_value();
  if (agent.budget)
    call.budget_micros = agent.budget->micros;
  adapter::Start start = adapter::start(*kind, call);
  for (const adapter::File& file : start.files) {
    if (Status written = write_in_home(slot.home(), file); !written)
      return std::move(written).error().in("the configuration of " + agent.name);
  }
  job.argv = std::move(start.argv);
  // What the runtime's `env` says about the CLI itself is the user's word, and stands.
  for (const auto& [name, value] : start.env) {
    const bool said = std::ranges::any_of(
        agent.runtime.env, [&name = name](const auto& variable) { return variable.first == name; });
    if (!said)
      set_variable(job.env, name, value);
  }
  if (*kind == adapter::Kind::kCodex)
    name_key_for_codex(job.env);
  return {};
}

AdaptedEnd read_end(run::Exited exited, const plan::Agent& agent, const std::string& output) {
  const auto kind = kind_of(agent.runtime.adapter);
  FLEET_ASSERT(kind.has_value(), agent.name);
  const bool by_itself = exited.how == run::ExitHow::kExited;
  const adapter::Ending ending = adapter::read_output(*kind, output, by_itself ? exited.code : -1);
  AdaptedEnd end{std::move(exited), std::nullopt};
  const adapter::Usage& usage = ending.usage;
  if (usage != adapter::Usage{}) {
    end.metered = run::Metered{end.exited.attempt, micros_of(usage, agent.runtime),
                               usage.input_tokens, usage.cached_tokens, usage.output_tokens};
  }
  // PATH is the same outside, so that this surprises whoever has it there.
  if (end.exited.how == run::ExitHow::kSpawnFailed &&
      end.exited.detail.find("No such file") != std::string::npos)
    end.exited.detail += fmt::format(
        "; install it where a session sees it, in a folder that PATH names and that is not below "
        "/tmp, or name it by `command` of the runtime of `{}`",
        agent.name);
  // What we did to it (a timeout, a cancel) says more than what it made of that.
  if (!by_itself)
    return end;
  end.exited.how = how_of(ending.cause);
  end.exited.until = ending.until * 1000;
  if (ending.cause == adapter::Cause::kFailed && end.exited.code == 0)
    end.exited.code = 1;  // it exits 0 after failures, too
  if (ending.cause != adapter::Cause::kSucceeded && !ending.detail.empty())
    end.exited.detail = fmt::format("{}: {}", plan::word_of(agent.runtime.adapter), ending.detail);
  return end;
}

}  // namespace fleet::flow
