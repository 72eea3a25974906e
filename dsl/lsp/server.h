// The language server: messages of the protocol in, messages out. Does no I/O but through `Disk`,
// and has no thread: whoever owns the streams hands it one message after another, and lets it work
// while none is waiting.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "dsl/lsp/files.h"
#include "dsl/lsp/inbox.h"

namespace fleet::lsp {

struct ServerOptions {
  std::string version;                // of this program
  std::optional<std::int64_t> today;  // days since 1970-01-01, for what expires
  // A folder of the disk that holds `std/roles/builder.fleet` and `explain/F302.md`, so that every
  // editor can open them; empty: they have URIs of the scheme `fleet`, for editors that ask for
  // them by `fleet/source`.
  std::string reference_folder;
};

class Server {
 public:
  // `send` takes the body of a message. `is_cancelled` is asked with the id of a request, as JSON,
  // `waiting` in `work`; both again and again while something is compiled, which is given up when
  // they say so.
  Server(Disk& disk, ServerOptions options, std::function<void(const std::string&)> send,
         std::function<bool(const std::string&)> is_cancelled = {},
         std::function<Waiting()> waiting = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Any bytes: what is no message is answered with an error.
  void handle(const std::string& body);
  // Does one piece of what can wait for quiet, as is the publishing of diagnostics. False: nothing
  // is left. Gives way to what arrives meanwhile, and begins the piece again when called again.
  bool work();
  // Says that a frame could not be read.
  void report_malformed();
  // Not empty once the client has said `exit`: 0 after `shutdown`, else 1.
  std::optional<int> exit_code() const;
  // The process of the client; the server has no reason to live longer.
  std::optional<std::int64_t> client_process() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fleet::lsp
