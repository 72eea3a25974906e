// Unix sockets by directory and name, however long the directory's path is (sun_path holds 107
// bytes): the kernel is given the name below /proc/self/fd.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

namespace fleet::os {

// A non-blocking listening socket, replacing what a dead listener left there.
Result<UniqueFd> listen_at(const std::filesystem::path& directory, const std::string& name);

// A blocking connection. kNotFound: nobody listens.
Result<UniqueFd> connect_at(const std::filesystem::path& directory, const std::string& name);

struct Peer {
  pid_t pid = 0;  // 0: outside this process's PID namespace
  uid_t uid = 0;
};
Result<Peer> peer_of(int socket);

}  // namespace fleet::os
