#include "dsl/lsp/server.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <utility>

#include "dsl/base/stop.h"
#include "dsl/lsp/session.h"
#include "dsl/lsp/uri.h"

namespace fleet::lsp {
namespace {

constexpr int kParseError = -32700;
constexpr int kInvalidRequest = -32600;
constexpr int kMethodNotFound = -32601;
constexpr int kNotInitialized = -32002;
constexpr int kCancelled = -32800;

// A member of a member …; null where there is none.
Json member(const Json& value, std::initializer_list<const char*> path) {
  Json found = value;
  for (const char* const name : path)
    found = found.is_object() ? found.value(name, Json()) : Json();
  return found;
}

bool flag(const Json& value, std::initializer_list<const char*> path) {
  const Json found = member(value, path);
  return found.is_boolean() && found.get<bool>();
}

// What a message lacks, in words of ours: the library's own name its parts and speak of its types.
std::string fault_of(const std::string& method, const Json::exception& problem) {
  constexpr int kNoSuchMember = 403;
  const std::string_view text = problem.what();
  const std::size_t begin = text.find('\'');
  const std::size_t end = text.rfind('\'');
  if (problem.id == kNoSuchMember && begin < end)
    return "the parameters of `" + method + "` have no `" +
           std::string(text.substr(begin + 1, end - begin - 1)) + "`";
  return "the parameters of `" + method + "` are not of the kinds that the protocol gives them";
}

bool holds(const Json& list, const char* wanted) {
  return list.is_array() && std::ranges::find(list, Json(wanted)) != list.end();
}

}  // namespace

struct Server::State {
  State(Disk& disk, ServerOptions options, std::function<void(const std::string&)> out,
        std::function<bool(const std::string&)> cancelled, std::function<Waiting()> arrived)
      : session(disk, std::move(options)),
        send_text(std::move(out)),
        is_cancelled(std::move(cancelled)),
        waiting(std::move(arrived)) {
    for (const auto& list : {text_methods(), name_methods(), fleet_methods()}) {
      for (const Method& method : list)
        methods.emplace(method.name, method.run);
    }
  }

  bool gives_up() const { return !current.empty() && is_cancelled && is_cancelled(current); }

  // ---- Messages

  void send(Json message) {
    message["jsonrpc"] = "2.0";
    send_text(written(message));
  }

  void respond(const Json& id, const Answer& answer) {
    Json message{{"id", id}};
    if (answer.error == 0)
      message["result"] = answer.result;
    else
      message["error"] = {{"code", answer.error}, {"message", answer.message}};
    send(std::move(message));
  }

  void handle(const std::string& body) {
    const Json message = Json::parse(body, nullptr, false);
    if (message.is_discarded()) {
      respond({}, refuse(kParseError, "the message is no JSON"));
      return;
    }
    const Json id = message.is_object() ? message.value("id", Json()) : Json();
    const Json method = message.is_object() ? message.value("method", Json()) : Json();
    const bool good_id = id.is_null() || id.is_string() || id.is_number_integer();
    if (!method.is_string() || !good_id) {
      const bool response = message.is_object() && !id.is_null() && method.is_null();
      if (!response)
        respond(good_id ? id : Json(), refuse(kInvalidRequest, "this is no request"));
      return;
    }
    const Json params = message.value("params", Json::object());
    if (message.contains("id") && !id.is_null())
      request(id, method.get<std::string>(), params);
    else
      notify(method.get<std::string>(), params);
  }

  void request(const Json& id, const std::string& method, const Json& params) {
    current = written(id);
    Answer answer;
    if (gives_up()) {
      answer = refuse(kCancelled, "cancelled");
    } else {
      try {
        const StopScope scope([this] { return gives_up(); });
        answer = run(method, params);
      } catch (const Stopped&) {
        answer = refuse(kCancelled, "cancelled");
      } catch (const Json::exception& problem) {
        answer = refuse(kInvalidParams, fault_of(method, problem));
      }
      session.forget_texts();
      if (gives_up())
        answer = refuse(kCancelled, "cancelled");
    }
    current.clear();
    respond(id, answer);
  }

  Answer run(const std::string& method, const Json& params) {
    if (method == "initialize")
      return initialize(params);
    if (!initialized)
      return refuse(kNotInitialized, "`initialize` comes first");
    if (shut_down)
      return refuse(kInvalidRequest, "the server was shut down");
    if (method == "shutdown") {
      shut_down = true;
      return {};
    }
    const auto found = methods.find(method);
    if (found == methods.end())
      return refuse(kMethodNotFound, "there is no method `" + method + "`");
    return found->second(session, params);
  }

  void notify(const std::string& method, const Json& params) {
    if (method == "exit") {
      exit_code = shut_down ? 0 : 1;
      return;
    }
    if (!initialized || shut_down)
      return;
    try {
      change(method, params);
    } catch (const Json::exception& problem) {
      send({{"method", "window/logMessage"},
            {"params", {{"type", 2}, {"message", fault_of(method, problem)}}}});
    }
    session.forget_texts();
  }

  // ---- The session's life

  Answer initialize(const Json& params) {
    if (initialized)
      return refuse(kInvalidRequest, "`initialize` comes once");
    initialized = true;
    const Json able = member(params, {"capabilities"});
    Client& client = session.client;
    if (holds(member(able, {"general", "positionEncodings"}), "utf-8"))
      client.encoding = Encoding::kUtf8;
    client.snippets =
        flag(able, {"textDocument", "completion", "completionItem", "snippetSupport"});
    client.document_changes = flag(able, {"workspace", "workspaceEdit", "documentChanges"});
    client.links = flag(able, {"textDocument", "definition", "linkSupport"});
    client.pulls = member(able, {"textDocument", "diagnostic"}).is_object();
    client.watches = flag(able, {"workspace", "didChangeWatchedFiles", "dynamicRegistration"});
    client.nested_symbols =
        flag(able, {"textDocument", "documentSymbol", "hierarchicalDocumentSymbolSupport"});
    const Json process = member(params, {"processId"});
    if (process.is_number_integer())
      client_process = process.get<std::int64_t>();
    read_folders(params);
    return {{{"capabilities", capabilities(session)},
             {"serverInfo", {{"name", "fleetc"}, {"version", session.options.version}}}}};
  }

  void read_folders(const Json& params) {
    const Json listed = member(params, {"workspaceFolders"});
    const Json root = member(params, {"rootUri"});
    for (const Json& one : listed.is_array() ? listed : Json::array())
      folders.insert(path_of_uri(one.at("uri").get<std::string>()));
    if (!listed.is_array() && root.is_string())
      folders.insert(path_of_uri(root.get<std::string>()));
  }

  void scan() {
    session.workspace.set_folders({folders.begin(), folders.end()});
    check_all();
  }

  void register_watcher() {
    if (!session.client.watches)
      return;
    const Json watchers =
        Json::array({{{"globPattern", "**/*.fleet"}}, {{"globPattern", "**/*.md"}}});
    const Json one{{"id", "files"},
                   {"method", "workspace/didChangeWatchedFiles"},
                   {"registerOptions", {{"watchers", watchers}}}};
    send({{"id", "register-" + std::to_string(session.next_id++)},
          {"method", "client/registerCapability"},
          {"params", {{"registrations", Json::array({one})}}}});
  }

  // ---- Documents

  void change(const std::string& method, const Json& params) {
    if (method == "initialized") {
      register_watcher();
      scan();
    } else if (method == "textDocument/didOpen") {
      open(params.at("textDocument"));
    } else if (method == "textDocument/didChange") {
      edit(params);
    } else if (method == "textDocument/didClose") {
      close(params.at("textDocument").at("uri").get<std::string>());
    } else if (method == "textDocument/didSave") {
      check_all();
    } else if (method == "workspace/didChangeWatchedFiles") {
      scan();
    } else if (method == "workspace/didChangeWorkspaceFolders") {
      for (const Json& one : params.at("event").at("removed"))
        folders.erase(path_of_uri(one.at("uri").get<std::string>()));
      for (const Json& one : params.at("event").at("added"))
        folders.insert(path_of_uri(one.at("uri").get<std::string>()));
      scan();
    }
  }

  void open(const Json& document) {
    const std::string uri = document.at("uri").get<std::string>();
    session.files.open(path_of_uri(uri), {uri, document.value("version", std::int64_t{0}),
                                          document.at("text").get<std::string>()});
    check_all();
  }

  void edit(const Json& params) {
    const Json& document = params.at("textDocument");
    const std::string path = path_of_uri(document.at("uri").get<std::string>());
    std::vector<Change> changes;
    for (const Json& one : params.at("contentChanges")) {
      Change change{true, {}, one.at("text").get<std::string>()};
      if (one.contains("range") && !one["range"].is_null()) {
        change.whole = false;
        change.range = {session.position(one["range"].at("start")),
                        session.position(one["range"].at("end"))};
      }
      changes.push_back(std::move(change));
    }
    const Json version = document.value("version", Json());
    session.files.change(path, version.is_number_integer() ? version.get<std::int64_t>() : 0,
                         changes, session.client.encoding);
    check(session.workspace.affected(path));
  }

  void close(const std::string& uri) {
    const std::string path = path_of_uri(uri);
    session.files.close(path);
    session.given_tokens.erase(uri);
    check_all();
    // What is on no disk any more has no problems either.
    if (session.files.stamp(path).empty())
      forget(path);
  }

  // ---- Diagnostics, published when nothing else is to do

  void check(const std::vector<std::string>& roots) {
    for (const std::string& root : roots) {
      if (std::ranges::find(pending, root) == pending.end())
        pending.push_back(root);
    }
  }

  void check_all() {
    pending.clear();
    check(session.workspace.roots());
    for (const auto& [root, found] : problems) {
      if (std::ranges::find(pending, root) == pending.end())
        gone.insert(root);
    }
  }

  bool work() {
    if (!initialized || shut_down || session.client.pulls)
      return false;
    if (!gone.empty()) {
      forget(gone.extract(gone.begin()).value());
      return true;
    }
    if (pending.empty())
      return false;
    const std::string root = pending.front();
    std::shared_ptr<const Snapshot> snapshot;
    try {
      const StopScope scope([this] { return gives_way(); });
      snapshot = session.workspace.snapshot(root);
      snapshot->diagnostics();
    } catch (const Stopped&) {
      ++given_way;
      return true;
    }
    given_way = 0;
    pending.pop_front();
    publish_all(root, *snapshot);
    return true;
  }

  // A change makes what is found out worthless. A request wants its answer first; but where one
  // comes after the other, the diagnostics have their turn as well.
  bool gives_way() const {
    constexpr int kMostTimes = 3;
    const Waiting what = waiting ? waiting() : Waiting::kNothing;
    return what == Waiting::kChange || (what == Waiting::kRequest && given_way < kMostTimes);
  }

  void publish_all(const std::string& root, const Snapshot& snapshot) {
    std::map<std::string, Json> found;
    found[root] = Json::array();
    for (const Diagnostic& one : snapshot.diagnostics()) {
      const std::string& path = snapshot.path_of(one.primary.span.source);
      found.try_emplace(path, Json::array())
          .first->second.push_back(session.diagnostic(snapshot, one));
    }
    replace(root, std::move(found));
    session.forget_texts();
  }

  void replace(const std::string& root, std::map<std::string, Json> found) {
    std::set<std::string> touched;
    for (const auto& [path, list] : problems[root])
      touched.insert(path);
    for (const auto& [path, list] : found)
      touched.insert(path);
    problems[root] = std::move(found);
    for (const std::string& path : touched)
      publish(path);
  }

  void forget(const std::string& root) {
    gone.erase(root);
    replace(root, {});
    problems.erase(root);
  }

  // What all fleets found in the file, each problem once.
  void publish(const std::string& path) {
    Json items = Json::array();
    std::set<std::string> said;
    for (const auto& [root, found] : problems) {
      const auto list = found.find(path);
      if (list == found.end())
        continue;
      for (const Json& one : list->second) {
        if (said.insert(written(one)).second)
          items.push_back(one);
      }
    }
    const Document* const open = session.files.document(path);
    Json params{{"uri", session.uri(path)}, {"diagnostics", std::move(items)}};
    if (open != nullptr)
      params["version"] = open->version;
    std::string& last = published[path];
    const bool nothing = last.empty() && params["diagnostics"].empty() && open == nullptr;
    std::string text = written(params);
    if (nothing || text == last)
      return;
    last = std::move(text);
    send({{"method", "textDocument/publishDiagnostics"}, {"params", std::move(params)}});
  }

  Session session;
  std::function<void(const std::string&)> send_text;
  std::function<bool(const std::string&)> is_cancelled;
  std::function<Waiting()> waiting;
  std::map<std::string, Answer (*)(Session&, const Json&)> methods;
  std::string current;  // id of the request at hand, as JSON
  bool initialized = false;
  bool shut_down = false;
  std::optional<int> exit_code;
  std::optional<std::int64_t> client_process;
  std::set<std::string> folders;
  std::deque<std::string> pending;  // fleets to check
  int given_way = 0;                // how often the first of them had to wait for requests
  std::set<std::string> gone;       // fleets whose problems are to be taken back
  std::map<std::string, std::map<std::string, Json>> problems;  // by fleet, then by file
  std::map<std::string, std::string> published;                 // the last of each file
};

Server::Server(Disk& disk, ServerOptions options, std::function<void(const std::string&)> send,
               std::function<bool(const std::string&)> is_cancelled,
               std::function<Waiting()> waiting)
    : state_(std::make_unique<State>(disk, std::move(options), std::move(send),
                                     std::move(is_cancelled), std::move(waiting))) {}
Server::~Server() = default;

void Server::handle(const std::string& body) {
  state_->handle(body);
}
bool Server::work() {
  return state_->work();
}
void Server::report_malformed() {
  state_->respond({}, refuse(kParseError, "a frame could not be read"));
}
std::optional<int> Server::exit_code() const {
  return state_->exit_code;
}
std::optional<std::int64_t> Server::client_process() const {
  return state_->client_process;
}

}  // namespace fleet::lsp
