// The one table of what words mean: kinds of declaration, their keys, the steps of a flow, their
// clauses, edges and holes, each with its documentation. The parser knows none of this; sema,
// completion and the reference all read it from here.
#pragma once

#include <span>
#include <string_view>

namespace fleet::schema {

// One word of a closed set, as in `session = own`, or one that begins a part of a value.
struct Word {
  std::string_view text;
  std::string_view doc = {};
};

struct Key {
  std::string_view name;
  std::string_view form;           // how a value is written
  std::string_view doc;            // one sentence
  std::string_view fallback = {};  // what holds when nobody sets it, as it would be written
  bool list = false;               // `+=` adds to it
  bool required = false;
  std::span<const Word> words = {};  // when the value is one word of a closed set
  std::span<const Word> parts = {};  // words that each begin an optional part of the value
};

struct Kind {
  std::string_view name;
  std::string_view form;
  std::string_view doc;
  std::span<const Key> keys = {};
};

// What can stand on the right of `name =` in a flow.
struct StepForm {
  std::string_view word;  // "fanout", "run", "repo.merge"; empty: a call of an agent
  std::string_view form;
  std::string_view doc;
};

struct Clause {
  std::string_view word;
  std::string_view only = {};  // the step that alone has it; empty: steps in general
  std::string_view form;
  std::string_view doc;
};

// A name with its meaning: an edge after a step's dot, a source of a fan-out, a hole of a template,
// an output of a step, an event, a part of a header, a unit or what it is counted for.
struct Entry {
  std::string_view name;
  std::string_view form;
  std::string_view doc;
};

std::span<const Kind> kinds();
std::span<const StepForm> steps();
std::span<const Clause> clauses();
std::span<const Word> merge_styles();  // of `as:`
std::span<const Entry> edges();
std::span<const Entry> sources();
std::span<const Entry> holes();
std::span<const Entry> outputs();
std::span<const Entry> events();

// nullptr: there is no such row.
const Kind* find_kind(std::string_view name);
const Key* find_key(const Kind& kind, std::string_view name);
const Word* find_part(const Key& key, std::string_view word);
// Of the key's closed set, or a part.
const Word* find_word(const Key& key, std::string_view word);
const StepForm* find_step(std::string_view word);
const Clause* find_clause(std::string_view word);
const Entry* find_edge(std::string_view name);
const Entry* find_source(std::string_view name);
const Entry* find_hole(std::string_view name);
const Entry* find_output(std::string_view name);
// "task" of `task.NAME`, "pr.opened", …
const Entry* find_event(std::string_view name);
// "use", "on", "version", and "route", which chooses among agents.
const Entry* find_form(std::string_view name);
// Of what is written so: `45min` is a duration; nullptr: it is no literal of the language.
const Entry* find_unit(std::string_view literal);
// "task" of `$3/task`, "day", …
const Entry* find_per(std::string_view word);

}  // namespace fleet::schema
