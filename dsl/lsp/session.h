// What all requests of one session share, and the way from the wire's shapes to ours and back.
// Private to dsl/lsp.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dsl/lsp/answers.h"
#include "dsl/lsp/json.h"
#include "dsl/lsp/server.h"
#include "dsl/lsp/workspace.h"

namespace fleet::lsp {

// What the client said that it can do.
struct Client {
  Encoding encoding = Encoding::kUtf16;
  bool snippets = false;
  bool document_changes = false;
  bool links = false;  // LocationLink for definitions
  bool pulls = false;  // asks for diagnostics itself
  bool watches = false;
  bool nested_symbols = false;
};

// A request's answer: a result or an error of the protocol.
struct Answer {
  Json result = {};
  int error = 0;
  std::string message = {};
};
inline Answer refuse(int code, std::string message) {
  return {{}, code, std::move(message)};
}
inline constexpr int kInvalidParams = -32602;
inline constexpr int kRequestFailed = -32803;

// A place of a document, found for a request.
struct Spot {
  std::shared_ptr<const Snapshot> snapshot;
  SourceId source;
  std::uint32_t offset = 0;
  std::uint32_t end = 0;  // of a range
};

class Session {
 public:
  Session(Disk& disk, ServerOptions given)
      : files(disk), workspace(files, given.today), options(std::move(given)) {}

  Files files;
  Workspace workspace;
  ServerOptions options;
  Client client;
  // Semantic tokens that the client was given last, by URI, for what differs.
  struct Given {
    std::string id;
    std::vector<std::uint32_t> data;
  };
  std::map<std::string, Given> given_tokens;
  std::uint64_t next_id = 1;

  // Each throws as nlohmann does where the parameters are not of their shape.
  Spot document(const Json& params);
  Spot spot(const Json& params);     // `position`
  Spot stretch(const Json& params);  // `range`
  Position position(const Json& written) const;
  std::uint32_t offset_in(const Spot& spot, const Json& position);

  std::string uri(const std::string& path) const;
  Json position(const Snapshot& snapshot, SourceId source, std::uint32_t offset);
  Json range(const Snapshot& snapshot, Span span);
  Json range(const FileSpan& where);
  Json location(const FileSpan& where);
  Json text_edit(const FileEdit& edit);
  // Of several files, with the versions that it is of.
  Json workspace_edit(const std::vector<FileEdit>& edits);
  Json diagnostic(const Snapshot& snapshot, const Diagnostic& diagnostic);
  // Of a file, by all fleets that read it, each once.
  Json diagnostics(const std::string& path);

  // The text of a file or of the library.
  std::string text(const std::string& path);
  void forget_texts() { texts_.clear(); }

 private:
  struct Lined {
    std::string text;
    LineTable lines;
  };
  const Lined& lined(const std::string& path);
  const Lined& lined(const Snapshot& snapshot, SourceId source);

  std::map<std::string, Lined> texts_;  // of the request at hand
};

Json markdown(const std::string& text);
// As one line of text, whatever bytes are in it.
std::string written(const Json& value);

// One method of the protocol.
struct Method {
  const char* name;
  Answer (*run)(Session& session, const Json& params);
};
std::vector<Method> text_methods();   // requests_text.cc
std::vector<Method> name_methods();   // requests_names.cc
std::vector<Method> fleet_methods();  // requests_fleet.cc
Json capabilities(const Session& session);

}  // namespace fleet::lsp
