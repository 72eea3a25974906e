// The kinds of declaration and their keys.
#include <algorithm>
#include <array>

#include "dsl/schema/schema.h"

namespace fleet::schema {
namespace {

constexpr std::array kAdapters{Word{"shell", "Any program: `command` says which."},
                               Word{"claude", "Claude Code."}, Word{"codex", "The Codex CLI."},
                               Word{"gemini", "The Gemini CLI."}, Word{"opencode", "opencode."}};
constexpr std::array kReads{
    Word{"repo", "The tree of the commit that the task begins at."},
    Word{"diff", "The change, and the tree that it was made on; nothing can be written."},
    Word{"none", "An empty folder."}};
constexpr std::array kSessions{Word{"own", "One session serves one task after another."},
                               Word{"fresh", "Each task has a new session."}};
constexpr std::array kRestartParts{
    Word{"backoff", "How long a further attempt waits after a crash, at first and at most."},
    Word{"max", "How often it may crash in an hour."},
    Word{"else", "What follows a crash too many: `escalate` asks a human, `fail` fails the task."}};
constexpr std::array kEngineCrash{
    Word{"adopt", "The next engine takes the session over."},
    Word{"kill", "The next engine ends the session; its attempt is made again."}};
constexpr std::array kReturns{Word{"done", "That it is done."},
                              Word{"verdict", "Approved, or changes requested with findings."},
                              Word{"report", "A report."}};
constexpr std::array kModes{Word{"broker", "A session asks the engine for it."},
                            Word{"env", "A session has it in a variable."}};
constexpr std::array kDeeds{
    Word{"returns",
         "How the session ends: `done`, `approved`, `changes_requested [N [LABEL] "
         "findings]`."},
    Word{"fails", "Its process exits with 1; `fails evidence`: its `accept` does not pass."},
    Word{"crashes", "A signal ends its process."},
    Word{"hangs", "Nothing ends it but its `timeout`."},
    Word{"conflicts", "The merge does."},
    Word{"takes", "How long each attempt, or the human, takes."},
    Word{"spends", "What each attempt costs."},
    Word{"lists", "The items of a fan-out: `N items`, or `[\"a\", \"b\"]`."},
    Word{"approves", "What a `human` step asks."},
    Word{"rejects", "What a `human` step asks."},
    Word{"continues", "The human lets pass what was escalated."},
    Word{"stops", "The human fails what was escalated."},
    Word{"never", "`never answers`: the human is asked in vain."},
    Word{"then", "What comes next time; the last holds from then on."},
    Word{"in", "Where it holds: `in STEP`, `in round N` of a loop."},
    Word{"on", "For which item of a fan-out: `on \"ITEM\"`."}};
constexpr std::array kClaims{
    Word{"never", "It does not begin, or the edge does not fire, in any round."},
    Word{"asks", "The human is asked to decide."}, Word{"about", "At which step."},
    Word{"within", "So soon after the beginning of the run."}};
constexpr std::array kSwitch{Word{"on"}, Word{"off"}};

constexpr std::array kFleetKeys{
    Key{.name = "repo",
        .form = "git(\"PATH\", base: BRANCH)",
        .doc =
            "The repository, relative to the file's folder, and the branch that work starts from.",
        .required = true},
    Key{.name = "budget",
        .form = "$X/day or $X/run [hard] [warn N%]",
        .doc = "What the fleet may spend; `hard` pauses it there, `warn` says so before."},
    Key{.name = "limits",
        .form = "[sessions N] [starts N/h] [worktrees SIZE] [messages N/h]",
        .doc = "Sessions at once, how many are started within any hour, the disk that the "
               "worktrees kept "
               "for the next run may take, and what each agent may send within any hour."},
    Key{.name = "protect", .form = "[\"glob\", …]", .doc = "Files that only a human may change."},
    Key{.name = "load",
        .form = "N FLOW/day or [N FLOW/day, …]",
        .doc = "How many runs of which flow a day the worst case is computed for."},
    Key{.name = "escalation",
        .form = "NAME -> NAME within D",
        .doc = "The way from a stuck thing to a human, and when it is passed on."},
    Key{.name = "sync",
        .form = "[commits, directives, decisions]",
        .doc = "What an agent is told has changed since it last ran."},
    Key{.name = "hooks",
        .form = "on | off",
        .doc = "Whether the repository's own hooks run in sessions.",
        .words = kSwitch},
    Key{.name = "forge", .form = "NAME", .doc = "Where pull requests are opened."},
};

constexpr std::array kRuntimeKeys{
    Key{.name = "adapter",
        .form = "shell | claude | codex | gemini | opencode",
        .doc = "How the engine speaks with the program.",
        .required = true,
        .words = kAdapters},
    Key{.name = "command",
        .form = "\"command\"",
        .doc = "What a session runs; a hole is always one argument. Needed by `shell` alone."},
    Key{.name = "model", .form = "\"name\"", .doc = "The model; not for `shell`."},
    Key{.name = "spawn",
        .form = "D",
        .doc =
            "What one cold session costs before it does any work; a prior until it was measured."},
    Key{.name = "price",
        .form = "$X/Mtok",
        .doc = "What tokens cost; of `shell` those that the broker counts."},
    Key{.name = "env", .form = "[NAME: \"value\", …]", .doc = "Variables of the session."},
    Key{.name = "sandbox",
        .form = "on | off | [write: [\"path\", …], network: on | off]",
        .doc = "Whether the session is confined, and what it may reach beyond its worktree.",
        .fallback = "on"},
};

constexpr std::array kContractKeys{
    Key{.name = "runtime", .form = "NAME or shell(\"command\")", .doc = "How a session starts."},
    Key{.name = "identity",
        .form = "[NAME@vN, …]",
        .doc = "The versioned documents to be read before any work.",
        .list = true},
    Key{.name = "dispatch",
        .form = "ephemeral | always | on EVENT | every D [overlap skip | queue]",
        .doc = "When the agent runs.",
        .fallback = "ephemeral"},
    Key{.name = "reads",
        .form = "repo | diff | none",
        .doc = "What a session sees.",
        .fallback = "repo",
        .words = kReads},
    Key{.name = "writes",
        .form = "worktree(\"branch\") [in [\"glob\", …]] | none",
        .doc = "The branch of each task, and the files that it may change.",
        .fallback = "none"},
    Key{.name = "keep",
        .form = "[\"glob\", …]",
        .doc = "Ignored files (caches) that survive when the same agent gets the worktree again.",
        .list = true},
    Key{.name = "grants",
        .form = "[NAME, …]",
        .doc = "Credentials that a session may use.",
        .list = true},
    Key{.name = "budget",
        .form = "$X/task or $X/day",
        .doc = "Caps one attempt at one task; `/day`, all that an agent does in a day."},
    Key{.name = "timeout",
        .form = "D",
        .doc = "Caps one attempt from session start; a step may ask for less."},
    Key{.name = "accept",
        .form = "[\"command\" passes, diff < N lines, task.criteria met, …]",
        .doc = "What judges each task's result.",
        .list = true},
    Key{.name = "session",
        .form = "own | fresh",
        .doc = "A session is kept between tasks, or begun for each; a reviewer's is always fresh.",
        .fallback = "own",
        .words = kSessions},
    Key{.name = "session_max", .form = "D", .doc = "How old a session may grow."},
    Key{.name = "checkpoint", .form = "D", .doc = "How often state is saved."},
    Key{.name = "handoff",
        .form = "[shutdown, context > N%]",
        .doc = "When a session leaves notes for its successor."},
    Key{.name = "restart",
        .form = "on_crash [backoff D..D] [max N/h] [else escalate]",
        .doc = "What happens after a crash.",
        .fallback = "on_crash backoff 1s..60s",
        .parts = kRestartParts},
    Key{.name = "on_engine_crash",
        .form = "adopt | kill",
        .doc = "Whether a session in flight is taken over by the next engine.",
        .fallback = "adopt",
        .words = kEngineCrash},
    Key{.name = "returns",
        .form = "done | verdict | report",
        .doc = "What a task answers.",
        .fallback = "done",
        .words = kReturns},
    Key{.name = "brief", .form = "\"text\"", .doc = "What the agent is told about its work."},
};

constexpr std::array kFlowKeys{
    Key{.name = "accept",
        .form = "[\"command\" passes, diff < N lines, task.criteria met, …]",
        .doc = "What judges the branch that the flow merges or gathers."},
};

constexpr std::array kHumanKeys{
    Key{.name = "answers", .form = "D", .doc = "How long an answer takes."},
    Key{.name = "notify", .form = "command(\"…\")", .doc = "How to reach them."},
    Key{.name = "key", .form = "\"…\"", .doc = "The public key that signs their decisions."},
};
constexpr std::array kCredentialKeys{
    Key{.name = "from",
        .form = "env(X) | file(\"…\") | command(\"…\")",
        .doc = "Where the secret comes from.",
        .required = true},
    Key{.name = "owner", .form = "NAME", .doc = "The human who renews it.", .required = true},
    Key{.name = "expires", .form = "DATE", .doc = "Its last day."},
    Key{.name = "scopes", .form = "[NAME, …]", .doc = "What it permits."},
    Key{.name = "probe", .form = "command(\"…\")", .doc = "Tells whether it works."},
    Key{.name = "mode",
        .form = "broker | env",
        .doc = "Whether a session asks the engine for it or has it in a variable.",
        .fallback = "broker",
        .words = kModes},
};
constexpr std::array kIdentityKeys{
    Key{.name = "file",
        .form = "\"path\"",
        .doc = "The document, beside the fleet's file.",
        .required = true},
    Key{.name = "after", .form = "NAME or [NAME, …]", .doc = "What is read before it."},
};
constexpr std::array kTestKeys{
    Key{.name = "given",
        .form = "FLOW(…), AGENT returns approved | changes_requested | done, WHO fails, HUMAN "
                "rejects, …",
        .doc = "What is assumed; all else goes well.",
        .parts = kDeeds},
    Key{.name = "expect",
        .form = "never STEP, STEP.EDGE [within D], LOOP <= N rounds, asks HUMAN, run.done, …",
        .doc = "What must hold.",
        .required = true,
        .parts = kClaims},
};

constexpr std::array kKinds{
    Kind{"fleet", "fleet NAME [vN] { … }", "The whole: one repository, its agents and flows.",
         kFleetKeys},
    Kind{"role", "role NAME [: ROLE] { … }",
         "A contract: how a session starts, what it may write, what judges its work.",
         kContractKeys},
    Kind{"agent", "agent NAME, … : ROLE { … }", "A named instance of a role, amended.",
         kContractKeys},
    Kind{"defaults", "defaults { … }", "Keys for every agent of the fleet.", kContractKeys},
    Kind{"runtime", "runtime NAME { … }", "How a session starts.", kRuntimeKeys},
    Kind{"flow", "flow NAME[(PARAMETER, …)] [on EVENT] { … }", "A DAG of steps.", kFlowKeys},
    Kind{"human", "human NAME { … }", "Who decides.", kHumanKeys},
    Kind{"credential", "credential NAME { … }", "A secret's life, never its value.",
         kCredentialKeys},
    Kind{"identity", "identity NAME vN { … }", "A versioned document.", kIdentityKeys},
    Kind{"pattern", "pattern NAME(PARAMETER, …) { … }", "A reusable piece of flow.", {}},
    Kind{"test", "test \"…\" { … }", "A claim checked on the simulator.", kTestKeys},
};

}  // namespace

std::span<const Kind> kinds() {
  return kKinds;
}

const Kind* find_kind(std::string_view name) {
  const auto found = std::ranges::find(kKinds, name, &Kind::name);
  return found == kKinds.end() ? nullptr : &*found;
}

const Word* find_part(const Key& key, std::string_view word) {
  const auto found = std::ranges::find(key.parts, word, &Word::text);
  return found == key.parts.end() ? nullptr : &*found;
}

const Word* find_word(const Key& key, std::string_view word) {
  const auto found = std::ranges::find(key.words, word, &Word::text);
  return found == key.words.end() ? find_part(key, word) : &*found;
}

const Key* find_key(const Kind& kind, std::string_view name) {
  const auto found = std::ranges::find(kind.keys, name, &Key::name);
  return found == kind.keys.end() ? nullptr : &*found;
}

}  // namespace fleet::schema
