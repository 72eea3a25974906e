#include "dsl/lower/cast.h"

#include <algorithm>
#include <utility>

#include "dsl/lower/place.h"

namespace fleet::lower {
namespace {

bool was_said(const sema::Text& text) {
  return text.span.end > text.span.begin;
}

plan::Runtime lower_runtime(const sema::Runtime& runtime, const Texts& texts) {
  plan::Runtime lowered;
  lowered.name = runtime.name;
  lowered.adapter = runtime.adapter;
  if (was_said(runtime.command))
    lowered.command = texts.command(runtime.command);
  lowered.model = runtime.model;
  lowered.spawn = runtime.spawn;
  lowered.price = runtime.price;
  lowered.env = runtime.env;
  lowered.sandbox = runtime.sandbox;
  return lowered;
}

void lower_dispatch(const sema::Contract& contract, plan::Agent& lowered) {
  if (!contract.dispatch)
    return;
  const sema::Dispatch& dispatch = contract.dispatch->value;
  lowered.dispatch = dispatch.mode;
  lowered.on = dispatch.on;
  lowered.every = dispatch.every;
  lowered.overlap = dispatch.overlap;
}

}  // namespace

const std::string& Cast::use_human(std::size_t index) {
  const sema::Human& human = model_.humans[index];
  if (humans_.insert(index).second) {
    plan::Human lowered;
    lowered.name = human.name;
    if (human.answers)
      lowered.answers = human.answers->value;
    if (was_said(human.notify))
      lowered.notify = texts_.command(human.notify);
    lowered.key = human.key;
    plan_.humans.push_back(std::move(lowered));
  }
  return human.name;
}

const std::string& Cast::use_credential(std::size_t index) {
  const sema::Credential& credential = model_.credentials[index];
  if (!credentials_.insert(index).second)
    return credential.name;
  plan::Credential lowered;
  lowered.name = credential.name;
  lowered.from = credential.from;
  lowered.source = credential.source;
  if (was_said(credential.command))
    lowered.command = texts_.command(credential.command);
  if (credential.owner)
    lowered.owner = use_human(credential.owner->value);
  if (credential.expires)
    lowered.expires = credential.expires->value;
  lowered.scopes = credential.scopes;
  if (was_said(credential.probe))
    lowered.probe = texts_.command(credential.probe);
  lowered.mode = credential.mode;
  plan_.credentials.push_back(std::move(lowered));
  return credential.name;
}

const std::string& Cast::use_identity(std::size_t index) {
  const sema::Identity& identity = model_.identities[index];
  if (!identities_.insert(index).second)
    return identity.name;
  plan::Identity lowered;
  lowered.name = identity.name;
  lowered.version = identity.version;
  lowered.file = identity.file->value;
  lowered.sha256 = identity.document.sha256;
  for (const sema::At<std::size_t>& before : identity.after)
    lowered.after.push_back(use_identity(before.value));
  plan_.identities.push_back(std::move(lowered));
  return identity.name;
}

// The documents that an agent names and those that come before them, in the order of reading.
void Cast::add_identity(std::size_t index, std::vector<std::string>& order) {
  for (const sema::At<std::size_t>& before : model_.identities[index].after)
    add_identity(before.value, order);
  const std::string& name = use_identity(index);
  if (std::ranges::find(order, name) == order.end())
    order.push_back(name);
}

// Many agents share a runtime: its command is cut up once.
const plan::Runtime& Cast::runtime_of(std::size_t index) {
  const auto [known, fresh] = runtimes_.try_emplace(index);
  if (fresh)
    known->second = lower_runtime(model_.runtimes[index], texts_);
  return known->second;
}

plan::Agent Cast::lower_agent(const sema::Agent& agent) {
  const sema::Contract& contract = agent.contract;
  plan::Agent lowered;
  lowered.name = agent.name;
  lowered.role = agent.role;
  lower_dispatch(contract, lowered);
  lowered.clones = lowered.dispatch == plan::Dispatch::kEphemeral;
  lowered.runtime = runtime_of(contract.runtime->value);
  if (contract.writes && !contract.writes->value.none) {
    const sema::Writes& writes = contract.writes->value;
    lowered.writes = plan::Writes{texts_.branch(writes.branch), writes.in};
  }
  if (contract.keep)
    lowered.keep = contract.keep->value;
  if (contract.reads)
    lowered.reads = contract.reads->value;
  if (contract.returns)
    lowered.returns = contract.returns->value;
  if (contract.identity) {
    for (const sema::IdentityUse& use : contract.identity->value)
      add_identity(use.identity, lowered.identity);
  }
  if (contract.grants) {
    for (const sema::At<std::size_t>& grant : contract.grants->value)
      lowered.grants.push_back(use_credential(grant.value));
  }
  if (contract.budget)
    lowered.budget = contract.budget->value;
  if (contract.day_budget)
    lowered.day_budget = contract.day_budget->value;
  if (contract.timeout)
    lowered.timeout = contract.timeout->value;
  if (contract.accept)
    lowered.accept = texts_.acceptances(contract.accept->value);
  // A reviewer that says nothing of its session has a fresh one.
  const bool fresh = lowered.returns == plan::Returns::kVerdict;
  lowered.session = contract.session ? contract.session->value
                    : fresh          ? plan::SessionMode::kFresh
                                     : plan::SessionMode::kOwn;
  if (contract.session_max)
    lowered.session_max = contract.session_max->value;
  if (contract.checkpoint)
    lowered.checkpoint = contract.checkpoint->value;
  if (contract.handoff)
    lowered.handoff = contract.handoff->value;
  if (contract.restart)
    lowered.restart = contract.restart->value;
  if (contract.on_engine_crash)
    lowered.on_engine_crash = contract.on_engine_crash->value;
  if (contract.brief)
    lowered.brief = contract.brief->value;
  lowered.place = place_of(sources_, agent.name_span);
  return lowered;
}

void Cast::add_colleagues() {
  for (const sema::Agent& agent : model_.agents) {
    const auto& dispatch = agent.contract.dispatch;
    const auto& reads = agent.contract.reads;
    if (!agent.is_role && !agent.imported && dispatch &&
        dispatch->value.mode != plan::Dispatch::kEphemeral &&
        (!reads || reads->value == plan::Reads::kRepo) && !agent_names_.contains(agent.name))
      plan_.colleagues.push_back(agent.name);
  }
}

plan::AgentIndex Cast::use_agent(std::size_t index) {
  const auto [known, fresh] =
      agents_.emplace(index, static_cast<std::uint32_t>(plan_.agents.size()));
  if (fresh) {
    plan::Agent lowered = lower_agent(model_.agents[index]);
    // A library's role and the user's own may share a name where an alias tells them apart.
    const std::string name = lowered.name;
    for (int i = 2; !agent_names_.insert(lowered.name).second; ++i)
      lowered.name = name + "_" + std::to_string(i);
    plan_.agents.push_back(std::move(lowered));
  }
  return {known->second};
}

}  // namespace fleet::lower
