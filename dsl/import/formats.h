// The formats of others, each read into a draft by a file of its own. Private to the room. A
// problem is a sentence for the user, without the file's name unless it needs one.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "dsl/driver/files.h"
#include "dsl/import/draft.h"
#include "dsl/import/value.h"

namespace fleet::import {

struct Input {
  std::string path;
  std::string text;
};

struct Drafted {
  Draft draft;
  std::string problem;  // empty: none
};

Drafted from_claude_agents(const std::vector<Input>& files);
// `files`: for texts that the workflow keeps beside itself.
Drafted from_takt(const Input& file, const Value& root, FileReader& files);
Drafted from_gas_city(const Value& root);
// `tasks`: a kNone value where there are none.
Drafted from_crew(const Value& agents, const Value& tasks);

// "`color` and `hooks` are not carried over: …" for the keys of `map` that are none of `known`;
// empty: there are none.
std::string leftover(const Value& map, std::initializer_list<std::string_view> known);

// `{name}` of all `names` in `text`, which no text of the language has a value for: a note about
// them; empty: there are none.
std::string without_value(std::string_view text, std::initializer_list<std::string_view> names);

// The adapter for a model or provider as others name it, and whether that is a guess.
struct Chosen {
  std::string adapter;
  std::string model;
  std::string note;
};
Chosen choose_runtime(const std::string& provider, const std::string& model);

// What none of these formats says, of every flow of the draft, into `unsafe`.
void tell_unsafe(Draft& draft);

}  // namespace fleet::import
