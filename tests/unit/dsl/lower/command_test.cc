// Command texts as argument vectors. What a shell would do with them is asked of a real one.
#include "dsl/lower/command.h"

#include <algorithm>

#include <catch2/catch.hpp>

#include "tests/support/run_argv.h"

namespace fleet::lower {
namespace {

// `{name}` is a hole; everything else is literal, other braces too.
sema::Text text_of(const std::string& source) {
  sema::Text text;
  std::size_t at = 0;
  const auto add = [&](bool hole, std::size_t begin, std::size_t end) {
    if (end > begin || hole) {
      const Span span{{0}, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)};
      text.pieces.push_back({hole, source.substr(begin, end - begin), span});
    }
  };
  while (at < source.size()) {
    const std::size_t open = source.find('{', at);
    const std::size_t close = source.find_first_not_of("abcdefghijklmnopqrstuvwxyz",
                                                       std::min(open, source.size() - 1) + 1);
    if (close == std::string::npos)
      break;
    if (source[close] != '}' || close == open + 1) {
      add(false, at, close);
      at = close;
      continue;
    }
    add(false, at, open);
    add(true, open + 1, close);
    at = close + 1;
  }
  add(false, at, source.size());
  return text;
}

std::vector<std::string> argv_of(const std::string& source) {
  const CompiledCommand compiled = compile_command(text_of(source));
  std::vector<std::string> words;
  for (const CommandProblem& problem : compiled.problems)
    words.push_back("!" + problem.code);
  if (!words.empty())
    return words;
  for (const plan::Template& word : compiled.command.argv) {
    std::string shown;
    for (const plan::Segment& one : word)
      shown += one.hole ? "{" + one.text + "}" : one.text;
    words.push_back(shown);
  }
  return words;
}

using Words = std::vector<std::string>;

// Runs the command with every hole filled with `value`, and returns what it prints.
std::string output_of(const std::string& source, const std::string& value) {
  const CompiledCommand compiled = compile_command(text_of(source));
  INFO(source);
  REQUIRE(compiled.problems.empty());
  Words argv;
  for (const plan::Template& word : compiled.command.argv) {
    argv.emplace_back();
    for (const plan::Segment& one : word)
      argv.back() += one.hole ? value : one.text;
  }
  return testing::run_argv(argv);
}

}  // namespace

TEST_CASE("a command without metacharacters is split into words and needs no shell") {
  CHECK(argv_of("sh scripts/fix.sh {item}") == Words{"sh", "scripts/fix.sh", "{item}"});
  CHECK(argv_of("  make\t-C  dir ") == Words{"make", "-C", "dir"});
  CHECK(argv_of("tool --in={item}.txt") == Words{"tool", "--in={item}.txt"});
}

TEST_CASE("simple quotes keep words together and are taken away") {
  CHECK(argv_of("git commit -m 'a b' \"c d\"") == Words{"git", "commit", "-m", "a b", "c d"});
  CHECK(argv_of("grep '$x|y' \"it's\"") == Words{"grep", "$x|y", "it's"});
  CHECK(argv_of("tool '' \"\"") == Words{"tool", "", ""});
  CHECK(argv_of("tool 'a {item} b'") == Words{"tool", "a {item} b"});
}

TEST_CASE("a command with metacharacters goes to the shell, its holes as parameters") {
  CHECK(argv_of("a && b {item}") ==
        Words{"/bin/sh", "-c", "readonly fleet_hole_1=\"${1}\"; a && b \"${fleet_hole_1}\"", "sh",
              "{item}"});
  CHECK(argv_of("a | b") == Words{"/bin/sh", "-c", "a | b"});
  CHECK(argv_of("cat \"{x}\" > '{y}' {x}") ==
        Words{"/bin/sh", "-c",
              "readonly fleet_hole_1=\"${1}\" fleet_hole_2=\"${2}\"; "
              "cat \"${fleet_hole_1}\" > ''\"${fleet_hole_2}\"'' \"${fleet_hole_1}\"",
              "sh", "{x}", "{y}"});
}

TEST_CASE("what only a shell knows goes to the shell") {
  for (const char* const text : {"cd x", "FOO=1 make", "ls *.c", "echo $HOME", "exit 3", "a\nb",
                                 "ls ~", "a # b", "! a", ": ok", "echo a\\ b"}) {
    INFO(text);
    CHECK(argv_of(text).front() == "/bin/sh");
  }
}

TEST_CASE("a hole that a shell would read again is refused") {
  for (const char* const text :
       {"echo `cat {item}` | a", "echo $((1 + {item}))", "echo ${x:-{item}} | a",
        "sh -c 'wc {item}'", "bash -ec 'wc {item}'", "/bin/sh -x -c \"wc {item}\"",
        "eval wc {item}", "cat <<E\n{item}\nE", "echo \\{item} | a", "echo ${item} | a",
        "true && sh -c \"wc {item}\"", "echo \"$(case x in a) echo {item};; esac)\""}) {
    INFO(text);
    CHECK(argv_of(text) == Words{"!F203"});
  }
}

TEST_CASE("what a program would read as shell is refused, however that program is started") {
  for (const char* const text :
       {// builtins that read their arguments
        "trap '{p}' EXIT; true", "trap >&2 '{p}' EXIT", "alias zz={p}\nzz", ". {p}", "source {p}",
        "2>x eval {p}", "command eval {p}", "if eval {p}; then :; fi", "A=b eval {p}", "let x={p}",
        "unset {p}", "f() (eval {p}); f",
        // shells behind options, names and paths
        "bash -o pipefail -c 'echo {p}'", "bash --rcfile x -c 'echo {p}'", "bash -O x -c '{p}'",
        "bash -c -o pipefail '{p}'", "bash -oc pipefail '{p}'", "bash -ce '{p}'", "bash -c{p}",
        "sh -{p} x", "ash -c {p}", "fish -c {p}", "fish -C {p}", "csh -c {p}", "tcsh -c {p}",
        "mksh -c {p}", "/usr/bin/ksh -c {p}", "zsh -c {p}", "busybox sh -c {p}", "$SHELL -c '{p}'",
        "\"$0\" -c {p}", "${SH:-sh} -c {p}", "$(which sh) -c {p}", "`which sh` -c {p}",
        "s\\\nh -c {p}", "x=$(sh -c {p})", "echo x$(sh -c {p})y", "{sh} -c {p}",
        "sh -c 'exec \"$@\"' sh bash -c {p}",
        // programs that ask a shell
        "su -c '{p}'", "su - user -c '{p}'", "su --command={p}", "su --comm {p}",
        "su -c true -c {p}", "flock f -c {p}", "script -c {p}", "script -qec {p} f",
        "runuser -c {p}", "runuser -u user -- sh -c {p}", "watch {p}", "watch -n 1 {p}",
        "ssh host {p}", "ssh -o ProxyCommand={p} host", "env -S {p}", "env -iS{p}",
        "env --split-string={p}", "env {p}", "env A=b {p}",
        // commands that start others
        "xargs sh -c {p}", "nice sh -c {p}", "timeout 5 sh -c '{p}'", "env A=b sh -c {p}",
        "sudo -u user bash -c {p}", "find . -exec sh -c '{p}' ';'", "timeout 5 ssh host {p}",
        "nice $SHELL -c {p}", "sudo watch {p}",
        // variables that shells and git read
        "PS4={p}; set -x; true", "BASH_ENV={p} bash x.sh", "env GIT_SSH_COMMAND={p} git fetch"}) {
    INFO(text);
    CHECK(argv_of(text) == Words{"!F203"});
  }
}

TEST_CASE("a hole that decides which program reads the next one is refused") {
  CHECK(argv_of("{tool} {p}") == Words{"!F203"});
  CHECK(argv_of("tools/{tool} {p}") == Words{"!F203"});
  CHECK(argv_of("sh {file} {p}") == Words{"!F203"});
  CHECK(argv_of("sh -e {file} {p}") == Words{"!F203"});
  CHECK(argv_of("{folder}/run {p}") == Words{"{folder}/run", "{p}"});
  CHECK(argv_of("sh {folder}") == Words{"sh", "{folder}"});
  CHECK(argv_of("sh -- {file} {p}") == Words{"sh", "--", "{file}", "{p}"});
}

TEST_CASE("a command that only looks like an inner shell keeps its holes") {
  for (const char* const text : {"gcc -c {item}",
                                 "wc -c {item}",
                                 "grep -c x {item}",
                                 "tar -c {item}",
                                 "nice gcc -c {item}",
                                 "sh fix.sh -c {item}",
                                 "sh -e {item}",
                                 "bash -o pipefail {item}",
                                 "echo watch {item}",
                                 "cp . {item}",
                                 "npm run watch {item}",
                                 "sh x.sh; gcc -c {item}",
                                 "gcc $FLAGS -c {item}",
                                 "bash x.sh && wc -c {item} 2>&1",
                                 "ls eval | wc -c {item}",
                                 "su -c 'make x' {user}",
                                 "env A={item} make",
                                 "echo {item} > sh",
                                 "sh -c \"$script\" sh {item}",
                                 "find . -name {item} -exec wc -c '{x}' +",
                                 "echo \"$(date)\" {item}",
                                 "trap 'rm x' EXIT; a {item}",
                                 "VERBOSE={item} make && true"}) {
    INFO(text);
    CHECK(argv_of(text).front()[0] != '!');
  }
}

TEST_CASE("a script can't name the variables that hold what fills its holes") {
  for (const char* const text :
       {"fleet_hole_1=x; echo {p}", "read fleet_hole_1; echo {p}", "echo {p} ${fleet_hole_2:=x}",
        "for fleet_hole_1 in a; do echo {p}; done"}) {
    INFO(text);
    CHECK(argv_of(text) == Words{"!F202"});
  }
  CHECK(argv_of("my_fleet_hole_1=x; echo {p}").front() == "/bin/sh");
  CHECK(argv_of("fleet_hole=x; echo {p}").front() == "/bin/sh");
  CHECK(argv_of("fleet_hole_1=x; echo").front() == "/bin/sh");
}

TEST_CASE("a script file may get a hole as its argument, an inner shell too") {
  CHECK(argv_of("sh -c 'wc \"$1\"' sh {item}") == Words{"sh", "-c", "wc \"$1\"", "sh", "{item}"});
  CHECK(argv_of("sh -e fix.sh {item}") == Words{"sh", "-e", "fix.sh", "{item}"});
}

TEST_CASE("a text that no shell could read is no command") {
  for (const char* const text : {"", "  ", "echo 'a", "echo \"a", "echo $(a", "(a", "echo `a"}) {
    INFO(text);
    CHECK(argv_of(text) == Words{"!F202"});
  }
}

TEST_CASE("a hole is one argument in every place of a script, whatever fills it") {
  const std::string count = "printf '%s|' \"$#\" \"$@\"";
  for (const std::string value :
       {"plain", "two words", "it's", "\"quoted\"", "$(echo no)", "`echo no`", "a;b&c|d>e", "*", "",
        "-n", "$1", "\\", "line\nbreak", "é"}) {
    INFO(value);
    CHECK(output_of("set -- {x}; " + count, value) == "1|" + value + "|");
    CHECK(output_of("set -- a{x}b; " + count, value) == "1|a" + value + "b|");
    CHECK(output_of("set -- \"<{x}>\"; " + count, value) == "1|<" + value + ">|");
    CHECK(output_of("set -- '<{x}>'; " + count, value) == "1|<" + value + ">|");
    CHECK(output_of("(set -- \"$(printf '%s.' {x})\"; " + count + ")", value) ==
          "1|" + value + ".|");
    CHECK(output_of("v={x}; set -- \"$v\"; " + count, value) == "1|" + value + "|");
    CHECK(output_of("if true; then set -- {x} {y}; fi # {x} don't\n" + count, value) ==
          "2|" + value + "|" + value + "|");
    CHECK(output_of("f() { printf '%s|' {x} \"$1\"; }; f other", value) == value + "|other|");
    CHECK(output_of("set -- x y; printf '%s|' {x}", value) == value + "|");
    CHECK(output_of("shift; printf '%s|' {x} '{y}'", value) == value + "|" + value + "|");
    CHECK(output_of("(set --; printf '%s|' \"$(set -- a; printf %s. {x})\")", value) ==
          value + ".|");
    CHECK(output_of("while [ $# -gt 0 ]; do shift; done; IFS=a; printf '%s|' {x}", value) ==
          value + "|");
    CHECK(output_of("printf '%s|' {x} '{x}'", value) == value + "|" + value + "|");
  }
}

TEST_CASE("more than nine holes keep their numbers apart") {
  std::string text = "printf '%s' ";
  for (char name = 'a'; name <= 'l'; ++name)
    text += std::string("{") + name + "} ";
  const CompiledCommand compiled = compile_command(text_of(text + "; true"));
  Words argv;
  for (const plan::Template& word : compiled.command.argv)
    argv.push_back(word.front().text);
  CHECK(testing::run_argv(argv) == "abcdefghijkl");
}

}  // namespace fleet::lower
