// Calls of agents, patterns and flows, and what stands in their brackets.
#include <algorithm>

#include "dsl/lsp/candidates.h"

namespace fleet::lsp {

void Candidates::call(const std::string& name, const std::string& arguments, std::size_t named) {
  if (followed_by('(')) {
    this->name(name, named);
    return;
  }
  Completion item;
  item.label = name;
  item.shape = shape_of_name(this->named(named).kind);
  item.detail = word_of(this->named(named).kind);
  item.named = named;
  item.text = name + "()";
  item.snippet = name + "(" + arguments + ")";
  item.rank = 0;
  add(std::move(item));
}

// All that it takes, each with a place to fill in.
void Candidates::pattern_call(const std::string& label, std::size_t named) {
  std::string arguments;
  int place = 0;
  for (const ast::Parameter& parameter : this->named(named).block->parameters) {
    ++place;
    arguments += (place == 1 ? "" : ", " + parameter.name.text + ": ") + "${" +
                 std::to_string(place) + ":" + parameter.name.text + "}";
  }
  call(label, arguments, named);
}

void Candidates::calls() {
  if (snapshot_.names().modules().empty())
    return;
  for (const auto& [label, index] : snapshot_.names().visible(module_)) {
    const NameKind kind = named(index).kind;
    if (kind == NameKind::kPattern)
      pattern_call(label, index);
    else if ((kind == NameKind::kAgent || kind == NameKind::kRole) && can_work(index))
      call(label, "$1", index);
    else if (kind == NameKind::kModule)
      calls_behind(label, index);
  }
}

void Candidates::calls_behind(const std::string& alias, std::size_t named_module) {
  const auto module = snapshot_.names().module_of(named_module);
  if (!module)
    return;
  for (const auto& [label, index] : snapshot_.names().visible(*module)) {
    const NameKind kind = named(index).kind;
    const bool ours =
        named(index).module == *module &&
        (kind == NameKind::kPattern || kind == NameKind::kAgent || kind == NameKind::kRole);
    if (ours && followed_by('.'))
      word(alias, CompletionShape::kModule, "module");
    else if (ours && kind == NameKind::kPattern)
      pattern_call(alias + "." + label, index);
    else if (ours && can_work(index))
      call(alias + "." + label, "$1", index);
  }
}

std::optional<std::size_t> Candidates::pattern_called(const std::string& call) const {
  const std::size_t dot = call.rfind('.');
  const std::size_t* const first = find(call.substr(0, dot));
  if (first == nullptr)
    return std::nullopt;
  std::optional<std::size_t> pattern = *first;
  if (dot != std::string::npos) {
    const auto module = snapshot_.names().module_of(*first);
    if (!module)
      return std::nullopt;
    const auto& known = snapshot_.names().visible(*module);
    const auto found = known.find(call.substr(dot + 1));
    pattern = found == known.end() ? std::nullopt : std::optional(found->second);
  }
  return pattern && named(*pattern).kind == NameKind::kPattern ? pattern : std::nullopt;
}

bool Candidates::pattern_arguments(const Cursor::Bracket& bracket,
                                   const std::set<std::string_view>& given) {
  const std::optional<std::size_t> pattern = pattern_called(bracket.call);
  if (!pattern)
    return false;
  const std::vector<ast::Parameter>& parameters = named(*pattern).block->parameters;
  if (!bracket.name.empty()) {
    argument_for(parameter_use(snapshot_.names(), *pattern, std::string(bracket.name)));
    return true;
  }
  // Those before it were given by their places.
  const std::size_t first = given.empty() ? bracket.argument : 0;
  for (std::size_t i = first; i < parameters.size(); ++i) {
    const std::string& name = parameters[i].name.text;
    if (!given.contains(name))
      snippet(name, "parameter of " + bracket.call, followed_by(':') ? name : name + ": ${1}");
  }
  if (given.empty() && !followed_by(':') && bracket.argument < parameters.size())
    argument_for(
        parameter_use(snapshot_.names(), *pattern, parameters[bracket.argument].name.text));
  return true;
}

// In a pattern the argument may be a parameter of its own.
void Candidates::argument_for(ParameterUse use) {
  const bool in_flow = snapshot_.flow_around(source_, offset_) != nullptr;
  const bool text =
      use == ParameterUse::kOutput || use == ParameterUse::kText || use == ParameterUse::kUnknown;
  if (in_flow && text)
    parameters();
  parameters_for(use);
  switch (use) {
    case ParameterUse::kAgent: names({NameKind::kAgent, NameKind::kRole}); break;
    case ParameterUse::kHuman: names({NameKind::kHuman}); break;
    case ParameterUse::kDuration:
      for (const char* const span : {"5min", "30min", "1h", "24h"})
        word(span, CompletionShape::kUnit, "a duration");
      break;
    case ParameterUse::kSource:
      for (const schema::Entry& source : schema::sources())
        row(source.name, source.form, source.doc,
            followed_by('(') ? std::string() : std::string(source.name) + "($1)");
      steps_with_findings();
      break;
    case ParameterUse::kStep: steps(); break;
    case ParameterUse::kOutput: steps_with_outputs(); break;
    case ParameterUse::kNumber:
    case ParameterUse::kText:
    case ParameterUse::kUnknown: break;
  }
}

void Candidates::flow_calls() {
  for (const sema::Flow& flow : snapshot_.model().flows) {
    const std::size_t* const found = find(flow.name);
    if (found != nullptr)
      call(flow.name, flow.parameters.empty() ? "" : "\"$1\"", *found);
  }
}

void Candidates::flow_arguments(const std::string& flow) {
  const std::size_t* const found = find(flow);
  if (found == nullptr || named(*found).kind != NameKind::kFlow)
    return;
  for (const ast::Parameter& one : named(*found).block->parameters)
    snippet(one.name.text, "parameter of " + flow,
            followed_by(':') ? one.name.text : one.name.text + ": \"$1\"");
}

}  // namespace fleet::lsp
