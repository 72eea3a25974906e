// test: the tests of fleets, on the simulator.
#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dsl/base/render.h"
#include "dsl/driver/tests.h"
#include "dsl/plan/render.h"
#include "engine/cli/commands.h"
#include "engine/cli/exit_codes.h"
#include "engine/cli/front.h"
#include "engine/cli/terminal.h"
#include "engine/report/words.h"
#include "engine/simulate/trial.h"

namespace fleet::cli {
namespace {

using Json = nlohmann::ordered_json;
using report::printable;

// Of a longer run the beginning and the end are shown.
constexpr std::size_t kFirstMoments = 16;
constexpr std::size_t kLastMoments = 16;

struct TestResult {
  TestCase test;
  simulate::Trial trial;
};

// What became of one file.
struct Tested {
  std::string file;
  std::string problem;      // it could not be read
  bool has_errors = false;  // it does not compile
  std::size_t tests = 0;    // in the file, whether they were chosen or not
  std::shared_ptr<const SourceMap> sources;
  std::vector<TestResult> results;
};

std::string where(const SourceMap& sources, const Span& span) {
  const Source& source = sources.get(span.source);
  return fmt::format("{}:{}", printable(source.name()), source.locate(span.begin).line);
}

std::string moment_line(const simulate::Moment& moment, std::size_t width) {
  return fmt::format("{:>{}}  {}", plan::to_string(moment.at), width, moment.text);
}

std::string timeline_text(const std::vector<simulate::Moment>& all) {
  std::size_t width = 0;
  for (const simulate::Moment& moment : all)
    width = std::max(width, plan::to_string(moment.at).size());
  const bool cut = all.size() > kFirstMoments + kLastMoments + 1;
  std::string text;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (cut && i == kFirstMoments) {
      i = all.size() - kLastMoments;
      text +=
          fmt::format("\n{:>{}}  … {} more", "", width, all.size() - kFirstMoments - kLastMoments);
    }
    text += "\n" + moment_line(all[i], width);
  }
  return text;
}

std::string note_of(const TestResult& result) {
  return fmt::format("the run of `{}`, in virtual time:{}", result.test.plan->flow,
                     timeline_text(result.trial.timeline));
}

std::string indented(const std::string& text) {
  std::string out = "    ";
  for (const char c : text) {
    out += c;
    if (c == '\n')
      out += "    ";
  }
  return out + "\n";
}

// Each claim that does not hold; the last of them has the run below it.
std::vector<Diagnostic> failures(const TestResult& result) {
  std::vector<Diagnostic> all;
  for (std::size_t i = 0; i < result.trial.claims.size(); ++i) {
    const simulate::Judged& judged = result.trial.claims[i];
    if (judged.holds)
      continue;
    Diagnostic diagnostic;
    diagnostic.message = fmt::format("`{}` does not hold in \"{}\"",
                                     result.test.scenario.expect[i].text, result.test.name);
    diagnostic.primary = {result.test.expect[i], judged.happened};
    all.push_back(std::move(diagnostic));
  }
  if (!all.empty())
    all.back().notes.push_back(note_of(result));
  return all;
}

std::string painted(bool good, const std::string& text) {
  if (!output_has_colour())
    return text;
  return (good ? "\x1b[32m" : "\x1b[31m") + text + "\x1b[0m";
}

std::string result_text(const TestResult& result, const SourceMap& sources, bool timeline) {
  const bool passed = result.trial.passed();
  std::string spent;
  if (result.trial.spent.micros > 0)
    spent = ", " + plan::to_string(result.trial.spent);
  std::string out = fmt::format("{} {} ({}, {}{})\n", painted(passed, passed ? "✓" : "✗"),
                                printable(result.test.name), where(sources, result.test.span),
                                plan::to_string(result.trial.took), spent);
  for (std::size_t i = 0; i < result.test.given.size(); ++i) {
    if (!result.trial.came_up[i])
      out += fmt::format("  note: `{}` never came up ({})\n",
                         printable(result.test.scenario.given[i].text),
                         where(sources, result.test.given[i]));
  }
  if (!passed) {
    RenderOptions options;
    options.colour = output_has_colour();
    if (output_is_terminal())
      options.width = static_cast<int>(terminal_columns());
    out += "\n" + render_text(failures(result), sources, options) + "\n";
  } else if (timeline) {
    out += indented(note_of(result)) + "\n";
  }
  return out;
}

Json place_json(const SourceMap& sources, const Span& span) {
  const Source& source = sources.get(span.source);
  const LineColumn at = source.locate(span.begin);
  return {{"file", printable(source.name())}, {"line", at.line}, {"column", at.column}};
}

Json result_json(const Tested& tested, const TestResult& result) {
  Json claims = Json::array();
  for (std::size_t i = 0; i < result.trial.claims.size(); ++i)
    claims.push_back({{"claim", printable(result.test.scenario.expect[i].text)},
                      {"place", place_json(*tested.sources, result.test.expect[i])},
                      {"holds", result.trial.claims[i].holds},
                      {"happened", result.trial.claims[i].happened}});
  Json unused = Json::array();
  for (std::size_t i = 0; i < result.test.given.size(); ++i) {
    if (!result.trial.came_up[i])
      unused.push_back({{"assumption", printable(result.test.scenario.given[i].text)},
                        {"place", place_json(*tested.sources, result.test.given[i])}});
  }
  Json timeline = Json::array();
  for (const simulate::Moment& moment : result.trial.timeline)
    timeline.push_back({{"ms", moment.at.count()}, {"text", moment.text}});
  return {{"test", printable(result.test.name)},
          {"place", place_json(*tested.sources, result.test.span)},
          {"flow", result.test.plan->flow},
          {"passed", result.trial.passed()},
          {"took_ms", result.trial.took.count()},
          {"spent_micros", result.trial.spent.micros},
          {"end", result.trial.end},
          {"claims", std::move(claims)},
          {"never_came_up", std::move(unused)},
          {"timeline", std::move(timeline)}};
}

Tested test_file(const std::string& file, const TestOptions& options) {
  Tested tested;
  tested.file = file;
  DiskReader files;
  CompileOptions compile_options;
  compile_options.today = day_of("");
  const Compilation compilation = compile(file, files, compile_options);
  tested.problem = compilation.usage;
  tested.sources = compilation.sources;
  tested.has_errors = compilation.has_errors;
  if (!tested.problem.empty()) {
    say_unreadable(file, tested.problem);
    return tested;
  }
  if (!compilation.diagnostics.empty())
    show(compilation.diagnostics, *compilation.sources);
  if (tested.has_errors || !compilation.model->fleet)
    return tested;
  for (TestCase& test : tests_of(compilation, file)) {
    ++tested.tests;
    if (test.name.find(options.only) == std::string::npos)
      continue;
    simulate::Trial trial = simulate::run_trial(*test.plan, test.scenario, options.timeline);
    // The same again, this time with a timeline.
    if (!trial.passed() && !options.timeline)
      trial = simulate::run_trial(*test.plan, test.scenario, true);
    tested.results.push_back({std::move(test), std::move(trial)});
  }
  return tested;
}

std::string file_text(const Tested& tested, const TestOptions& options) {
  const std::string name = printable(tested.file);
  if (tested.has_errors)
    return fmt::format("{} {}: not tested, since it has errors\n", painted(false, "✗"), name);
  if (tested.tests == 0)
    return fmt::format("{}: no tests\n", name);
  std::string out;
  for (const TestResult& result : tested.results)
    out += result_text(result, *tested.sources, options.timeline);
  if (tested.results.empty())
    out += fmt::format("{}: no test has \"{}\" in its name\n", name, printable(options.only));
  return out;
}

struct Count {
  std::size_t passed = 0;
  std::size_t failed = 0;
};

Count count(const std::vector<Tested>& all) {
  Count count;
  for (const Tested& tested : all) {
    for (const TestResult& result : tested.results)
      ++(result.trial.passed() ? count.passed : count.failed);
  }
  return count;
}

std::string all_text(const std::vector<Tested>& all, const TestOptions& options) {
  std::string out;
  for (const Tested& tested : all)
    out += tested.problem.empty() ? file_text(tested, options) : "";
  const auto [passed, failed] = count(all);
  if (passed + failed > 0)
    out += fmt::format("{}: {} passed, {} failed\n", report::counted(passed + failed, "test"),
                       passed, failed);
  return out;
}

std::string all_json(const std::vector<Tested>& all) {
  Json files = Json::array();
  Json tests = Json::array();
  for (const Tested& tested : all) {
    files.push_back({{"file", printable(tested.file)},
                     {"tests", tested.tests},
                     {"errors", tested.has_errors},
                     {"problem", tested.problem}});
    for (const TestResult& result : tested.results)
      tests.push_back(result_json(tested, result));
  }
  const auto [passed, failed] = count(all);
  const Json out{{"version", 1},
                 {"passed", passed},
                 {"failed", failed},
                 {"files", std::move(files)},
                 {"tests", std::move(tests)}};
  return out.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

int test(const TestOptions& options) {
  std::vector<Tested> all;
  for (const std::string& file : options.files)
    all.push_back(test_file(file, options));
  print(options.format == "json" ? all_json(all) : all_text(all, options));
  if (std::ranges::any_of(all, [](const Tested& one) { return !one.problem.empty(); }))
    return kUsage;
  const bool errors = std::ranges::any_of(all, &Tested::has_errors);
  return errors || count(all).failed > 0 ? kDefinitionHasErrors : kDone;
}

}  // namespace fleet::cli
