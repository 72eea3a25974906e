// Branch names, globs and ignore rules against git itself.
#include <rapidcheck.h>

#include <map>

#include <catch2/catch.hpp>

#include "engine/worktree/glob.h"
#include "engine/worktree/ignore.h"
#include "engine/worktree/slug.h"
#include "tests/unit/engine/worktree/git_fixture.h"

namespace fleet::worktree::testing {
namespace {

// Texts full of what git refuses in the name of a ref.
rc::Gen<std::string> awkward_text() {
  const auto piece = rc::gen::elementOf(std::vector<std::string>{"a",
                                                                 "B",
                                                                 "7",
                                                                 "_",
                                                                 "-",
                                                                 ".",
                                                                 "/",
                                                                 "..",
                                                                 ".lock",
                                                                 "@{",
                                                                 "@",
                                                                 "%",
                                                                 "%2F",
                                                                 "%h",
                                                                 "~",
                                                                 "^",
                                                                 ":",
                                                                 "?",
                                                                 "*",
                                                                 "[",
                                                                 "\\",
                                                                 " ",
                                                                 "\t",
                                                                 "\n",
                                                                 "\x7f",
                                                                 "\xff",
                                                                 "ä",
                                                                 "HEAD",
                                                                 std::string(60, 'x')});
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(piece),
                      [](const std::vector<std::string>& pieces) {
                        std::string text;
                        for (const std::string& one : pieces)
                          text += one;
                        return text;
                      });
}

// One process for many names: prints the valid ones back.
std::vector<bool> valid_by_git(const std::vector<std::string>& names) {
  std::string script = "true";
  for (const std::string& name : names) {
    script +=
        "; git check-ref-format " + shell_word("refs/heads/task/" + name) + " && echo y || echo n";
  }
  const std::string answers = shell(script).text;
  std::vector<bool> valid;
  for (const char byte : answers) {
    if (byte != '\n')
      valid.push_back(byte == 'y');
  }
  return valid;
}

}  // namespace

TEST_CASE("every slug is a valid ref, and no two texts share one") {
  CHECK(rc::check([] {
    const auto texts = *rc::gen::container<std::vector<std::string>>(awkward_text());
    std::vector<std::string> slugs;
    std::map<std::string, std::string> text_of;
    for (const std::string& text : texts) {
      slugs.push_back(slug(text));
      const auto [at, fresh] = text_of.emplace(slugs.back(), text);
      RC_ASSERT(fresh || at->second == text);
      RC_ASSERT(is_valid_branch("task/" + slugs.back()));
      std::size_t start = 0;
      while (start <= slugs.back().size()) {
        const std::size_t end = std::min(slugs.back().find('/', start), slugs.back().size());
        RC_ASSERT(end - start <= 200U);
        start = end + 1;
      }
    }
    const std::vector<bool> valid = valid_by_git(slugs);
    RC_ASSERT(valid == std::vector<bool>(slugs.size(), true));
  }));
}

TEST_CASE("what a person would write stays readable in a slug") {
  CHECK(slug("notes/a.txt") == "notes/a.txt");
  CHECK(slug("fix-12_b") == "fix-12_b");
  CHECK(slug("") == "%");
  CHECK(slug("a b") == "a%20b");
  CHECK(slug("/etc//x/") == "%2Fetc/%2Fx%2F");
  CHECK(slug(".git") == "%2Egit");
  CHECK(slug("a..b") == "a.%2Eb");
  CHECK(slug("x.lock/y") == "x%2Elock/y");
  CHECK(slug("-rf") == "%2Drf");
  CHECK(slug(std::string(300, 'a')) != slug(std::string(301, 'a')));
}

TEST_CASE("branches are valid exactly when git says so") {
  CHECK(rc::check([] {
    const std::string text = *awkward_text();
    RC_PRE(text.find('\0') == std::string::npos && text.find("@{") == std::string::npos);
    const bool by_git =
        shell("cd / && git check-ref-format --branch " + shell_word(text) + " >/dev/null").status ==
        0;
    RC_ASSERT(is_valid_branch(text) == by_git);
  }));
}

TEST_CASE("a hostile glob costs no exponential time") {
  std::string glob;
  std::string deep;
  for (int i = 0; i < 40; ++i) {
    glob += "a*";
    deep += "**/a*/";
  }
  CHECK_FALSE(glob_matches(glob + "b", std::string(4000, 'a')));
  std::string path;
  for (int i = 0; i < 500; ++i)
    path += "aa/";
  CHECK_FALSE(glob_matches(deep + "b", path + "c"));
}

TEST_CASE("globs mean what git's pathspecs mean") {
  CHECK(glob_matches("a/**", "a/b/c"));
  CHECK_FALSE(glob_matches("a/**", "a"));
  CHECK(glob_matches("**/x", "x"));
  CHECK(glob_matches("a/**/x", "a/x"));
  CHECK(glob_matches("a/**/x", "a/b/c/x"));
  CHECK_FALSE(glob_matches("a/*", "a/b/c"));
  CHECK(glob_matches("[a-c]?[!x]", "bzy"));
  CHECK_FALSE(glob_matches("a?b", "a/b"));
  CHECK(glob_matches("\\*", "*"));
  CHECK(glob_matches("**", ".hidden/x"));
  const PathSet set({"docs", "src/*.cc", "./lib/", "**/gen"});
  CHECK(set.covers("docs/a/b"));
  CHECK(set.covers("docs"));
  CHECK_FALSE(set.covers("docsx"));
  CHECK(set.covers("src/a.cc"));
  CHECK_FALSE(set.covers("src/sub/a.cc"));
  CHECK(set.covers("lib/x/y"));
  CHECK(set.covers("a/gen/z"));
  CHECK(set.may_cover_beneath("anything"));
  CHECK_FALSE(PathSet({"docs/*.md"}).may_cover_beneath("src"));
  CHECK(PathSet({"docs/*.md"}).may_cover_beneath("docs"));
}

TEST_CASE("ignore rules decide as git check-ignore does") {
  const GitFixture fixture;
  const auto line = rc::gen::map(
      rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(
          std::vector<std::string>{"a", "b", "c", "/", "*", "**", "**/", "/**", "?", "[ab]", "[!a]",
                                   "!", "#", "\\", " ", ".o", "\\ ", "[", "-"})),
      [](const std::vector<std::string>& pieces) {
        std::string text;
        for (const std::string& one : pieces)
          text += one;
        return text;
      });
  const std::vector<std::string> paths = {
      "a", "b",  "a.o", "a/b",   "a/b/c", "b/a",     "b/c/a.o", "c/c/c/c", "#",   "a b",
      "-", "!a", "ab",  "abc/a", "a/a/b", "b/a/c/b", " ",       "[",       "c/-", "a/.o"};
  std::string input;
  for (const std::string& path : paths)
    input += path + "\n";
  write(fixture.dir() + "/paths", input);
  CHECK(rc::check([&] {
    const auto lines = *rc::gen::resize(8, rc::gen::container<std::vector<std::string>>(line));
    std::string text;
    for (const std::string& one : lines)
      text += one + "\n";
    fixture.put(".gitignore", text);
    const std::string ignored =
        "\n" + shell(fixture.git("-c core.quotePath=false check-ignore --no-index --stdin < ") +
                     shell_word(fixture.dir() + "/paths"))
                   .text;
    IgnoreRules rules;
    rules.add(std::make_shared<const IgnoreFile>("", text));
    for (const std::string& path : paths) {
      // A path is ignored if it, or a directory that it is in, is.
      bool ours = false;
      for (std::size_t slash = path.find('/'); slash != std::string::npos && !ours;
           slash = path.find('/', slash + 1)) {
        ours = rules.ignores(path.substr(0, slash), true);
      }
      ours = ours || rules.ignores(path, false);
      const bool by_git = ignored.find("\n" + path + "\n") != std::string::npos;
      if (ours != by_git) {
        RC_LOG() << "rules:\n" << text << "path: '" << path << "' git: " << by_git << "\n";
      }
      RC_ASSERT(ours == by_git);
    }
  }));
}

}  // namespace fleet::worktree::testing
