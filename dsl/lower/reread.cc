#include "dsl/lower/reread.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace fleet::lower {
namespace {

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

bool is_shell(std::string_view name) {
  constexpr auto kNames = std::to_array<std::string_view>(
      {"sh",    "ash",  "bash",  "csh",  "dash", "elvish", "fish", "hush",  "ksh",
       "ksh93", "lksh", "loksh", "mksh", "nu",   "oksh",   "osh",  "pdksh", "posh",
       "rbash", "rc",   "rksh",  "rzsh", "tcsh", "xonsh",  "yash", "ysh",   "zsh"});
  return is_one_of(kNames, name);
}

// Programs which are no shells, and give what follows their `-c` to one.
bool asks_shell(std::string_view name) {
  constexpr auto kNames =
      std::to_array<std::string_view>({"flock", "newgrp", "runuser", "script", "sg", "su"});
  return is_one_of(kNames, name);
}

// Builtins of a shell that read each of their arguments again, as shell or as arithmetic, which
// may hold `$(…)`.
bool is_reading_builtin(std::string_view name) {
  constexpr auto kNames = std::to_array<std::string_view>(
      {".", "[[", "alias", "declare", "eval", "let", "source", "trap", "typeset", "unset"});
  return is_one_of(kNames, name);
}

// Programs that give their arguments to a shell, here or on another machine.
bool is_reading_program(std::string_view name) {
  constexpr auto kNames = std::to_array<std::string_view>(
      {"autossh", "mosh", "parallel", "rsh", "slogin", "ssh", "sshpass", "watch"});
  return is_one_of(kNames, name);
}

// Programs whose arguments are a command.
bool is_starter(std::string_view name) {
  constexpr auto kNames = std::to_array<std::string_view>(
      {"busybox", "chroot",   "chrt",    "docker",  "doas",    "env",    "find",    "firejail",
       "flock",   "fakeroot", "ionice",  "kubectl", "nice",    "nohup",  "nsenter", "podman",
       "runuser", "setpriv",  "setsid",  "sshpass", "stdbuf",  "strace", "sudo",    "systemd-run",
       "taskset", "time",     "timeout", "toybox",  "unshare", "xargs"});
  return is_one_of(kNames, name);
}

// Before the name of a command.
bool is_before_command(std::string_view text) {
  constexpr auto kWords =
      std::to_array<std::string_view>({"!", "builtin", "command", "coproc", "do", "elif", "else",
                                       "exec", "if", "then", "time", "until", "while", "{"});
  return is_one_of(kWords, text);
}

// Variables whose value is read as shell by a shell or by git.
bool is_read_variable(std::string_view name) {
  constexpr auto kNames = std::to_array<std::string_view>(
      {"BASH_ENV", "EDITOR", "ENV", "GIT_EDITOR", "GIT_PAGER", "GIT_SEQUENCE_EDITOR",
       "GIT_SSH_COMMAND", "PAGER", "PROMPT_COMMAND", "PS0", "PS1", "PS2", "PS4", "VISUAL"});
  return is_one_of(kNames, name);
}

std::string name_of(const std::string& path) {
  return path.substr(path.find_last_of('/') + 1);
}

bool begins_with_hole(const Word& word) {
  return !word.units.empty() && word.units.front().hole;
}

// As the name of a program: a folder may be a hole, the name in it is what decides.
bool is_named_by_hole(const Word& word) {
  const auto last = std::ranges::find_if(word.units.rbegin(), word.units.rend(),
                                         [](const Unit& u) { return u.hole || u.letter == '/'; });
  return last != word.units.rend() && last->hole;
}

// Which program it names can't be told from the text.
bool is_open(const Word& word) {
  return is_named_by_hole(word) || word.expanded;
}

// The name before the `=` of an assignment; empty: the word is none.
std::string assigned(const Word& word) {
  std::string name;
  for (const Unit& unit : word.units) {
    if (unit.hole)
      return "";
    if (unit.letter == '=')
      return name;
    if (unit.letter != '_' && std::isalnum(static_cast<unsigned char>(unit.letter)) == 0)
      return "";
    name += unit.letter;
  }
  return "";
}

bool is_option(const Word& word) {
  const Unit* const first = word.units.data();
  return word.units.size() >= 2 && !first->hole && (first->letter == '-' || first->letter == '+');
}

// `-c`, also among other letters, and the long forms, also cut short or with their value.
bool asks_for_script(const std::string& text, std::string_view program) {
  if (text.size() < 2 || text[0] != '-')
    return false;
  const std::string_view name = std::string_view(text).substr(0, text.find('='));
  const bool fish = program == "fish";
  if (text[1] == '-') {
    constexpr auto kLong =
        std::to_array<std::string_view>({"--command", "--session-command", "--init-command"});
    return name.size() > 2 && std::ranges::any_of(kLong, [&](std::string_view option) {
             return option.starts_with(name);
           });
  }
  return text.find('c') != std::string::npos || (fish && text.find('C') != std::string::npos);
}

// Looks through one simple command; each word is blamed at most once.
class Reading {
 public:
  explicit Reading(const std::vector<Word>& words) : words_(words), blamed_(words.size(), false) {
    for (const Word& word : words)
      texts_.push_back(word.literal());
  }

  std::vector<ScriptProblem> run() {
    find_variables();
    const std::size_t first = command();
    if (first == words_.size())
      return std::move(problems_);
    const std::string name = name_of(texts_[first]);
    if (is_named_by_hole(words_[first]))
      blame_from(first + 1, "among the arguments of a command whose name is a hole too");
    if (is_reading_builtin(texts_[first]))
      blame_readers(first);
    const bool starts = is_starter(name);
    const bool finds = name == "find";  // most of its arguments are no command
    for (std::size_t at = first; at < words_.size(); ++at)
      look_at(at, at == first || starts,
              at == first || (starts && !finds && !is_option(words_[at])));
    return std::move(problems_);
  }

 private:
  void blame(std::size_t at, const std::string& why) {
    const auto hole = std::ranges::find_if(words_[at].units, &Unit::hole);
    if (hole == words_[at].units.end() || blamed_[at])
      return;
    blamed_[at] = true;
    problems_.push_back({hole->span, true, why});
  }
  void blame_from(std::size_t at, const std::string& why) {
    for (; at < words_.size(); ++at)
      blame(at, why);
  }
  void blame_readers(std::size_t at) {
    blame_from(at + 1, "after `" + texts_[at] + "`, which would read it as shell");
  }

  void find_variables() {
    for (std::size_t at = 0; at < words_.size(); ++at) {
      const std::string name = assigned(words_[at]);
      if (is_read_variable(name))
        blame(at, "in `" + name + "`, whose value is read as shell");
    }
  }

  // The index of the word that names the command.
  std::size_t command() const {
    std::size_t at = 0;
    bool prefixed = false;  // by a word that may have options
    for (; at < words_.size(); ++at) {
      const bool before = !is_open(words_[at]) && is_before_command(texts_[at]);
      const bool option = prefixed && is_option(words_[at]);
      if (!before && !option && assigned(words_[at]).empty())
        break;
      prefixed = before || option;
    }
    return at;
  }

  // `named`: it may be the name of a program. `open`: even if the text does not say which.
  void look_at(std::size_t at, bool named, bool open) {
    const std::string name = name_of(texts_[at]);
    if (named && is_reading_program(name))
      blame_readers(at);
    if (named && name == "env")
      look_at_env(at);
    if (is_shell(name))
      look_at_shell(at, name);
    else if (asks_shell(name) || (open && is_open(words_[at])))
      look_at_scripts(at + 1, name);
  }

  // `env -S` splits one argument into a command.
  void look_at_env(std::size_t at) {
    for (++at; at < words_.size(); ++at) {
      const std::string& text = texts_[at];
      const bool long_one = text.starts_with("--s");
      const bool split =
          text.starts_with('-') && !text.starts_with("--") && text.find('S') != std::string::npos;
      if (long_one || split || begins_with_hole(words_[at])) {
        blame_from(at, "where `env` could split it into a command");
        return;
      }
      if (!is_option(words_[at]) && assigned(words_[at]).empty())
        return;
    }
  }

  void look_at_shell(std::size_t at, const std::string& name) {
    const std::size_t next = at + 1;
    if (next == words_.size())
      return;
    const Word& word = words_[next];
    const bool file = !is_option(words_[next]) && !begins_with_hole(word) && !word.expanded;
    if (file || texts_[next] == "--")
      return;
    std::size_t operand = next;
    while (operand < words_.size() && is_option(words_[operand]))
      ++operand;
    look_at_scripts(next, name);
    if (operand < words_.size() && begins_with_hole(words_[operand]))
      look_behind_hole(operand);
  }

  // A hole where a script's file is expected could be filled with `-c`.
  void look_behind_hole(std::size_t at) {
    ++at;
    while (at < words_.size() && is_option(words_[at]))
      ++at;
    if (at < words_.size() && texts_[at - 1] != "--")
      blame(at, "after a hole that an inner shell could take for `-c`; put `--` before both");
  }

  void look_at_scripts(std::size_t at, const std::string& name) {
    for (; at < words_.size(); ++at) {
      const std::string& text = texts_[at];
      if (is_shell(name) && text == "--")
        return;
      if (!asks_for_script(text, name) && !(is_option(words_[at]) && words_[at].has_hole()))
        continue;
      const std::string why = "in the script of an inner shell, which would read it as shell";
      const std::size_t next = at + 1;
      // Other letters may take the next word as their own value.
      const bool plain = text.find_first_of("oOC") == std::string::npos || text[1] == '-';
      const bool settled = plain && !words_[at].has_hole() && next < words_.size() &&
                           !words_[next].has_hole() && !is_option(words_[next]);
      if (!settled) {
        blame_from(at, why);
        return;
      }
      if (is_shell(name))
        return;
      at = next;
    }
  }

  const std::vector<Word>& words_;
  std::vector<std::string> texts_;
  std::vector<bool> blamed_;
  std::vector<ScriptProblem> problems_;
};

}  // namespace

bool Word::has_hole() const {
  return std::ranges::any_of(units, &Unit::hole);
}

std::string Word::literal() const {
  std::string text;
  for (const Unit& unit : units) {
    if (!unit.hole)
      text += unit.letter;
  }
  return text;
}

std::vector<ScriptProblem> find_reread(const std::vector<Word>& words) {
  return Reading(words).run();
}

}  // namespace fleet::lower
