#!/usr/bin/env python3
"""Fails when a file includes a header that its folder may not see.

The tables below are the architecture. MAY_SEE: a folder may include itself and the folders named
beside it, nothing else. OWNERS: a heavy vendor header stays behind the folders named beside it, in
.cc files only, so that no header of ours makes others pay for it or depend on it.

usage: check_layers.py SOURCE_DIR     check the tree; prints one line a problem, exits 1 if any
       check_layers.py --self-test    plant violations in a scratch tree and expect each to be found
"""
import pathlib
import re
import sys
import tempfile

MAY_SEE = {
    "dsl/base": (),
    "dsl/plan": (),
    "dsl/syntax": ("dsl/base",),
    "dsl/schema": ("dsl/base",),
    "dsl/format": ("dsl/base", "dsl/syntax"),
    "dsl/sema": ("dsl/base", "dsl/syntax", "dsl/schema", "dsl/plan"),
    "dsl/lower": ("dsl/base", "dsl/syntax", "dsl/schema", "dsl/plan", "dsl/sema"),
    "dsl/checks": ("dsl/base", "dsl/syntax", "dsl/schema", "dsl/plan", "dsl/sema", "dsl/lower"),
    "dsl/driver": ("dsl/base", "dsl/syntax", "dsl/schema", "dsl/plan", "dsl/sema", "dsl/checks",
                   "dsl/lower", "dsl/format"),
    "dsl/import": ("dsl/base", "dsl/format", "dsl/driver"),
    "dsl/lsp": ("dsl/base", "dsl/syntax", "dsl/schema", "dsl/plan", "dsl/sema", "dsl/lower",
                "dsl/format", "dsl/driver"),
    "engine/base": (),
    "engine/os": ("engine/base",),
    # These seven know neither one another nor the plan: what a session says, what it asks a model, a
    # human's word, a row of bytes, a process, a tree.
    "engine/agent": ("engine/base", "engine/os"),
    "engine/broker": ("engine/base", "engine/os"),
    "engine/bus": ("engine/base", "engine/os"),
    "engine/decide": ("engine/base", "engine/os"),
    "engine/journal": ("engine/base", "engine/os"),
    "engine/process": ("engine/base", "engine/os"),
    "engine/worktree": ("engine/base", "engine/os"),
    "engine/run": ("engine/base", "dsl/plan"),
    "engine/adapter": ("engine/base",),
    "engine/report": ("engine/base", "engine/os", "engine/run", "dsl/plan"),
    "engine/flow": ("engine/base", "engine/os", "engine/agent", "engine/broker", "engine/bus", "engine/decide",
                    "engine/journal", "engine/process", "engine/worktree", "engine/run", "engine/report", "engine/adapter",
                    "dsl/plan"),
    "engine/resident": ("engine/base", "engine/os", "engine/bus", "engine/journal", "engine/run", "engine/flow", "engine/worktree",
                        "engine/report", "dsl/plan"),
    # Of the resident room what decides, not what serves: rota.h and happenings.h.
    "engine/simulate": ("engine/base", "engine/os", "engine/run", "engine/report", "engine/flow", "engine/resident",
                        "dsl/plan"),
}
# The top of the tree, where compiler and engine meet: it may see every folder.
ROOF = "engine/cli"

OWNERS = {
    "tao/pegtl": ("dsl/syntax",),
    "boost/": ("dsl/lower", "engine/broker"),
    "yaml-cpp/": ("dsl/driver", "dsl/import"),
    "toml++/": ("dsl/import",),
    "tbb/": ("engine/flow",),
    "oneapi/": ("engine/flow",),
    "git2": ("engine/worktree",),
    "sqlite3": ("engine/journal",),
    "CLI/": (ROOF,),
    "openssl/": ("dsl/plan", "engine/broker", "engine/decide", "engine/journal", "engine/worktree"),
    "nlohmann/": ("dsl/base", "dsl/plan", "dsl/lsp", "engine/agent", "engine/broker", "engine/run", "engine/report",
                  "engine/flow", "engine/adapter", "engine/resident", ROOF),
}
# One file each in a folder: a second includer means that the vendor's types have begun to spread.
ALONE = ("tao/pegtl", "boost/", "CLI/")
# Made of a vendor's types in more than one file, each of which sees them by a private header.
MADE_OF = {("boost/", "engine/broker")}
# Headers private to their folder that show a vendor's types to its .cc files; no other folder may
# include them.
PRIVATE_HEADERS = {"dsl/syntax/grammar.h": "tao/pegtl", "engine/worktree/libgit.h": "git2",
                   "engine/broker/beast.h": "boost/",
                   "dsl/lsp/json.h": "nlohmann/",
                   "engine/adapter/words.h": "nlohmann/", "engine/agent/strict_json.h": "nlohmann/"}

# Folders without I/O, clock, threads or randomness: these arrive as events and arguments.
PURE = ("dsl/plan", "dsl/lower", "engine/run")
IMPURE_HEADERS = {"atomic", "condition_variable", "filesystem", "fstream", "future", "mutex",
                  "random", "shared_mutex", "stop_token", "thread", "fcntl.h", "pthread.h",
                  "time.h", "ctime", "unistd.h"}
# Only the roof prints.
PRINTING_HEADERS = {"iostream", "print"}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.M)
SOURCE_SUFFIXES = (".h", ".hpp", ".cc", ".cpp", ".inc", ".def")


def folder_of(path):
    """The layer a path belongs to: its first two components ("dsl/base/source.h": "dsl/base")."""
    return "/".join(path.split("/")[:2])


def vendor_of(header):
    return next((vendor for vendor in OWNERS if header.startswith(vendor)), None)


def layer_problem(name, here, header):
    """What is wrong with `name` of folder `here` including our own `header`, or None."""
    there = folder_of(header)
    if there == here:
        return None
    if header in PRIVATE_HEADERS:
        return f"{name}: {header} is private to {there}"
    if here == ROOF and there in MAY_SEE:
        return None
    if there not in MAY_SEE and there != ROOF:
        return f"{name}: {header} is in no folder of the layer table (includes are root-relative)"
    if there not in MAY_SEE.get(here, ()):
        return f"{name}: {here} may not see {header}"
    return None


def vendor_problem(name, here, header, vendor):
    if here not in OWNERS[vendor]:
        return f"{name}: <{header}> belongs in {' or '.join(OWNERS[vendor])}"
    if not name.endswith(".cc") and name not in PRIVATE_HEADERS:
        return f"{name}: a header of ours includes <{header}>; keep it in a .cc"
    return None


def file_problems(name, text):
    """Problems of one file, and the heavy vendors that it includes, if need be by a private header."""
    here = folder_of(name)
    found, vendors = [], set()
    for bracket, header in INCLUDE.findall(text):
        vendor = vendor_of(header)
        vendors |= {PRIVATE_HEADERS[header]} if header in PRIVATE_HEADERS else set()
        if vendor:
            vendors.add(vendor)
            found.append(vendor_problem(name, here, header, vendor))
        elif bracket == '"':
            found.append(layer_problem(name, here, header))
        elif here in PURE and header in IMPURE_HEADERS:
            found.append(f"{name}: {here} is pure and may not see <{header}>")
        elif here != ROOF and header in PRINTING_HEADERS:
            found.append(f"{name}: only {ROOF} prints: <{header}>")
    return [problem for problem in found if problem], vendors


def problems(root):
    """Every breach of the tables under `root`, in order of path."""
    found = []
    includers = {}
    for path in sorted(p for top in ("dsl", "engine") for p in (root / top).rglob("*")):
        if not path.is_file() or path.suffix not in SOURCE_SUFFIXES:
            continue
        name = path.relative_to(root).as_posix()
        here = folder_of(name)
        if here not in MAY_SEE and here != ROOF:
            found.append(f"{name}: {here} is not in the layer table")
            continue
        own, vendors = file_problems(name, path.read_text(encoding="utf-8"))
        found += own
        for vendor in vendors & set(ALONE) if name.endswith(".cc") else ():
            if (vendor, here) in MADE_OF:
                continue
            includers.setdefault((vendor, here), []).append(name)
    for (vendor, _), names in includers.items():
        if len(names) > 1:
            found.append(f"{vendor}: one file owns it, {len(names)} include it: {', '.join(names)}")
    return found


def stale_rows(root):
    return [f"{name}: in PRIVATE_HEADERS, but there is no such file"
            for name in PRIVATE_HEADERS if not (root / name).is_file()]


def table_problems():
    """The table itself must be triangular: no folder sees one that sees it, however far away."""
    found = []
    for folder, seen in MAY_SEE.items():
        found += [f"table: {folder} sees {other}, which has no row" for other in seen
                  if other not in MAY_SEE]
        if folder.startswith("dsl/"):
            found += [f"table: {folder} sees {other}" for other in seen if other.startswith("engine/")]
        elif any(other.startswith("dsl/") and other != "dsl/plan" for other in seen):
            found.append(f"table: {folder} sees more of the compiler than the plan")

    def reaches(start, goal, visited):
        return any(other == goal or (other not in visited and not visited.add(other)
                                     and reaches(other, goal, visited))
                   for other in MAY_SEE.get(start, ()))

    found += [f"table: {folder} sees itself through others" for folder in MAY_SEE
              if reaches(folder, folder, set())]
    return found


PLANTED = {
    # file: (text, part of the problem that must be reported; None: must be accepted)
    "dsl/base/sound.h": ('#include <string>\n#include "dsl/base/other.h"\n', None),
    "dsl/sema/sound.cc": ('#include "dsl/syntax/ast.h"\n', None),
    "dsl/plan/json.cc": ("#include <nlohmann/json.hpp>\n", None),
    "engine/cli/all.cc": ('#include "dsl/driver/compile.h"\n#include "engine/flow/run.h"\n'
                          "#include <iostream>\n", None),
    "dsl/syntax/upward.cc": ('#include "dsl/sema/model.h"\n', "may not see dsl/sema/model.h"),
    "dsl/lower/engine.cc": ('#include "engine/run/state.h"\n', "may not see engine/run/state.h"),
    "engine/run/syntax.h": ('#include "dsl/syntax/ast.h"\n', "may not see dsl/syntax/ast.h"),
    "engine/process/sibling.cc": ('  #  include "engine/worktree/pool.h"\n', "may not see engine/worktree"),
    "engine/journal/plan.cc": ('#include "dsl/plan/plan.h"\n', "may not see dsl/plan/plan.h"),
    "engine/flow/roof.cc": ('#include "engine/cli/options.h"\n', "may not see engine/cli"),
    "engine/flow/near.cc": ('#include "near.h"\n', "root-relative"),
    "engine/os/test.cc": ('#include "tests/support/golden.h"\n', "in no folder"),
    "engine/flow/git.cc": ("#include <git2.h>\n", "<git2.h> belongs in engine/worktree"),
    "engine/worktree/libgit.h": ("#include <git2.h>\n", None),
    "engine/worktree/refs.cc": ('#include "engine/worktree/libgit.h"\n', None),
    "engine/flow/handles.cc": ('#include "engine/worktree/libgit.h"\n', "is private to engine/worktree"),
    "engine/journal/store.h": ("#include <sqlite3.h>\n", "keep it in a .cc"),
    "dsl/lower/dag.cc": ("#include <boost/graph/adjacency_list.hpp>\n", None),
    "dsl/lower/path.cc": ('#include "boost/graph/topological_sort.hpp"\n', None),
    "engine/run/clock.cc": ("#include <thread>\n", "is pure"),
    "dsl/checks/print.cc": ("#include <iostream>\n", "only engine/cli prints"),
    "dsl/utils/strings.cc": ("\n", "dsl/utils is not in the layer table"),
    "engine/loose.cc": ("\n", "engine/loose.cc is not in the layer table"),
}


def self_test():
    """Returns what the checker missed or wrongly reported in a tree with planted violations."""
    with tempfile.TemporaryDirectory(prefix="fleetc-layers-") as scratch:
        root = pathlib.Path(scratch)
        for name, (text, _) in PLANTED.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        found = problems(root)
    missed = []
    for name, (_, wanted) in PLANTED.items():
        own = [problem for problem in found if problem.startswith(name + ":")]
        if wanted is None and own:
            missed.append(f"self-test: sound file was reported: {own[0]}")
        elif wanted is not None and (len(own) != 1 or wanted not in own[0]):
            missed.append(f"self-test: {name}: wanted one problem with {wanted!r}, got {own}")
    if not any(p.startswith("boost/:") and "dsl/lower/dag.cc, dsl/lower/path.cc" in p for p in found):
        missed.append("self-test: two includers of Boost.Graph were not reported")
    return missed


def main(arguments):
    if arguments == ["--self-test"]:
        found = self_test()
    elif len(arguments) == 1 and pathlib.Path(arguments[0], "engine").is_dir():
        found = table_problems() + self_test()
        found += stale_rows(pathlib.Path(arguments[0])) + problems(pathlib.Path(arguments[0]))
    else:
        print(__doc__, file=sys.stderr)
        return 2
    if found:
        print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
