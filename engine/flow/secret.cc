#include "engine/flow/secret.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "engine/flow/own_command.h"
#include "engine/os/files.h"

namespace fleet::flow {
namespace {

constexpr std::size_t kMaxSecret = std::size_t{64} << 10;

// What the command says beside the secret goes nowhere, since it may repeat it.
Result<std::string> output_of(const plan::Command& command, const Site& site,
                              std::chrono::milliseconds patience) {
  FLEET_TRY(OwnOutput output, run_own({command}, site, patience));
  if (!output.ended.empty())
    return Error(Errc::kInvalid, fmt::format("`{}` failed ({})", command.text, output.ended));
  return std::move(output.text);
}

Result<std::string> text_of(const plan::Credential& credential, const Site& site,
                            std::chrono::milliseconds patience) {
  switch (credential.from) {
    case plan::Credential::From::kEnv: {
      const auto found = site.environment.find(credential.source);
      if (found == site.environment.end() || found->second.empty())
        return Error(Errc::kInvalid, credential.source + " is not set where fleetc was started");
      return found->second;
    }
    case plan::Credential::From::kFile:
      return os::system_files().read_file(secret_path(credential, site), kMaxSecret);
    case plan::Credential::From::kCommand: return output_of(*credential.command, site, patience);
  }
  return std::string();
}

}  // namespace

std::string secret_path(const plan::Credential& credential, const Site& site) {
  const std::string& path = credential.source;
  if (path.starts_with("~/"))
    return site.home + path.substr(1);
  return path.starts_with('/') ? path : site.work_dir + "/" + path;
}

Result<std::string> read_secret(const plan::Credential& credential, const Site& site,
                                std::chrono::milliseconds patience) {
  const auto refused = [&](const std::string& why) {
    return Error(Errc::kInvalid, fmt::format("the credential `{}` is not there: {}; {} renews it",
                                             credential.name, why, credential.owner));
  };
  Result<std::string> text = text_of(credential, site, patience);
  if (!text)
    return refused(text.error().message());
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r' || text->back() == ' '))
    text->pop_back();
  // It becomes a line of a header.
  const bool sound =
      !text->empty() && std::ranges::all_of(*text, [](char c) { return c > 0x20 && c < 0x7F; });
  if (!sound)
    return refused("what is there is no key, which is one word");
  return text;
}

}  // namespace fleet::flow
