// The commands: one function each, one file a subject. Each returns the exit code. Options are
// filled in by main.cc.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace fleet::cli {

struct CheckOptions {
  std::vector<std::string> files;
  std::string format = "text";  // text, short, json, sarif
  bool guards = false;
  std::string today;  // a date that stands for the clock's; empty: the clock's
};
int check(const CheckOptions& options);

struct TestOptions {
  std::vector<std::string> files;
  std::string format = "text";  // text, json
  std::string only;             // tests whose name has this in it; empty: all
  bool timeline = false;        // also of tests that pass
};
int test(const TestOptions& options);

struct FmtOptions {
  std::vector<std::string> files;
  bool check = false;
};
int fmt(const FmtOptions& options);

struct FixOptions {
  std::vector<std::string> files;
  bool dry_run = false;
};
int fix(const FixOptions& options);

struct LockOptions {
  std::vector<std::string> files;
  bool check = false;
};
int lock(const LockOptions& options);

struct ImportOptions {
  std::vector<std::string> paths;  // files and folders of another tool
  std::string output;              // empty: standard output
};
int import_definitions(const ImportOptions& options);

struct ExplainOptions {
  std::string what;  // a code, or a dotted name
  std::string file;  // for names
};
int explain(const ExplainOptions& options);

// A fleet file with what it is to do.
struct FlowOptions {
  std::string file;
  std::vector<std::string> words;  // [FLOW] [k=v]…
};

struct PlanOptions {
  FlowOptions flow;
  std::string format = "text";  // text, json, dot, svg, mermaid
};
int plan(const PlanOptions& options);

struct SimulateOptions {
  FlowOptions flow;        // no words: the resident fleet
  std::uint32_t days = 0;  // of the fleet; 0: one
  std::uint32_t runs = 0;  // of the flow; 0: a thousand
  std::uint64_t seed = 1;
  double faults = 0.02;
  std::string format = "text";  // text, json
};
int simulate(const SimulateOptions& options);

struct RunOptions {
  FlowOptions flow;
  std::uint32_t jobs = 0;
  std::string format = "text";  // text, json
  bool no_wait = false;
  bool fresh = false;  // --new: an unfinished run is left as it is
};
int run(const RunOptions& options);

struct ResumeOptions {
  std::string run;
  std::uint32_t jobs = 0;
  std::string format = "text";
  bool no_wait = false;
  bool accept_lost_tail = false;
};
int resume(const ResumeOptions& options);

struct UpOptions {
  std::string file;
  bool detach = false;
  std::uint32_t jobs = 0;
};
int up(const UpOptions& options);

struct DownOptions {
  bool now = false;
  std::uint32_t wait = 3600;  // seconds, for sessions to end
};
int down(const DownOptions& options);

struct TaskOptions {
  std::string id;    // as `task list` shows it
  std::string name;  // of the event: task.NAME
  std::string text;
  std::string criteria;
  bool all = false;
  std::string format = "text";
};
int task_add(const TaskOptions& options);
int task_list(const TaskOptions& options);
int task_cancel(const TaskOptions& options);
int task_retry(const TaskOptions& options);

struct QueryOptions {
  std::string run;  // empty: the newest
  std::string format = "text";
  bool all = false;
};
int status(const QueryOptions& options);
int log(const QueryOptions& options);

struct CostOptions {
  std::string run;           // empty: the newest, or all of the last days where these are asked for
  std::string by = "agent";  // task, run, day
  std::uint32_t days = 7;
  std::string format = "text";
};
int cost(const CostOptions& options);

struct InboxOptions {
  std::string format = "text";
};
int inbox(const InboxOptions& options);

struct DecideOptions {
  std::string gate;  // an ID of the inbox, a part of one that is unique, or a step's name
  std::string why;
  std::string key;  // the private key's file; empty: decision_key_file()
};
int approve(const DecideOptions& options);
int reject(const DecideOptions& options);
int retry(const DecideOptions& options);

struct SendOptions {
  std::string agent;
  std::string text;  // "-": from standard input
  std::string subject;
};
int send(const SendOptions& options);

struct MessagesOptions {
  std::string agent;                   // empty: of all
  bool all = false;                    // also those that are done
  std::optional<std::string> requeue;  // the ID of a dead one that is to be told again
  std::string format = "text";
};
int messages(const MessagesOptions& options);

struct PullOptions {
  std::uint32_t number = 0;
  std::string run;  // empty: the newest
  std::string format = "text";
};
int pr_list(const PullOptions& options);
int pr_show(const PullOptions& options);
int pr_diff(const PullOptions& options);

struct CleanOptions {
  bool dry_run = false;
};
int clean(const CleanOptions& options);

struct InitOptions {
  std::string folder = ".";
};
int init(const InitOptions& options);

// What a session says to the engine: `verb` of agent::verbs(), with its parameters by name.
struct AgentOptions {
  std::string verb;
  std::map<std::string, std::string> with;
  std::string format = "text";
  std::uint32_t wait = 3600;  // seconds, for an engine to answer
};
int agent(const AgentOptions& options);
// The same as an MCP server on standard input and output; returns when its client is done with it.
int mcp();

// The language server; returns when its client is done with it, or gone.
int lsp();

int version(const std::string& format);

}  // namespace fleet::cli
