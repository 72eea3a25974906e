// Steps, alone or with what can stand after their dots, in flows and in tests.
#include <algorithm>
#include <cctype>

#include "dsl/lsp/candidates.h"
#include "dsl/lsp/costs.h"

namespace fleet::lsp {

void Candidates::stand_at(std::uint32_t step) {
  const Mention* const own = snapshot_.names().find(source_, step);
  if (own != nullptr && named(own->named).kind == NameKind::kStep)
    words_.stand_at(named(own->named), step);
}

template <class Each>
void Candidates::each_step(const Each& each) {
  for (const auto& [label, index] : locals_) {
    const bool out = left_out_.contains(label) && !followed_by('.');
    if (named(index).kind == NameKind::kStep && !out && words_.may_wait(named(index)))
      each(label, index);
  }
}

void Candidates::steps() {
  each_step([&](const std::string& label, std::size_t index) { name(label, index); });
}

void Candidates::steps_with_edges(bool until) {
  if (followed_by('.'))
    return steps();
  each_step([&](const std::string& label, std::size_t index) {
    int rank = 0;
    for (const schema::Entry* const edge :
         until ? words_.tests(named(index)) : words_.edges(named(index))) {
      row(label + "." + std::string(edge->name), edge->form, edge->doc, {});
      items_.back().rank = std::min(rank++, 2);
    }
  });
}

void Candidates::steps_with_outputs() {
  steps_with_branches("diff");
  steps_with_branches("branch");
  steps_with_findings();
}

void Candidates::steps_with_branches(std::string_view output) {
  if (followed_by('.'))
    return steps();
  each_step([&](const std::string& label, std::size_t index) {
    const Named& step = named(index);
    if (output.empty() ? words_.can_be_merged(step) : words_.has_branch(step))
      name(output.empty() ? label : label + "." + std::string(output), index);
  });
}

void Candidates::steps_with_findings() {
  if (followed_by('.'))
    return steps();
  each_step([&](const std::string& label, std::size_t index) {
    if (words_.has_findings(named(index)))
      name(label + ".findings", index);
  });
}

void Candidates::leave_out(const std::set<std::string_view>& steps) {
  left_out_.insert(steps.begin(), steps.end());
}

void Candidates::parameters_for(ParameterUse use, std::string_view behind) {
  const bool alone = behind.empty() || followed_by(behind.front());
  for (const auto& [label, index] : locals_) {
    const Named& one = named(index);
    const bool ours = one.kind == NameKind::kParameter && one.block != nullptr &&
                      one.block->kind.text == "pattern" && one.inside;
    if (!ours)
      continue;
    const ParameterUse own = parameter_use(snapshot_.names(), *one.inside, label);
    if (own == use || own == ParameterUse::kUnknown || use == ParameterUse::kUnknown)
      name(alone ? label : label + std::string(behind), index);
  }
}

// Of the fan-out at hand, with a field of it.
void Candidates::items() {
  for (const auto& [label, index] : locals_) {
    if (named(index).kind == NameKind::kItem)
      name(followed_by('.') ? label : label + ".label", index);
  }
}

void Candidates::parameters(std::string_view behind) {
  const bool alone = behind.empty() || followed_by(behind.front());
  for (const auto& [label, index] : locals_) {
    if (named(index).kind != NameKind::kStep)
      name(alone ? label : label + std::string(behind), index);
  }
}

void Candidates::outputs(const Named& step, bool only_branch) {
  const auto one = [&](const char* output) {
    const schema::Entry& entry = *schema::find_output(output);
    row(entry.name, entry.form, entry.doc, {});
  };
  if (words_.has_branch(step)) {
    one("branch");
    if (!only_branch)
      one("diff");
  }
  if (!only_branch && words_.has_findings(step))
    one("findings");
}

void Candidates::edges(const std::string& path) {
  for (const schema::Entry* const edge : words_.edges(path))
    row(edge->name, edge->form, edge->doc, {});
}

void Candidates::edges(const Named& step, bool until) {
  for (const schema::Entry* const edge : until ? words_.tests(step) : words_.edges(step))
    row(edge->name, edge->form, edge->doc, {});
}

void Candidates::findings(const Named& step) {
  const schema::Entry& entry = *schema::find_output("findings");
  if (words_.has_findings(step))
    row(entry.name, entry.form, entry.doc, {});
}

std::optional<std::size_t> Candidates::step_at(const std::vector<std::string>& path) const {
  if (path.empty())
    return std::nullopt;
  std::optional<std::size_t> at;
  if (const std::size_t* const found = find(path.front()))
    at = *found;
  // A test says the steps of all flows.
  const std::vector<Named>& all = snapshot_.names().all();
  if (!at || named(*at).kind != NameKind::kStep) {
    const auto is_it = [&](const Named& one) {
      return one.kind == NameKind::kStep && one.name == path.front();
    };
    auto step = std::ranges::find_if(
        all, [&](const Named& one) { return is_it(one) && one.module == module_; });
    if (step == all.end())
      step = std::ranges::find_if(all, is_it);
    at = step == all.end() ? at : std::optional<std::size_t>(step - all.begin());
  }
  for (std::size_t i = 1; at && i < path.size(); ++i)
    at = snapshot_.names().step_within(*at, path[i]);
  return at;
}

void Candidates::steps_within(std::size_t step, Behind behind) {
  const std::vector<Named>& all = snapshot_.names().all();
  const bool goes_on = followed_by('.');
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Named& one = all[i];
    if (one.kind != NameKind::kStep || snapshot_.names().step_within(step, one.name) != i)
      continue;
    const bool test = behind == Behind::kClaim;
    // A use in a loop has steps in the plan, and none of its own name.
    if (named(step).uses ? false : !test || one.uses)
      continue;
    if (goes_on || test || behind == Behind::kJoint) {
      word(one.name, CompletionShape::kVariable, one.doc.empty() ? "step" : one.doc);
    } else if (behind == Behind::kMerge) {
      if (words_.can_be_merged(one))
        word(one.name, CompletionShape::kVariable, one.doc.empty() ? "step" : one.doc);
    } else if (behind == Behind::kEdge) {
      for (const schema::Entry* const edge : words_.edges(one))
        row(one.name + "." + std::string(edge->name), edge->form, edge->doc, {});
    } else {
      if (words_.has_branch(one) && behind == Behind::kOutput) {
        word(one.name + ".diff", CompletionShape::kVariable, "what the step made");
        word(one.name + ".branch", CompletionShape::kVariable, "what the step made");
      }
      if (words_.has_findings(one))
        word(one.name + ".findings", CompletionShape::kVariable, "what the review wants changed");
    }
  }
  if (behind != Behind::kClaim)
    return;
  // What a joint calls is named by its agent, which in a pattern the use says.
  for (const sema::Flow& flow : snapshot_.model().flows) {
    for (const sema::Step& inner : flow.steps) {
      const std::size_t dot = inner.name.rfind('.');
      const auto joint =
          inner.inner ? std::ranges::find(flow.steps, inner.name.substr(0, dot), &sema::Step::name)
                      : flow.steps.end();
      const bool ours = joint != flow.steps.end() &&
                        std::ranges::find(named(step).definitions,
                                          snapshot_.sources().written(joint->name_span)) !=
                            named(step).definitions.end();
      if (ours)
        word(inner.name.substr(dot + 1), CompletionShape::kVariable, "a call of the joint");
    }
  }
}

// Steps as a test says them: by their path, or by any end of it that is no other step's; of the
// flow that the test is of.
void Candidates::steps_of_test(std::uint32_t body, bool only_working) {
  const sema::Flow* const only = flow_of_test(body);
  std::set<std::string> ours;
  std::set<std::string> all;
  for (const sema::Flow& flow : snapshot_.model().flows) {
    for (const sema::Step& step : flow.steps) {
      if (step.kind == sema::StepKind::kLast)
        continue;
      const bool works = step.kind == sema::StepKind::kTask || step.kind == sema::StepKind::kRun ||
                         step.kind == sema::StepKind::kFanout ||
                         step.kind == sema::StepKind::kMerge;
      const std::string path = without_rounds(step.name);
      const auto note = [&](const std::string& one) {
        all.insert(one);
        if ((only == nullptr || &flow == only) && (works || !only_working))
          ours.insert(one);
      };
      note(path);
      for (std::size_t dot = path.find('.'); dot != std::string::npos && !only_working;
           dot = path.find('.', dot + 1))
        note(path.substr(0, dot));
    }
  }
  std::map<std::string, int> ends;
  for (const std::string& path : all) {
    for (std::size_t at = 0; at != std::string::npos; at = path.find('.', at)) {
      at += at == 0 ? 0 : 1;
      ++ends[path.substr(at)];
    }
  }
  for (const std::string& path : ours) {
    for (std::size_t at = 0; at != std::string::npos; at = path.find('.', at)) {
      at += at == 0 ? 0 : 1;
      const std::string end = path.substr(at);
      if (at == 0 || ends[end] == 1)
        word(followed_by('.') ? end.substr(0, end.find('.')) : end, CompletionShape::kVariable,
             "step");
    }
  }
}

void Candidates::claim_word(std::string_view word, std::string_view what) {
  const schema::Key& key = *schema::find_key(*schema::find_kind("test"), "expect");
  const std::size_t next = rest_.find_first_not_of(' ');
  const std::string_view follows = next == rest_.npos ? std::string_view() : rest_.substr(next);
  const bool takes_it =
      ends_line() || (next > 0 && !follows.starts_with("within") && !follows.starts_with("about") &&
                      std::isalpha(static_cast<unsigned char>(follows.front())) != 0);
  if (!takes_it)
    return;
  row(word, key.form, schema::find_part(key, word)->doc,
      ends_line() ? std::string(word) + " " + std::string(what) : std::string());
}

const sema::Flow* Candidates::flow_of_test(std::uint32_t body) const {
  const sema::Model& model = snapshot_.model();
  for (const Mention& one : snapshot_.names().mentions()) {
    if (!(one.span.source == source_) || one.span.begin < body)
      continue;
    const Span* test = nullptr;
    for (const Named& named : snapshot_.names().all()) {
      if (named.kind == NameKind::kTest && named.block->body.span.begin == body &&
          named.whole().source == source_)
        test = &named.whole();
    }
    if (test == nullptr || one.span.begin > test->end)
      break;
    std::optional<std::size_t> flow = one.named;
    while (flow && named(*flow).kind == NameKind::kStep)
      flow = named(*flow).inside;
    if (flow && named(*flow).kind == NameKind::kFlow)
      return model.find_flow(named(*flow).name);
  }
  return model.flows.size() == 1 ? &model.flows.front() : model.find_flow("main");
}

}  // namespace fleet::lsp
