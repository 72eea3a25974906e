// The kinds of declaration and their keys.
#include <algorithm>
#include <array>

#include "dsl/schema/schema.h"

namespace fleet::schema {
namespace {

constexpr Support kNow = Support::kNow;
constexpr Support kLater = Support::kLater;

constexpr std::array kAdapters{Word{"shell"}, Word{"claude", kLater}, Word{"codex", kLater},
                               Word{"gemini", kLater}, Word{"opencode", kLater}};
constexpr std::array kReads{Word{"repo"}, Word{"diff", kLater}, Word{"none", kLater}};
constexpr std::array kSessions{Word{"own"}, Word{"fresh", kLater}};
constexpr std::array kRestartParts{Word{"backoff"}, Word{"max", kLater}, Word{"else", kLater}};
constexpr std::array kEngineCrash{Word{"adopt"}, Word{"kill"}};
constexpr std::array kReturns{Word{"done"}, Word{"verdict", kLater}, Word{"report", kLater}};
constexpr std::array kDispatch{Word{"ephemeral"}, Word{"always", kLater}, Word{"on", kLater},
                               Word{"every", kLater}};

constexpr std::array kFleetKeys{
    Key{.name = "repo",
        .form = "git(\"PATH\", base: BRANCH)",
        .doc =
            "The repository, relative to the file's folder, and the branch that work starts from.",
        .required = true},
    Key{.name = "budget",
        .form = "$X/day or $X/run [hard]",
        .doc = "What the fleet may spend; `hard` pauses it there."},
    Key{.name = "limits",
        .form = "[sessions N] [worktrees SIZE]",
        .doc = "Sessions at once, and the disk that worktrees may take."},
    Key{.name = "protect", .form = "[\"glob\", …]", .doc = "Files that only a human may change."},
    Key{.name = "load",
        .support = kLater,
        .form = "N FLOW/day",
        .doc = "How many runs a day the worst case is computed for."},
    Key{.name = "escalation",
        .support = kLater,
        .form = "NAME -> NAME within D",
        .doc = "The way from a stuck thing to a human."},
    Key{.name = "sync",
        .support = kLater,
        .form = "[commits, directives, decisions]",
        .doc = "What an agent is told has changed since it last ran."},
    Key{.name = "hooks",
        .support = kLater,
        .form = "on | off",
        .doc = "Whether the repository's own hooks run in sessions."},
    Key{.name = "forge",
        .support = kLater,
        .form = "NAME",
        .doc = "Where pull requests are opened."},
};

constexpr std::array kRuntimeKeys{
    Key{.name = "adapter",
        .form = "shell",
        .doc = "How the engine speaks with the program.",
        .required = true,
        .words = kAdapters},
    Key{.name = "command",
        .form = "\"command\"",
        .doc = "What a session runs; a hole is always one argument.",
        .required = true},
    Key{.name = "model", .support = kLater, .form = "\"name\"", .doc = "The model."},
    Key{.name = "spawn",
        .form = "D",
        .doc =
            "What one cold session costs before it does any work; a prior until it was measured."},
    Key{.name = "price", .support = kLater, .form = "$X/Mtok", .doc = "What tokens cost."},
    Key{.name = "env", .form = "[NAME: \"value\", …]", .doc = "Variables of the session."},
    Key{.name = "sandbox",
        .form = "on | off | [write: [\"path\", …], network: on | off]",
        .doc = "Whether the session is confined, and what it may reach beyond its worktree.",
        .fallback = "on"},
};

constexpr std::array kContractKeys{
    Key{.name = "runtime", .form = "NAME or shell(\"command\")", .doc = "How a session starts."},
    Key{.name = "identity",
        .support = kLater,
        .form = "[NAME@vN, …]",
        .doc = "The versioned documents to be read before any work.",
        .list = true},
    Key{.name = "dispatch",
        .form = "ephemeral",
        .doc = "When the agent runs.",
        .fallback = "ephemeral",
        .words = kDispatch},
    Key{.name = "reads",
        .form = "repo",
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
        .support = kLater,
        .form = "[NAME, …]",
        .doc = "Credentials that a session may use.",
        .list = true},
    Key{.name = "budget", .form = "$X/task", .doc = "Caps one attempt at one task."},
    Key{.name = "timeout",
        .form = "D",
        .doc = "Caps one attempt from session start; a step may ask for less."},
    Key{.name = "accept",
        .form = "[\"command\" passes, diff < N lines, …]",
        .doc = "What judges each task's result.",
        .list = true},
    Key{.name = "session",
        .form = "own",
        .doc = "A session is kept between tasks.",
        .fallback = "own",
        .words = kSessions},
    Key{.name = "session_max",
        .support = kLater,
        .form = "D",
        .doc = "How old a session may grow."},
    Key{.name = "checkpoint", .support = kLater, .form = "D", .doc = "How often state is saved."},
    Key{.name = "handoff",
        .support = kLater,
        .form = "[shutdown, context > N%]",
        .doc = "When a session leaves notes for its successor."},
    Key{.name = "restart",
        .form = "on_crash [backoff D..D]",
        .doc = "What happens after a crash.",
        .fallback = "on_crash backoff 1s..60s",
        .parts = kRestartParts},
    Key{.name = "on_engine_crash",
        .form = "adopt | kill",
        .doc = "Whether a session in flight is taken over by the next engine.",
        .fallback = "adopt",
        .words = kEngineCrash},
    Key{.name = "returns",
        .form = "done",
        .doc = "What a task answers.",
        .fallback = "done",
        .words = kReturns},
    Key{.name = "brief", .form = "\"text\"", .doc = "What the agent is told about its work."},
};

constexpr std::array kFlowKeys{
    Key{.name = "accept",
        .form = "[\"command\" passes, diff < N lines, …]",
        .doc = "What judges the branch that the flow merges or gathers."},
};

constexpr std::array kHumanKeys{
    Key{.name = "answers", .support = kLater, .form = "D", .doc = "How long an answer takes."},
    Key{.name = "notify", .support = kLater, .form = "command(\"…\")", .doc = "How to reach them."},
    Key{.name = "key", .support = kLater, .form = "\"…\"", .doc = "Signs their decisions."},
};
constexpr std::array kCredentialKeys{
    Key{.name = "from",
        .support = kLater,
        .form = "env(X) | file(\"…\") | command(\"…\")",
        .doc = "Where the secret comes from."},
    Key{.name = "owner", .support = kLater, .form = "NAME", .doc = "The human who renews it."},
    Key{.name = "expires", .support = kLater, .form = "DATE", .doc = "Its last day."},
    Key{.name = "scopes", .support = kLater, .form = "[NAME, …]", .doc = "What it permits."},
    Key{.name = "probe",
        .support = kLater,
        .form = "command(\"…\")",
        .doc = "Tells whether it works."},
    Key{.name = "mode", .support = kLater, .form = "broker | env", .doc = "How a session uses it."},
};
constexpr std::array kIdentityKeys{
    Key{.name = "file", .support = kLater, .form = "\"path\"", .doc = "The document."},
    Key{.name = "after", .support = kLater, .form = "NAME", .doc = "What is read before it."},
};
constexpr std::array kTestKeys{
    Key{.name = "given", .support = kLater, .form = "…", .doc = "What is assumed."},
    Key{.name = "expect", .support = kLater, .form = "…", .doc = "What must hold."},
};

constexpr std::array kKinds{
    Kind{"fleet", kNow, "fleet NAME [vN] { … }", "The whole: one repository, its agents and flows.",
         kFleetKeys},
    Kind{"role", kNow, "role NAME [: ROLE] { … }",
         "A contract: how a session starts, what it may write, what judges its work.",
         kContractKeys},
    Kind{"agent", kNow, "agent NAME, … : ROLE { … }", "A named instance of a role, amended.",
         kContractKeys},
    Kind{"defaults", kNow, "defaults { … }", "Keys for every agent of the fleet.", kContractKeys},
    Kind{"runtime", kNow, "runtime NAME { … }", "How a session starts.", kRuntimeKeys},
    Kind{"flow", kNow, "flow NAME[(PARAMETER, …)] { … }", "A DAG of steps.", kFlowKeys},
    Kind{"human", kLater, "human NAME { … }", "Who decides.", kHumanKeys},
    Kind{"credential", kLater, "credential NAME { … }", "A secret's life, never its value.",
         kCredentialKeys},
    Kind{"identity", kLater, "identity NAME vN { … }", "A versioned document.", kIdentityKeys},
    Kind{"pattern", kLater, "pattern NAME(PARAMETER, …) { … }", "A reusable piece of flow.", {}},
    Kind{"test", kLater, "test \"…\" { … }", "A claim checked on the simulator.", kTestKeys},
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

const Key* find_key(const Kind& kind, std::string_view name) {
  const auto found = std::ranges::find(kind.keys, name, &Key::name);
  return found == kind.keys.end() ? nullptr : &*found;
}

}  // namespace fleet::schema
