#!/usr/bin/env python3
"""Writes a large fleet, and the same facts as YAML.

    make_fleet.py AGENTS FOLDER [--shape layers|chain|wide|crowd]

FOLDER/fleet.fleet, which uses FOLDER/roles.fleet and a part-N.fleet for each 2,500 agents, and
FOLDER/fleet.yaml. About ten lines an agent. Shapes of the flow: `layers` of a hundred steps with
fan-outs and merges in them, one `chain`, all steps `wide` beside one another, or a `crowd` whose
steps share one branch template and differ in an argument.
"""
import argparse
import pathlib

ROLES = 200
LAYER = 100
PART = 2500
SHAPES = ("layers", "chain", "wide", "crowd")


def quoted(text):
    return '"' + text + '"'


class Step:
    def __init__(self, name, agent, text, after, fanout=None):
        self.name, self.agent, self.text, self.after, self.fanout = name, agent, text, after, fanout


class Merge:
    def __init__(self, name, sources, into):
        self.name, self.sources, self.into = name, sources, into


def agent_facts(number):
    return {
        "name": f"a{number:05}",
        "doc": f"Looks after part {number:05} and what stands in its folder.",
        "role": f"r{number % ROLES:03}",
        "branch": f"work/a{number:05}/{{task}}",
        "in": [f"parts/{number:05}/**", f"tests/{number:05}/*.txt"],
        "accept": [f"make -C parts/{number:05} test", f"sh lint.sh parts/{number:05}"],
        "lines": 400 + number % 100,
        "timeout": f"{30 + number % 30}min",
        "budget": f"${1 + number % 3}/task",
        "keep": [f"parts/{number:05}/.cache/**"],
        "brief": f"Keep part {number:05} small; ask before its interface changes.",
    }


def after_of(shape, number):
    if shape == "chain":
        return [f"s{number - 1:05}.accepted"] if number else []
    if shape != "layers" or number < LAYER:
        return []
    before = number - LAYER
    first = before - before % LAYER
    return [f"s{one:05}.{edge}" for one, edge in
            ((before, "accepted"), (first + (before + 7) % LAYER, "done"))]


def steps_of(shape, agents):
    for number in range(agents):
        fanout = None
        if shape == "layers" and number % 20 == 19:
            fanout = f"parts/{number:05}/*.txt"
        agent = 0 if shape == "crowd" else number
        yield Step(f"s{number:05}", agent, f"part {number:05} of {{ticket}}",
                   after_of(shape, number), fanout)
        if shape == "layers" and number % LAYER == LAYER - 1:
            layer = number // LAYER
            yield Merge(f"m{layer:03}", [f"s{one:05}" for one in range(number - 4, number + 1)],
                        f"out/layer-{layer:03}")


def role_lines():
    for number in range(ROLES):
        yield f"role r{number:03} {{"
        yield f'  accept  = ["sh check.sh {number:03}" passes]'
        yield "  restart = on_crash backoff 2s..30s"
        yield "}"


def part_lines(numbers):
    yield 'use "./roles.fleet" as r'
    for number in numbers:
        one = agent_facts(number)
        globs = ", ".join(quoted(glob) for glob in one["in"])
        commands = ", ".join(quoted(command) + " passes" for command in one["accept"])
        yield ""
        yield f"/// {one['doc']}"
        yield f"agent {one['name']} : r.{one['role']} {{"
        yield f"  writes  = worktree({quoted(one['branch'])}) in [{globs}]"
        yield f"  accept += [{commands}, diff < {one['lines']} lines]"
        yield f"  timeout = {one['timeout']}"
        yield f"  budget  = {one['budget']}"
        yield f"  keep    = [{', '.join(quoted(glob) for glob in one['keep'])}]"
        yield f"  brief   = {quoted(one['brief'])}"
        yield "}"


def fleet_lines(agents, shape):
    for part in range(0, agents, PART):
        yield f'use "./part-{part // PART}.fleet" as p{part // PART}'
    yield ""
    yield "/// Many agents, each of which looks after a part of one repository."
    yield "fleet large v1 {"
    yield '  repo   = git(".", base: main)'
    yield "  limits = sessions 64 worktrees 200GiB"
    yield ""
    yield "  runtime local {"
    yield "    adapter = shell"
    yield '    command = "sh work.sh {agent} {task}"'
    yield "    spawn   = 3s"
    yield "  }"
    yield "  defaults {"
    yield "    runtime = local"
    yield "    timeout = 1h"
    yield "  }"
    yield ""
    yield "  flow main(ticket) {"
    for step in steps_of(shape, agents):
        if isinstance(step, Merge):
            yield (f"    {step.name} = repo.merge({', '.join(step.sources)}, "
                   f"into: {quoted(step.into)})")
            continue
        after = f" after {' & '.join(step.after)}" if step.after else ""
        agent = f"p{step.agent // PART}.a{step.agent:05}"
        if step.fanout:
            yield (f"    {step.name} = fanout f in files({quoted(step.fanout)}) to {agent} "
                   f"width 4 limit 40 est 5min{after}")
        else:
            yield f"    {step.name} = {agent}({quoted(step.text)}) retry 1{after}"
    yield "  }"
    yield "}"


def yaml_lines(agents, shape):
    yield "fleet: large"
    yield "version: 1"
    yield "doc: Many agents, each of which looks after a part of one repository."
    yield "repo:"
    yield "  path: ."
    yield "  base: main"
    yield "limits:"
    yield "  sessions: 64"
    yield "  worktrees: 200GiB"
    yield "runtimes:"
    yield "  local:"
    yield "    adapter: shell"
    yield '    command: "sh work.sh {agent} {task}"'
    yield "    spawn: 3s"
    yield "defaults:"
    yield "  runtime: local"
    yield "  timeout: 1h"
    yield "roles:"
    for number in range(ROLES):
        yield f"  r{number:03}:"
        yield f"    accept: [sh check.sh {number:03}]"
        yield "    restart: on_crash backoff 2s..30s"
    yield "agents:"
    for number in range(agents):
        one = agent_facts(number)
        yield f"  {one['name']}:"
        yield f"    doc: {one['doc']}"
        yield f"    role: {one['role']}"
        yield f"    branch: {quoted(one['branch'])}"
        yield f"    in: [{', '.join(quoted(glob) for glob in one['in'])}]"
        yield f"    accept: [{', '.join(quoted(command) for command in one['accept'])}]"
        yield f"    diff: {one['lines']}"
        yield f"    timeout: {one['timeout']}"
        yield f"    budget: {one['budget']}"
        yield f"    keep: [{', '.join(quoted(glob) for glob in one['keep'])}]"
        yield f"    brief: {quoted(one['brief'])}"
    yield "flow:"
    yield "  name: main"
    yield "  parameters: [ticket]"
    yield "  steps:"
    for step in steps_of(shape, agents):
        if isinstance(step, Merge):
            yield f"    {step.name}: {{merge: [{', '.join(step.sources)}], into: {step.into}}}"
            continue
        after = f", after: [{', '.join(step.after)}]" if step.after else ""
        if step.fanout:
            yield (f"    {step.name}: {{fanout: f, files: {quoted(step.fanout)}, to: a{step.agent:05}, "
                   f"width: 4, limit: 40, est: 5min{after}}}")
        else:
            yield f"    {step.name}: {{agent: a{step.agent:05}, text: {quoted(step.text)}, retry: 1{after}}}"


def write(agents, folder, shape="layers"):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    files = {"fleet.fleet": fleet_lines(agents, shape), "fleet.yaml": yaml_lines(agents, shape),
             "roles.fleet": role_lines()}
    for part in range(0, agents, PART):
        files[f"part-{part // PART}.fleet"] = part_lines(range(part, min(part + PART, agents)))
    for name, lines in files.items():
        (folder / name).write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("agents", type=int)
    parser.add_argument("folder")
    parser.add_argument("--shape", choices=SHAPES, default="layers")
    arguments = parser.parse_args()
    write(arguments.agents, arguments.folder, arguments.shape)


if __name__ == "__main__":
    main()
