// The fields of every event in their persistent order, once for writing and reading. An Io has
// io(name, value) for each type of value. Private to the room.
#pragma once

#include <concepts>
#include <type_traits>

#include "engine/run/event.h"

namespace fleet::run {

// T or const T: a writer visits a const event, a reader fills in a mutable one.
template <class Value, class T>
concept Is = std::same_as<std::remove_const_t<Value>, T>;

template <class Io>
void fields(Io& io, Is<Attempt> auto& e) {
  io("task", e.task.value);
  io("epoch", e.epoch);
}

template <class Io>
void fields(Io& io, Is<RunOpened> auto& e) {
  io("run", e.run);
  io("plan_hash", e.plan_hash);
  io("base_commit", e.base_commit);
  io("jobs", e.jobs);
  io("ahead", e.ahead);
  io("version", e.version);
}

template <class Io>
void fields(Io& io, Is<ItemsListed> auto& e) {
  io("node", e.node.value);
  io("items", e.items);
  io("found", e.found);
  io("error", e.error);
  io("agents", e.agents);
}

template <class Io>
void fields(Io& io, Is<SpawnDecided> auto& e) {
  io("node", e.node.value);
  io("items", e.items);
  io("width", e.width);
  io("each_ms", e.each);
  io("spawn_ms", e.spawn);
  io("each_from", e.each_from);
  io("spawn_from", e.spawn_from);
  io("sessions", e.sessions);
  io("pays", e.pays);
  io("forced", e.forced);
  io("sequential_ms", e.sequential);
  io("chosen_ms", e.chosen);
  io("arithmetic", e.arithmetic);
  io("order", e.order);
}

template <class Io>
void fields(Io& io, Is<Prepared> auto& e) {
  fields(io, e.attempt);
  io("start", e.start);
  io("branch", e.branch);
  io("slot", e.slot);
  io("cold", e.cold);
  io("took_ms", e.took);
  io("error", e.error);
  io("refused", e.refused);
  io("credential", e.credential);
}

template <class Io>
void fields(Io& io, Is<Exited> auto& e) {
  fields(io, e.attempt);
  io("how", e.how);
  io("code", e.code);
  io("duration_ms", e.duration);
  io("cpu_ms", e.cpu);
  io("max_rss_kb", e.max_rss_kb);
  io("output_bytes", e.output_bytes);
  io("detail", e.detail);
  io("until", e.until);
}

template <class Io>
void fields(Io& io, Is<Captured> auto& e) {
  fields(io, e.attempt);
  io("how", e.how);
  io("commit", e.commit);
  io("files", e.files);
  io("insertions", e.insertions);
  io("deletions", e.deletions);
  io("paths", e.paths);
  io("detail", e.detail);
}

template <class Io>
void fields(Io& io, Is<CheckResult> auto& e) {
  io("text", e.text);
  io("passed", e.passed);
  io("detail", e.detail);
  io("duration_ms", e.duration);
}

template <class Io>
void fields(Io& io, Is<Verified> auto& e) {
  fields(io, e.attempt);
  io("passed", e.passed);
  io("checks", e.checks);
  io("error", e.error);
}

template <class Io>
void fields(Io& io, Is<Published> auto& e) {
  fields(io, e.attempt);
  io("branch", e.branch);
  io("commit", e.commit);
  io("error", e.error);
}

template <class Io>
void fields(Io& io, Is<Merged> auto& e) {
  fields(io, e.attempt);
  io("how", e.how);
  io("commit", e.commit);
  io("branch", e.branch);
  io("paths", e.paths);
  io("checks", e.checks);
  io("detail", e.detail);
}

template <class Io>
void fields(Io& io, Is<TimerFired> auto& e) {
  fields(io, e.attempt);
}

template <class Io>
void fields(Io& io, Is<StopAsked> auto& e) {
  io("level", e.level);
  io("by", e.by);
}

template <class Io>
void fields(Io& io, Is<Resumed> auto& e) {
  io("jobs", e.jobs);
  io("ahead", e.ahead);
  io("version", e.version);
}

template <class Io>
void fields(Io& io, Is<Reconciled> auto& e) {
  fields(io, e.attempt);
  io("found", e.found);
}

template <class Io>
void fields(Io& io, Is<RunClosed> auto& e) {
  io("outcome", e.outcome);
}

template <class Io>
void fields(Io& io, Is<Finding> auto& e) {
  io("id", e.id);
  io("severity", e.severity);
  io("label", e.label);
  io("path", e.path);
  io("line", e.line);
  io("title", e.title);
  io("detail", e.detail);
}

template <class Io>
void fields(Io& io, Is<FindingFiled> auto& e) {
  fields(io, e.attempt);
  fields(io, e.finding);
}

template <class Io>
void fields(Io& io, Is<VerdictGiven> auto& e) {
  fields(io, e.attempt);
  io("verdict", e.verdict);
  io("summary", e.summary);
}

template <class Io>
void fields(Io& io, Is<IdentityRead> auto& e) {
  fields(io, e.attempt);
  io("name", e.name);
  io("version", e.version);
  io("sha256", e.sha256);
}

template <class Io>
void fields(Io& io, Is<TaskTaken> auto& e) {
  fields(io, e.attempt);
}

template <class Io>
void fields(Io& io, Is<NoteSaved> auto& e) {
  fields(io, e.attempt);
  io("kind", e.kind);
  io("number", e.number);
  io("sha256", e.sha256);
  io("bytes", e.bytes);
}

template <class Io>
void fields(Io& io, Is<Escalated> auto& e) {
  fields(io, e.attempt);
  io("why", e.why);
}

template <class Io>
void fields(Io& io, Is<Concluded> auto& e) {
  fields(io, e.attempt);
  io("done", e.done);
  io("summary", e.summary);
}

template <class Io>
void fields(Io& io, Is<Metered> auto& e) {
  fields(io, e.attempt);
  io("micros", e.micros);
  io("input_tokens", e.input_tokens);
  io("cached_tokens", e.cached_tokens);
  io("output_tokens", e.output_tokens);
  io("assumed", e.assumed);
}

template <class Io>
void fields(Io& io, Is<GateAnswered> auto& e) {
  fields(io, e.attempt);
  io("decision", e.decision);
  io("by", e.by);
  io("from", e.from);
  io("why", e.why);
  io("given", e.given);
}

template <class Io>
void fields(Io& io, Is<PathsShared> auto& e) {
  fields(io, e.attempt);
  io("with", e.with);
}

}  // namespace fleet::run
