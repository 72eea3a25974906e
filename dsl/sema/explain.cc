#include "dsl/sema/explain.h"

#include <algorithm>

#include "dsl/schema/schema.h"

namespace fleet::sema {
namespace {

struct Thing {
  std::string name;       // "agent.fixer"
  std::string_view kind;  // row of the schema
  const Origins* origins = nullptr;
};

std::vector<std::string> split(const std::string& path) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (true) {
    const std::size_t dot = path.find('.', begin);
    parts.push_back(path.substr(begin, dot - begin));
    if (dot == std::string::npos)
      return parts;
    begin = dot + 1;
  }
}

template <class List, class Wanted>
const Origins* find_origins(const List& list, const Wanted& wanted) {
  const auto found = std::ranges::find_if(list, wanted);
  return found == list.end() ? nullptr : &found->origins;
}

const Origins* find_agent(const Model& model, const std::string& name, bool is_role) {
  // The user's own declaration comes after one of the same name in a library.
  const Origins* found = nullptr;
  for (const Agent& agent : model.agents) {
    if (agent.name == name && (agent.is_role == is_role || !is_role)) {
      found = &agent.contract.origins;
    }
  }
  return found;
}

const Origins* find_named(const Model& model, const std::string& kind, const std::string& name) {
  const auto same = [&](const auto& one) {
    return one.name == name;
  };
  if (kind == "agent")
    return find_agent(model, name, false);
  if (kind == "role")
    return find_agent(model, name, true);
  if (kind == "runtime")
    return find_origins(model.runtimes, same);
  if (kind == "flow")
    return find_origins(model.flows, same);
  if (kind == "human")
    return find_origins(model.humans, same);
  if (kind == "credential")
    return find_origins(model.credentials, same);
  if (kind == "identity")
    return find_origins(model.identities, same);
  if (kind == "fleet" && model.fleet && model.fleet->name == name)
    return &model.fleet->origins;
  return nullptr;
}

// How many of the parts name the thing: 1 for `fleet` and `defaults`, else 2.
std::size_t find_thing(const Model& model, const std::vector<std::string>& parts, Thing& thing) {
  if (parts.size() >= 2) {
    thing.origins = find_named(model, parts[0], parts[1]);
    thing.name = parts[0] + "." + parts[1];
    if (thing.origins != nullptr)
      return 2;
  }
  if (parts[0] == "defaults")
    thing.origins = &model.defaults.origins;
  if (parts[0] == "fleet" && model.fleet)
    thing.origins = &model.fleet->origins;
  thing.name = parts[0];
  return 1;
}

Explained explain_key(const Thing& thing, const schema::Key& key) {
  Explained explained;
  explained.name = thing.name + "." + std::string(key.name);
  explained.doc = std::string(key.doc);
  if (!key.fallback.empty()) {
    explained.origins.push_back({Layer::kSchema, "", std::string(key.fallback), {}, false});
  }
  const auto found = thing.origins->find(std::string(key.name));
  if (found != thing.origins->end()) {
    explained.origins.insert(explained.origins.end(), found->second.begin(), found->second.end());
  }
  return explained;
}

std::string place_of(const SourceMap& sources, const Origin& origin) {
  if (origin.layer == Layer::kSchema)
    return "schema";
  const fleet::Source& source = sources.get(origin.span.source);
  const LineColumn at = source.locate(origin.span.begin);
  return source.name() + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
}

// The last origin that replaces what came before; whatever follows it adds.
std::size_t first_that_holds(const std::vector<Origin>& origins) {
  std::size_t first = 0;
  for (std::size_t i = 0; i < origins.size(); ++i) {
    if (!origins[i].add)
      first = i;
  }
  return first;
}

}  // namespace

std::vector<Explained> explain_value(const Model& model, const std::string& path) {
  const std::vector<std::string> parts = split(path);
  Thing thing;
  const std::size_t used = find_thing(model, parts, thing);
  if (thing.origins == nullptr || parts.size() > used + 1)
    return {};
  const schema::Kind& kind = *schema::find_kind(parts[0]);
  if (parts.size() == used + 1) {
    const schema::Key* key = schema::find_key(kind, parts[used]);
    if (key == nullptr)
      return {};
    return {explain_key(thing, *key)};
  }
  std::vector<Explained> all;
  for (const schema::Key& key : kind.keys) {
    Explained one = explain_key(thing, key);
    if (!one.origins.empty()) {
      all.push_back(std::move(one));
    }
  }
  return all;
}

std::string to_text(const SourceMap& sources, const std::vector<Explained>& explained) {
  std::string text;
  for (const Explained& one : explained) {
    text += one.name + ": " + one.doc + "\n";
    if (one.origins.empty())
      text += "  nobody sets it\n";
    const std::size_t holds = first_that_holds(one.origins);
    for (std::size_t i = 0; i < one.origins.size(); ++i) {
      const Origin& origin = one.origins[i];
      const char* const fate = i < holds ? "replaced" : i == holds ? "holds" : "added";
      text += "  " + place_of(sources, origin) + "  " +
              (origin.owner.empty() ? "" : origin.owner + "  ") + origin.text + "  (" + fate +
              ")\n";
    }
  }
  return text;
}

}  // namespace fleet::sema
