#include "engine/os/socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace fleet::os {
namespace {

struct Address {
  UniqueFd directory;  // keeps the path below valid
  sockaddr_un value{};
};

Result<Address> address_of(const std::filesystem::path& directory, const std::string& name) {
  Address address;
  address.directory.reset(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!address.directory)
    return os_error("open", directory.native(), errno);
  const std::string path = fmt::format("/proc/self/fd/{}/{}", address.directory.get(), name);
  FLEET_ASSERT(path.size() < sizeof address.value.sun_path, path);
  address.value.sun_family = AF_UNIX;
  std::copy(path.begin(), path.end(), address.value.sun_path);
  return address;
}

const sockaddr* generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

}  // namespace

Result<UniqueFd> listen_at(const std::filesystem::path& directory, const std::string& name) {
  FLEET_TRY(const Address address, address_of(directory, name));
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd)
    return os_error("socket", name, errno);
  ::unlinkat(address.directory.get(), name.c_str(), 0);
  if (::bind(fd.get(), generic(address.value), sizeof address.value) != 0)
    return os_error("bind", (directory / name).native(), errno);
  constexpr int kBacklog = 16;
  if (::listen(fd.get(), kBacklog) != 0)
    return os_error("listen", (directory / name).native(), errno);
  return fd;
}

Result<UniqueFd> connect_at(const std::filesystem::path& directory, const std::string& name) {
  FLEET_TRY(const Address address, address_of(directory, name));
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd)
    return os_error("socket", name, errno);
  if (::connect(fd.get(), generic(address.value), sizeof address.value) == 0)
    return fd;
  if (errno == ECONNREFUSED || errno == ENOENT)
    return Error(Errc::kNotFound, (directory / name).native() + ": nobody listens");
  return os_error("connect", (directory / name).native(), errno);
}

Result<Peer> peer_of(int socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
    return os_error("getsockopt", "SO_PEERCRED", errno);
  return Peer{credentials.pid, credentials.uid};
}

}  // namespace fleet::os
