"""Runs scenarios with CLIs and prints a table. Called by run.sh, inside a network of its own.

    run.py FOLDER [CLI or SCENARIO]…     FOLDER has the CLIs in node_modules/.bin
"""
import json
import os
import pathlib
import sys
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

import clis  # noqa: E402
import scenarios  # noqa: E402


def version_of(folder, cli):
    with open(folder / "node_modules" / cli.package / "package.json", encoding="utf-8") as file:
        return json.load(file)["version"]


def attempt(scenario, cli, path):
    """Empty when it went well; else what did not. A scenario gives its trial, which is closed here."""
    steps = scenario(cli, path)
    trial = next(steps)
    try:
        steps.send(trial)
    except StopIteration:
        return ""
    except AssertionError as problem:
        return f"{problem}\n{trial.space.run('log', cwd=trial.repo.path).text}\n{trial.output()}"
    except Exception:
        return traceback.format_exc()
    finally:
        trial.close()
    return "the scenario gave a second trial"


def main():
    folder = pathlib.Path(sys.argv[1]).resolve()
    words = sys.argv[2:]
    path = f"{folder}/node_modules/.bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
    chosen_clis = [cli for cli in clis.CLIS if cli.name in words] or clis.CLIS
    chosen = [each for each in scenarios.ALL if each.__name__ in words] or scenarios.ALL
    unknown = set(words) - {cli.name for cli in clis.CLIS} - {each.__name__ for each in scenarios.ALL}
    if unknown:
        sys.exit(f"no CLI and no scenario: {', '.join(sorted(unknown))}")
    failed = 0
    for cli in chosen_clis:
        print(f"{cli.name} {version_of(folder, cli)}")
        for scenario in chosen:
            if scenarios.ONLY.get(scenario, cli.name) != cli.name:
                continue
            begun = time.monotonic()
            problem = attempt(scenario, cli, path)
            failed += bool(problem)
            print(f"  {scenario.__name__:<12} {'FAIL' if problem else 'pass'} {time.monotonic() - begun:6.1f} s  "
                  f"{scenario.__doc__.splitlines()[0]}", flush=True)
            if problem:
                print("    " + problem.replace("\n", "\n    "), file=sys.stderr, flush=True)
    print(f"{failed} failed" if failed else "all passed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    os.environ.setdefault("FLEETC_BINARY", str(HERE.parent.parent / "build" / "dev" / "fleetc"))
    main()
