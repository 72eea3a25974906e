"""What a scripted model is asked and what it answers, whatever protocol carries it.

An agent's script is a list of steps. Each request of a session gets the step after as many as it has taken: the
number of tool calls in the request says how many these are, so that a session that is repeated begins anew.
"""
import dataclasses
import re
import uuid

# How adapters begin a prompt: engine/flow/adapted.cc, first_words.
WHO = re.compile(r"You are `([^`]+)`, one agent of a fleet")
WHERE = re.compile(r"[Ww]orking directory: ?([^\s\"\\<]+)")


@dataclasses.dataclass(frozen=True)
class Call:
    """A tool to be called. `kind`: fleet (a verb of fleetc's), read, edit, write or shell."""
    kind: str
    arguments: dict


@dataclasses.dataclass(frozen=True)
class Step:
    """One answer of the model: words, and a tool to call; without one the turn ends."""
    text: str = ""
    call: Call | None = None
    refuses: bool = False  # it ends as a model does that will not


def fleet(verb, **arguments):
    return Step(f"I call {verb}.", Call("fleet", {"verb": verb, "arguments": arguments}))


def read(path):
    return Step(f"I read {path}.", Call("read", {"path": path}))


def edit(path, old, new):
    return Step(f"I edit {path}.", Call("edit", {"path": path, "old": old, "new": new}))


def write(path, content):
    return Step(f"I write {path}.", Call("write", {"path": path, "content": content}))


def shell(command):
    return Step("I run a command.", Call("shell", {"command": command}))


def says(text):
    return Step(text)


@dataclasses.dataclass
class Asked:
    """A request, as far as a script cares."""
    agent: str      # "": not from a session's own prompt, a title for example
    calls: int      # tool calls that were made so far
    tools: list     # as the request has them: each dialect knows their shape
    results: list   # texts of tool results, in order
    directory: str  # where the session works; "": the request does not say

    @staticmethod
    def of(raw, calls, tools, results):
        who, where = WHO.search(raw), WHERE.search(raw)
        return Asked(who.group(1) if who and tools else "", calls, tools, results,
                     where.group(1) if where else "")


# What a failing service says. The words of each are those that its vendor's service uses.
AUTH, LIMITED, OVERLOADED, UNAVAILABLE, TOO_LONG, NO_MONEY = (
    "auth", "limited", "overloaded", "unavailable", "too long", "no money")


def new_id(prefix):
    return prefix + uuid.uuid4().hex[:16]


def texts_of(content):
    """All texts in a piece of JSON that a tool result may be."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(filter(None, map(texts_of, content)))
    if isinstance(content, dict):
        return "\n".join(filter(None, (texts_of(value) for key, value in content.items()
                                       if key not in ("type", "id"))))
    return ""
