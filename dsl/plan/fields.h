// The keys of the plan's JSON, said once for both directions and for the hash. An archive is called
// with each field in canonical order:
//   must(key, value)        always written; a reader refuses an object without it
//   may(key, value)         written unless empty (equal to a value-initialised one); absent reads
//                           as that
//   incidental(key, value)  as `may`, but no part of what a plan does: in no hash
// Durations are milliseconds and money micro-dollars, and the keys say so.
#pragma once

#include <concepts>
#include <type_traits>

#include "dsl/plan/plan.h"

namespace fleet::plan {

template <class T, class U>
concept Like = std::same_as<std::remove_const_t<T>, U>;

template <class Archive, Like<Place> T>
void fields(Archive& archive, T& place) {
  archive.may("file", place.file);
  archive.may("line", place.line);
  archive.may("column", place.column);
}

template <class Archive, Like<Command> T>
void fields(Archive& archive, T& command) {
  archive.must("argv", command.argv);
  archive.incidental("text", command.text);
}

template <class Archive, Like<Acceptance> T>
void fields(Archive& archive, T& acceptance) {
  archive.must("kind", acceptance.kind);
  archive.may("command", acceptance.command);
  archive.may("max_lines", acceptance.max_lines);
  archive.incidental("text", acceptance.text);
}

template <class Archive, Like<Sandbox> T>
void fields(Archive& archive, T& sandbox) {
  archive.must("on", sandbox.on);
  archive.must("network", sandbox.network);
  archive.may("write", sandbox.write);
}

template <class Archive, Like<Runtime> T>
void fields(Archive& archive, T& runtime) {
  archive.may("name", runtime.name);
  archive.must("adapter", runtime.adapter);
  archive.may("command", runtime.command);
  archive.may("model", runtime.model);
  archive.may("spawn_ms", runtime.spawn);
  archive.may("price_micros", runtime.price);
  archive.may("env", runtime.env);
  archive.must("sandbox", runtime.sandbox);
}

template <class Archive, Like<Writes> T>
void fields(Archive& archive, T& writes) {
  archive.must("branch", writes.branch);
  archive.may("in", writes.in);
}

template <class Archive, Like<Event> T>
void fields(Archive& archive, T& event) {
  archive.must("kind", event.kind);
  archive.may("name", event.name);
}

template <class Archive, Like<Handoff> T>
void fields(Archive& archive, T& handoff) {
  archive.may("shutdown", handoff.shutdown);
  archive.may("context_percent", handoff.context_percent);
}

template <class Archive, Like<Restart> T>
void fields(Archive& archive, T& restart) {
  archive.must("backoff_min_ms", restart.backoff_min);
  archive.must("backoff_max_ms", restart.backoff_max);
  archive.must("max_per_hour", restart.max_per_hour);
  archive.may("escalate", restart.escalate);
}

template <class Archive, Like<Agent> T>
void fields(Archive& archive, T& agent) {
  archive.must("name", agent.name);
  archive.may("role", agent.role);
  archive.may("clones", agent.clones);
  archive.must("runtime", agent.runtime);
  archive.must("dispatch", agent.dispatch);
  archive.may("on", agent.on);
  archive.may("every_ms", agent.every);
  archive.may("overlap", agent.overlap);
  archive.may("identity", agent.identity);
  archive.may("grants", agent.grants);
  archive.must("reads", agent.reads);
  archive.may("writes", agent.writes);
  archive.may("keep", agent.keep);
  archive.may("budget_micros", agent.budget);
  archive.may("day_budget_micros", agent.day_budget);
  archive.may("timeout_ms", agent.timeout);
  archive.may("accept", agent.accept);
  archive.must("session", agent.session);
  archive.may("session_max_ms", agent.session_max);
  archive.may("checkpoint_ms", agent.checkpoint);
  archive.may("handoff", agent.handoff);
  archive.must("restart", agent.restart);
  archive.must("on_engine_crash", agent.on_engine_crash);
  archive.must("returns", agent.returns);
  archive.may("brief", agent.brief);
  archive.incidental("place", agent.place);
}

template <class Archive, Like<Edge> T>
void fields(Archive& archive, T& edge) {
  archive.must("from", edge.from);
  archive.must("kind", edge.kind);
}

template <class Archive, Like<FanoutSource> T>
void fields(Archive& archive, T& source) {
  archive.must("kind", source.kind);
  archive.may("path", source.path);
  archive.may("command", source.command);
  archive.may("list", source.list);
  archive.may("first", source.first);
  archive.may("last", source.last);
  archive.may("of", source.of);
  archive.may("label", source.label);
  archive.incidental("text", source.text);
}

template <class Archive, Like<Fanout> T>
void fields(Archive& archive, T& fanout) {
  archive.may("variable", fanout.variable);
  archive.must("source", fanout.source);
  archive.may("width", fanout.width);
  archive.may("limit", fanout.limit);
  archive.may("est_ms", fanout.est);
  archive.may("spawn_ms", fanout.spawn);
  archive.may("force", fanout.force);
  archive.may("route_by", fanout.route_by);
  archive.may("routes", fanout.routes);
}

template <class Archive, Like<Merge> T>
void fields(Archive& archive, T& merge) {
  archive.must("from", merge.from);
  archive.may("into", merge.into);
  archive.may("into_step", merge.into_step);
  archive.may("into_base", merge.into_base);
  archive.may("accept", merge.accept);
  archive.may("style", merge.style);
}

template <class Archive, Like<Node> T>
void fields(Archive& archive, T& node) {
  archive.must("name", node.name);
  archive.must("kind", node.kind);
  archive.may("after", node.after);
  archive.may("agents", node.agents);
  archive.may("args", node.args);
  archive.may("start", node.start);
  archive.may("retries", node.retries);
  archive.may("timeout_ms", node.timeout);
  archive.must("otherwise", node.otherwise);
  archive.may("fanout", node.fanout);
  archive.may("command", node.command);
  archive.must("sandboxed", node.sandboxed);
  archive.may("merge", node.merge);
  archive.may("human", node.human);
  archive.may("round", node.round);
  archive.may("est_ms", node.est);
  archive.incidental("doc", node.doc);
  archive.incidental("place", node.place);
  archive.incidental("hash", node.hash);
}

template <class Archive, Like<Repo> T>
void fields(Archive& archive, T& repo) {
  archive.may("path", repo.path);
  archive.may("base", repo.base);
}

template <class Archive, Like<Limits> T>
void fields(Archive& archive, T& limits) {
  archive.may("sessions", limits.sessions);
  archive.may("starts_per_hour", limits.starts);
  archive.may("messages_per_hour", limits.messages);
  archive.may("worktree_bytes", limits.worktree_bytes);
}

template <class Archive, Like<Budget> T>
void fields(Archive& archive, T& budget) {
  archive.must("amount_micros", budget.amount);
  archive.must("per", budget.per);
  archive.may("hard", budget.hard);
  archive.may("warn_percent", budget.warn_percent);
}

template <class Archive, Like<Human> T>
void fields(Archive& archive, T& human) {
  archive.must("name", human.name);
  archive.may("answers_ms", human.answers);
  archive.may("notify", human.notify);
  archive.may("key", human.key);
}

template <class Archive, Like<Credential> T>
void fields(Archive& archive, T& credential) {
  archive.must("name", credential.name);
  archive.must("from", credential.from);
  archive.may("source", credential.source);
  archive.may("command", credential.command);
  archive.may("owner", credential.owner);
  archive.may("expires_day", credential.expires);
  archive.may("scopes", credential.scopes);
  archive.may("probe", credential.probe);
  archive.must("mode", credential.mode);
}

template <class Archive, Like<Identity> T>
void fields(Archive& archive, T& identity) {
  archive.must("name", identity.name);
  archive.must("version", identity.version);
  archive.must("file", identity.file);
  archive.may("after", identity.after);
  archive.may("sha256", identity.sha256);
}

template <class Archive, Like<Escalation> T>
void fields(Archive& archive, T& escalation) {
  archive.must("path", escalation.path);
  archive.may("within_ms", escalation.within);
}

template <class Archive, Like<Load> T>
void fields(Archive& archive, T& load) {
  archive.must("runs", load.runs);
  archive.must("flow", load.flow);
}

template <class Archive, Like<DayTerm> T>
void fields(Archive& archive, T& term) {
  archive.must("what", term.what);
  archive.may("count", term.count);
  archive.may("each_micros", term.each);
}

template <class Archive, Like<DayCase> T>
void fields(Archive& archive, T& day) {
  archive.may("terms", day.terms);
  archive.may("money_micros", day.money);
}

template <class Archive, Like<WorstTerm> T>
void fields(Archive& archive, T& term) {
  archive.must("node", term.node);
  archive.must("attempts", term.attempts);
  archive.may("items", term.items);
  archive.may("each_micros", term.each);
}

template <class Archive, Like<WorstCase> T>
void fields(Archive& archive, T& worst) {
  archive.may("terms", worst.terms);
  archive.may("sessions", worst.sessions);
  archive.may("money_micros", worst.money);
}

template <class Archive, Like<Plan> T>
void fields(Archive& archive, T& plan) {
  archive.must("format", plan.format);
  archive.must("fleet", plan.fleet);
  archive.may("fleet_version", plan.fleet_version);
  archive.incidental("file", plan.file);
  archive.must("flow", plan.flow);
  archive.may("on", plan.on);
  archive.may("parameters", plan.parameters);
  archive.may("unbound", plan.unbound);
  archive.may("subject", plan.subject);
  archive.may("criteria", plan.criteria);
  archive.must("repo", plan.repo);
  archive.may("budget", plan.budget);
  archive.may("limits", plan.limits);
  archive.may("protect", plan.protect);
  archive.may("escalation", plan.escalation);
  archive.may("load", plan.load);
  archive.may("sync", plan.sync);
  archive.may("hooks", plan.hooks);
  archive.may("forge", plan.forge);
  archive.may("humans", plan.humans);
  archive.may("credentials", plan.credentials);
  archive.may("identities", plan.identities);
  archive.may("accept", plan.accept);
  archive.must("agents", plan.agents);
  archive.incidental("colleagues", plan.colleagues);
  archive.must("nodes", plan.nodes);
  archive.may("critical_path", plan.critical_path);
  archive.must("worst", plan.worst);
  archive.may("day", plan.day);
  archive.incidental("hash", plan.hash);
}

}  // namespace fleet::plan
