// The half of the sandbox that looks at this machine: real paths, and whether bubblewrap works
// here.
#include "engine/process/sandbox.h"

#include <array>
#include <system_error>

namespace fleet::process {
namespace {

using std::filesystem::path;

// Services of the host listen under /run (containers, message buses, agents of keys): a read-only
// mount does not keep anybody from connecting. What name resolution and some distributions need is
// shown again.
constexpr std::array kHostServices = {"/run"};
constexpr std::array kHostServicesNeeded = {
    "/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager/resolv.conf",
    "/run/current-system",  "/run/wrappers",   "/run/opengl-driver"};

Status check_literal(const path& given) {
  std::error_code error;
  const path real = std::filesystem::canonical(given, error);
  if (error)
    return os_error("the sandbox needs", given.native(), error.value());
  if (real != given || given == "/")
    return Error(Errc::kInvalid, fmt::format("the sandbox needs a real path below /: {} is {}",
                                             given.native(), real.native()));
  return {};
}

Status check_literal(const std::vector<path>& paths) {
  for (const path& each : paths)
    FLEET_CHECK(check_literal(each));
  return {};
}

// By their real paths, without those that are not there.
std::vector<path> existing(const std::vector<path>& paths) {
  std::vector<path> found;
  for (const path& each : paths) {
    std::error_code error;
    if (path real = std::filesystem::canonical(each, error); !error)
      found.push_back(std::move(real));
  }
  return found;
}

}  // namespace

Result<SandboxSpec> resolve_sandbox(SandboxSpec spec) {
  FLEET_CHECK(check_literal(spec.writable));
  FLEET_CHECK(check_literal(spec.read_only_over));
  if (!spec.home.empty())
    FLEET_CHECK(check_literal(spec.home));
  if (!spec.tmp.empty())
    FLEET_CHECK(check_literal(spec.tmp));
  spec.masked.insert(spec.masked.end(), kHostServices.begin(), kHostServices.end());
  spec.exposed.insert(spec.exposed.end(), kHostServicesNeeded.begin(), kHostServicesNeeded.end());
  spec.exposed = existing(spec.exposed);
  std::vector<path> masked = existing(spec.masked);
  std::vector<path> files = existing(spec.masked_files);
  spec.masked.clear();
  spec.masked_files.clear();
  masked.insert(masked.end(), files.begin(), files.end());
  for (path& each : masked) {
    if (each == "/")
      return Error(Errc::kInvalid, "a sandbox can't mask /");
    std::error_code error;
    const bool directory = std::filesystem::is_directory(each, error);
    if (error)
      return os_error("the sandbox masks", each.native(), error.value());
    (directory ? spec.masked : spec.masked_files).push_back(std::move(each));
  }
  return spec;
}

}  // namespace fleet::process
