// fleetc: the table of contents of the command line. Options here, one command a file beside this.
#include <cstdio>
#include <exception>
#include <string_view>

#include <CLI/CLI.hpp>

#include "engine/agent/verb.h"
#include "engine/cli/commands.h"
#include "engine/cli/exit_codes.h"
#include "engine/cli/signals.h"
#include "engine/process/keeper.h"

namespace {

using namespace fleet::cli;

constexpr const char* kFooter =
    "\nexit codes: 0 done; 1 the definition has errors; 2 usage; 3 the run failed; 4 waiting for a "
    "human;\n"
    "            70 a bug of fleetc's; 128+n by signal n\n";

// One call a command: what it takes, and what runs when it is chosen.
struct Commands {
  CheckOptions check;
  TestOptions test;
  SimulateOptions simulate;
  FmtOptions fmt;
  FixOptions fix;
  LockOptions lock;
  ImportOptions foreign;
  ExplainOptions explain;
  PlanOptions plan;
  RunOptions run;
  ResumeOptions resume;
  UpOptions up;
  DownOptions down;
  TaskOptions task;
  QueryOptions query;
  CostOptions cost;
  InboxOptions inbox;
  DecideOptions decide;
  SendOptions send;
  MessagesOptions messages;
  PullOptions pull;
  CleanOptions clean;
  InitOptions init;
  AgentOptions agent;
  bool stdio = false;
  std::string version_format = "text";
  int exit_code = kDone;
};

CLI::App* add(CLI::App& app, Commands& all, const char* name, const char* about,
              int (*go)(Commands&)) {
  CLI::App* command = app.add_subcommand(name, about);
  command->callback([&all, go] { all.exit_code = go(all); });
  return command;
}

void add_format(CLI::App* command, std::string& format, std::vector<std::string> known) {
  command->add_option("--format", format, "how to print")->check(CLI::IsMember(std::move(known)));
}

void add_flow(CLI::App* command, FlowOptions& flow) {
  command->add_option("file", flow.file, "the .fleet file")->required();
  command->add_option("flow", flow.words, "[FLOW] [parameter=value]...");
}

void add_language_commands(CLI::App& app, Commands& all) {
  CLI::App* check_command =
      add(app, all, "check", "all static checks", [](Commands& c) { return check(c.check); });
  check_command->add_option("files", all.check.files, "the .fleet files")->required();
  check_command->add_flag("--guards", all.check.guards, "list what is left to run time");
  check_command->add_option("--today", all.check.today, "the day that expiry is judged by");
  add_format(check_command, all.check.format, {"text", "short", "json", "sarif"});

  CLI::App* test_command =
      add(app, all, "test", "the tests of fleets, simulated: no session runs, nothing is spent",
          [](Commands& c) { return test(c.test); });
  test_command->add_option("files", all.test.files, "the .fleet files")->required();
  test_command->add_option("--only", all.test.only, "tests whose name has this text in it");
  test_command->add_flag("--timeline", all.test.timeline,
                         "show what happened when, also of tests that pass");
  add_format(test_command, all.test.format, {"text", "json"});

  CLI::App* fmt_command = add(app, all, "fmt", "the one canonical layout",
                              [](Commands& c) { return fleet::cli::fmt(c.fmt); });
  fmt_command->add_option("files", all.fmt.files, "the .fleet files")->required();
  fmt_command->add_flag("--check", all.fmt.check,
                        "change nothing; exit 1 when a file would change");

  CLI::App* fix_command = add(app, all, "fix", "apply the fixes that are sound",
                              [](Commands& c) { return fix(c.fix); });
  fix_command->add_option("files", all.fix.files, "the .fleet files")->required();
  fix_command->add_flag("--dry-run", all.fix.dry_run, "only say what would change");

  CLI::App* lock_command =
      add(app, all, "lock", "pin documents and the standard library in fleet.lock",
          [](Commands& c) { return lock(c.lock); });
  lock_command->add_option("files", all.lock.files, "the .fleet files")->required();
  lock_command->add_flag("--check", all.lock.check,
                         "change nothing; exit 1 when the lock would change");

  CLI::App* import_command = add(
      app, all, "import",
      "definitions of another tool as a fleet: agent files of Claude Code, a takt workflow, a "
      "Gas City formula, a CrewAI crew; says what could not be carried over, and what they left "
      "unsafe",
      [](Commands& c) { return import_definitions(c.foreign); });
  import_command->add_option("paths", all.foreign.paths, "their files, or the folder they are in")
      ->required();
  import_command->add_option("-o,--output", all.foreign.output,
                             "the .fleet file to write, which may not exist (default: standard "
                             "output)");

  CLI::App* explain_command =
      add(app, all, "explain", "why an error exists, or where a value comes from",
          [](Commands& c) { return explain(c.explain); });
  explain_command
      ->add_option("what", all.explain.what, "a code (F501) or a name (agent.fixer.timeout)")
      ->required();
  explain_command->add_option("file", all.explain.file, "the .fleet file, for names");

  CLI::App* plan_command =
      add(app, all, "plan", "the DAG, the spawn arithmetic, the worst case, the critical path",
          [](Commands& c) { return plan(c.plan); });
  add_flow(plan_command, all.plan.flow);
  add_format(plan_command, all.plan.format, {"text", "json", "dot", "svg", "mermaid"});

  CLI::App* simulate_command =
      add(app, all, "simulate",
          "a flow, or days of the resident fleet, by chance and with faults: nothing is spent",
          [](Commands& c) { return simulate(c.simulate); });
  add_flow(simulate_command, all.simulate.flow);
  simulate_command->add_option("--days", all.simulate.days, "of the resident fleet (default: 1)")
      ->check(CLI::Range(1, 3650));
  simulate_command->add_option("--runs", all.simulate.runs, "of the flow (default: 1000)")
      ->check(CLI::Range(1, 1'000'000));
  simulate_command->add_option("--seed", all.simulate.seed,
                               "of all chance: the same one gives the same result (default: 1)");
  simulate_command
      ->add_option("--faults", all.simulate.faults, "how often things go wrong (default: 0.02)")
      ->check(CLI::Range(0.0, 0.5));
  add_format(simulate_command, all.simulate.format, {"text", "json"});

  CLI::App* lsp_command = add(app, all, "lsp", "the language server, on standard input and output",
                              [](Commands&) { return lsp(); });
  lsp_command->add_flag("--stdio", all.stdio, "what it does anyway; some editors ask for it");

  CLI::App* init_command = add(app, all, "init", "a first fleet in this folder",
                               [](Commands& c) { return init(c.init); });
  init_command->add_option("folder", all.init.folder, "where (default: here)");
}

void add_run_commands(CLI::App& app, Commands& all) {
  CLI::App* run_command = add(app, all, "run", "compile and execute one run, with live progress",
                              [](Commands& c) { return run(c.run); });
  add_flow(run_command, all.run.flow);
  run_command->add_option("-j,--jobs", all.run.jobs, "processes at once")
      ->check(CLI::Range(1, 4096));
  run_command->add_flag("--no-wait", all.run.no_wait, "exit 4 at a gate instead of waiting");
  run_command->add_flag(
      "--new", all.run.fresh,
      "give an unfinished run up for good, one that waits for a human too, and begin "
      "another: one runs at a time, and the first can't be resumed then");
  add_format(run_command, all.run.format, {"text", "json"});

  CLI::App* resume_command = add(app, all, "resume", "go on after any stop or crash",
                                 [](Commands& c) { return resume(c.resume); });
  resume_command->add_option("run", all.resume.run, "which (default: the newest unfinished)");
  resume_command->add_option("-j,--jobs", all.resume.jobs, "processes at once")
      ->check(CLI::Range(1, 4096));
  resume_command->add_flag("--no-wait", all.resume.no_wait, "exit 4 at a gate instead of waiting");
  resume_command->add_flag("--accept-lost-tail", all.resume.accept_lost_tail,
                           "go on from what is left of a journal that lost its end");
  add_format(resume_command, all.resume.format, {"text", "json"});
}

void add_resident_commands(CLI::App& app, Commands& all) {
  CLI::App* up_command =
      add(app, all, "up", "the resident fleet: agents that are always on, events, schedules",
          [](Commands& c) { return up(c.up); });
  up_command->add_option("file", all.up.file, "the .fleet file")->required();
  up_command->add_flag("-d,--detach", all.up.detach, "in the background");
  up_command->add_option("-j,--jobs", all.up.jobs, "processes at once")->check(CLI::Range(1, 4096));
  CLI::App* down_command =
      add(app, all, "down", "nothing new begins, sessions end, and the fleet is down",
          [](Commands& c) { return down(c.down); });
  down_command->add_flag("--now", all.down.now, "end the sessions; `up` takes their work up again");
  down_command->add_option("--wait", all.down.wait, "seconds to wait for sessions to end");

  CLI::App* task = app.add_subcommand("task", "what people ask a resident fleet for");
  task->require_subcommand(1);
  const auto add_one = [&](const char* name, const char* about, int (*go)(Commands&)) {
    CLI::App* command = task->add_subcommand(name, about);
    command->callback([&all, go] { all.exit_code = go(all); });
    return command;
  };
  CLI::App* add_command =
      add_one("add", "something is to be done: raises task.NAME, also while no fleet is up",
              [](Commands& c) { return task_add(c.task); });
  add_command->add_option("name", all.task.name, "of the event: task.NAME")->required();
  add_command->add_option("text", all.task.text, "what is to be done")->required();
  add_command->add_option("--criteria", all.task.criteria, "how the result will be judged");
  CLI::App* list_command = add_one("list", "what waits and what is under way",
                                   [](Commands& c) { return task_list(c.task); });
  list_command->add_flag("--all", all.task.all, "also what is over");
  add_format(list_command, all.task.format, {"text", "json"});
  CLI::App* cancel_command = add_one("cancel", "it shall not begin, or end now",
                                     [](Commands& c) { return task_cancel(c.task); });
  CLI::App* retry_command = add_one("retry", "once more from the beginning",
                                    [](Commands& c) { return task_retry(c.task); });
  for (CLI::App* command : {cancel_command, retry_command})
    command->add_option("id", all.task.id, "as `fleetc task list` shows it")->required();
}

void add_gate_commands(CLI::App& app, Commands& all) {
  CLI::App* inbox_command = add(app, all, "inbox", "what waits for a human's decision",
                                [](Commands& c) { return inbox(c.inbox); });
  add_format(inbox_command, all.inbox.format, {"text", "json"});

  CLI::App* approve_command = add(app, all, "approve", "decide that what waits is good",
                                  [](Commands& c) { return approve(c.decide); });
  CLI::App* reject_command = add(app, all, "reject", "decide that what waits is not good",
                                 [](Commands& c) { return reject(c.decide); });
  CLI::App* retry_command = add(app, all, "retry", "have a merge that is stuck tried again",
                                [](Commands& c) { return retry(c.decide); });
  for (CLI::App* command : {approve_command, reject_command, retry_command}) {
    command->add_option("gate", all.decide.gate, "its ID in the inbox, or the step's name")
        ->required();
    command->add_option("--why", all.decide.why, "the reason, for the record");
    command->add_option("--key", all.decide.key,
                        "the private key that signs it, where the human has a `key`");
  }
}

void add_message_commands(CLI::App& app, Commands& all) {
  CLI::App* send_command = add(app, all, "send", "tell an agent something",
                               [](Commands& c) { return fleet::cli::send(c.send); });
  send_command->add_option("agent", all.send.agent, "its name in the fleet")->required();
  send_command->add_option("text", all.send.text, "Markdown; `-` reads it from standard input")
      ->required();
  send_command->add_option("--subject", all.send.subject, "one line: what it is about");

  CLI::App* messages_command =
      add(app, all, "messages", "what agents were told, and whether they have read it",
          [](Commands& c) { return messages(c.messages); });
  messages_command->add_option("agent", all.messages.agent, "only those to this one");
  messages_command->add_flag("--all", all.messages.all, "also those that are done");
  messages_command->add_option("--requeue", all.messages.requeue,
                               "a dead message, by its ID, is told again");
  add_format(messages_command, all.messages.format, {"text", "json"});
}

void add_pull_commands(CLI::App& app, Commands& all) {
  CLI::App* pr = app.add_subcommand("pr", "what tasks made, as pull requests");
  pr->require_subcommand(1);
  const auto add_one = [&](const char* name, const char* about, int (*go)(Commands&)) {
    CLI::App* command = pr->add_subcommand(name, about);
    command->callback([&all, go] { all.exit_code = go(all); });
    return command;
  };
  CLI::App* list = add_one("list", "all of a run", [](Commands& c) { return pr_list(c.pull); });
  CLI::App* show = add_one("show", "commits, verdicts, findings, evidence and decisions of one",
                           [](Commands& c) { return pr_show(c.pull); });
  CLI::App* diff = add_one("diff", "what merging one would bring into the base",
                           [](Commands& c) { return pr_diff(c.pull); });
  for (CLI::App* command : {show, diff})
    command->add_option("number", all.pull.number, "its number in `fleetc pr list`")
        ->required()
        ->check([](const std::string& text) {
          const bool number = !text.empty() && text.size() < 10 &&
                              text.find_first_not_of("0123456789") == std::string::npos;
          return number
                     ? std::string()
                     : "`" + text +
                           "` is not the number of a pull request, as `fleetc pr list` shows them";
        });
  for (CLI::App* command : {list, show, diff})
    command->add_option("run", all.pull.run, "which (default: the newest)");
  for (CLI::App* command : {list, show})
    add_format(command, all.pull.format, {"text", "json"});
}

void add_query_commands(CLI::App& app, Commands& all) {
  CLI::App* status_command = add(app, all, "status", "how runs stand: what is stuck first",
                                 [](Commands& c) { return status(c.query); });
  CLI::App* log_command =
      add(app, all, "log", "the journal as text", [](Commands& c) { return log(c.query); });
  CLI::App* cost_command = add(app, all, "cost", "time and money by agent, task, run or day",
                               [](Commands& c) { return cost(c.cost); });
  cost_command->add_option("run", all.cost.run,
                           "which (default: the newest; by run or day: all of the last days)");
  cost_command->add_option("--by", all.cost.by, "whose share a line is")
      ->check(CLI::IsMember({"agent", "task", "run", "day"}))
      ->capture_default_str();
  cost_command->add_option("--days", all.cost.days, "how far back, by run or day")
      ->check(CLI::Range(1, 3650))
      ->capture_default_str();
  add_format(cost_command, all.cost.format, {"text", "json"});
  for (CLI::App* command : {status_command, log_command}) {
    command->add_option("run", all.query.run, "which (default: the newest)");
    add_format(command, all.query.format, {"text", "json"});
  }
  status_command->add_flag("--all", all.query.all, "every run, a line each");

  CLI::App* clean_command = add(app, all, "clean", "remove worktrees that nothing needs",
                                [](Commands& c) { return clean(c.clean); });
  clean_command->add_flag("--dry-run", all.clean.dry_run, "only say what would go");

  CLI::App* version_command = add(app, all, "version", "of this fleetc",
                                  [](Commands& c) { return version(c.version_format); });
  add_format(version_command, all.version_format, {"text", "json"});
}

// From the table that the protocol and the MCP tools are made from too.
void add_agent_commands(CLI::App& app, Commands& all) {
  CLI::App* speak = app.add_subcommand("agent", "what a session says to the engine");
  speak->require_subcommand(1);
  for (const fleet::agent::VerbInfo& verb : fleet::agent::verbs()) {
    CLI::App* command = speak->add_subcommand(std::string(verb.name), std::string(verb.about));
    command->callback([&all, name = std::string(verb.name)] {
      all.agent.verb = name;
      all.exit_code = agent(all.agent);
    });
    for (const fleet::agent::Parameter& parameter : verb.parameters) {
      if (parameter.internal)
        continue;
      const std::string name(parameter.name);
      CLI::Option* option = command->add_option_function<std::string>(
          (parameter.leading ? name + "," : "") + "--" + name,
          [&all, name](const std::string& value) { all.agent.with[name] = value; },
          std::string(parameter.about));
      if (parameter.needed)
        option->required();
      if (!parameter.words.empty())
        option->check(CLI::IsMember(
            std::vector<std::string>(parameter.words.begin(), parameter.words.end())));
    }
    add_format(command, all.agent.format, {"text", "json"});
    command->add_option("--wait", all.agent.wait, "seconds to wait for an engine to answer");
  }
  add(app, all, "mcp", "the same as tools, an MCP server on standard input and output",
      [](Commands&) { return mcp(); });
}

int dispatch(int argc, char** argv) {
  CLI::App app("fleetc: compiles and runs fleets of coding agents", "fleetc");
  app.require_subcommand(0, 1);
  bool wants_version = false;
  app.add_flag("--version", wants_version, "the same as `fleetc version`");
  app.footer(kFooter);
  Commands all;
  add_language_commands(app, all);
  add_run_commands(app, all);
  add_resident_commands(app, all);
  add_gate_commands(app, all);
  add_message_commands(app, all);
  add_pull_commands(app, all);
  add_query_commands(app, all);
  add_agent_commands(app, all);
  try {
    app.parse(argc, argv);
    if (wants_version)
      return version("text");
    if (app.get_subcommands().empty())
      throw CLI::RequiredError("a command");
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kUsage;
  }
  return all.exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  // Before all else: the keeper stays small and has its own signals.
  if (argc > 1 && std::string_view(argv[1]) == "keeper")
    return fleet::process::keeper_main(argc - 1, argv + 1);
  ignore_broken_pipes();
  try {
    return dispatch(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr,
                 "fleetc: a bug of ours: %s\nThe journal is intact; `fleetc resume` carries on.\n",
                 error.what());
    return kOurBug;
  }
}
