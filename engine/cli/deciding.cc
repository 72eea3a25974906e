#include "engine/cli/deciding.h"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include <fmt/format.h>

#include "engine/decide/signature.h"
#include "engine/os/clock.h"

namespace fleet::cli {
namespace {

std::string account_name() {
  const uid_t uid = ::geteuid();
  const passwd* entry = ::getpwuid(uid);
  return entry != nullptr && entry->pw_name != nullptr ? entry->pw_name
                                                       : fmt::format("uid {}", uid);
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown host";
}

std::string terminal_name() {
  for (const int fd : {STDIN_FILENO, STDERR_FILENO, STDOUT_FILENO})
    if (std::array<char, 256> name{}; ::ttyname_r(fd, name.data(), name.size()) == 0)
      return name.data();
  return {};
}

// $XDG_CONFIG_HOME/fleetc/decision-key.pem; empty without a home.
std::string decision_key_file() {
  const char* config = std::getenv("XDG_CONFIG_HOME");
  if (config != nullptr && *config == '/')
    return std::string(config) + "/fleetc/decision-key.pem";
  const char* home = std::getenv("HOME");
  return home != nullptr && *home == '/' ? std::string(home) + "/.config/fleetc/decision-key.pem"
                                         : std::string();
}

}  // namespace

decide::Decision make_decision(decide::Answer answer, const std::string& why) {
  decide::Decision decision;
  decision.answer = answer;
  decision.account = account_name();
  decision.by = decision.account;
  decision.host = host_name();
  decision.pid = ::getpid();
  decision.terminal = terminal_name();
  decision.at = os::system_clock().wall().time_since_epoch().count();
  decision.why = why;
  return decision;
}

Status sign_if_needed(decide::Decision& decision, const plan::Plan& plan, const std::string& name,
                      const std::string& key_file) {
  for (const plan::Human& human : plan.humans) {
    if (human.name != name || human.key.empty())
      continue;
    const std::string file = key_file.empty() ? decision_key_file() : key_file;
    decision.by = name;
    auto signature = decide::sign(file, decide::signed_text(decision));
    if (!signature)
      return std::move(signature).error().in(
          fmt::format("decisions of `{}` are signed; --key names the private key's file", name));
    if (!decide::verify(human.key, decide::signed_text(decision), *signature))
      return Error(Errc::kInvalid,
                   fmt::format("{} is not the key of `{}`: its public half is not what {} says",
                               file, name, plan.file));
    decision.signature = *std::move(signature);
    return {};
  }
  if (!key_file.empty())
    return Error(
        Errc::kInvalid,
        fmt::format("`{}` has no `key` in {}, so a signature would show nothing", name, plan.file));
  return {};
}

}  // namespace fleet::cli
