#include "dsl/import/lay_out.h"

#include <map>
#include <utility>

#include <fmt/format.h>

#include "dsl/import/flow_text.h"
#include "dsl/import/quote.h"

namespace fleet::import {
namespace {

class Layout {
 public:
  explicit Layout(const Draft& draft) : draft_(draft) {
    for (const DraftRole& role : draft.roles)
      names_.take(role.name);
    for (const DraftFlow& flow : draft.flows) {
      names_.take(flow.name);
      for (const std::string& parameter : flow.parameters)
        names_.take(parameter);
      for (const DraftStep& step : flow.steps)
        names_.take(step.name);
    }
    human_ = names_.make("owner", "owner");
  }

  std::string run() {
    FlowNeeds needs{names_, human_, {}, {}};
    std::string flows;
    for (const DraftFlow& flow : draft_.flows)
      flows += "\n" + flow_text(draft_, flow, needs);
    std::string roles;
    for (std::size_t i = 0; i < draft_.roles.size(); ++i)
      roles += role(draft_.roles[i], needs.blind.contains(i));
    for (const DerivedRole& derived : needs.derived)
      roles += fmt::format("\nrole {} : {} {{ writes = worktree(\"{}\") }}\n", derived.name,
                           derived.base, derived.branch);
    std::string text = comment("//", "Imported from " + draft_.origin + ".");
    if (const std::string doc = first_line(draft_.doc); !doc.empty())
      text += comment("///", doc);
    text += fmt::format("fleet {} v1 {{\n", draft_.name);
    text += fmt::format("repo = git(\".\", base: main)\nescalation = {}\n", human_);
    text +=
        "// import: the old file says nothing of money; a limit is written `budget = $20/run "
        "hard`.\n";
    for (const std::string& note : draft_.notes)
      text += comment("// import:", note);
    text += fmt::format("\nhuman {} {{ answers = 8h }}\n", human_);
    for (const auto& [key, name] : runtimes_) {
      text += fmt::format("\nruntime {} {{\nadapter = {}\n", name, key.first);
      if (!key.second.empty())
        text += fmt::format("model = {}\n", quoted(key.second));
      text += "}\n";
    }
    return text + "\ndefaults { timeout = 1h }\n" + roles + flows + "}\n";
  }

 private:
  const std::string& runtime(const DraftRole& role) {
    std::string& name = runtimes_[{role.adapter, role.model}];
    if (name.empty())
      name =
          names_.make(role.adapter + (role.model.empty() ? "" : "_" + role.model) + "_cli", "cli");
    return name;
  }

  std::string role(const DraftRole& role, bool blind) {
    std::string text = "\n";
    if (const std::string doc = first_line(role.doc); !doc.empty())
      text += comment("///", doc);
    text += fmt::format("role {} {{\nruntime = {}\n", role.name, runtime(role));
    if (role.duty == Duty::kWrites)
      text += fmt::format("writes = worktree(\"{}/{{run}}\")\n", role.name);
    if (role.duty == Duty::kReads)
      text += "returns = report\n";
    if (role.duty == Duty::kReviews)
      text += fmt::format("{}returns = verdict\nsession = fresh\n", blind ? "" : "reads = diff\n");
    if (role.duty == Duty::kWrites && role.accept.empty())
      text +=
          "// import: no command judges this work; write one: `accept = [\"make test\" passes]`.\n"
          "accept = [task.criteria met]\n";
    if (!role.accept.empty()) {
      text += "accept = [";
      for (std::size_t i = 0; i < role.accept.size(); ++i)
        text += fmt::format("{}{} passes", i == 0 ? "" : ", ", quoted(role.accept[i]));
      text += "]\n";
    }
    if (!role.timeout.empty())
      text += fmt::format("timeout = {}\n", role.timeout);
    for (const std::string& note : role.notes)
      text += comment("// import:", note);
    if (const std::string brief = trimmed(role.brief); !brief.empty())
      text += fmt::format("brief = {}\n", quoted(brief));
    return text + "}\n";
  }

  const Draft& draft_;
  Names names_;
  std::string human_;
  std::map<std::pair<std::string, std::string>, std::string> runtimes_;  // adapter, model
};

}  // namespace

std::string lay_out(const Draft& draft) {
  return Layout(draft).run();
}

}  // namespace fleet::import
