#include "engine/agent/server.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

#include "engine/agent/connection.h"
#include "engine/base/unique_fd.h"
#include "engine/os/socket.h"
#include "engine/os/thread.h"

namespace fleet::agent {
namespace {

// Rising, never given twice: a reply to a connection that is gone finds nobody.
using Id = std::uint64_t;
constexpr Id kWake = 0;

// What other threads want of the loop; outlives it in the hands of those that still answer.
class Errands {
 public:
  explicit Errands(UniqueFd wake) : wake_(std::move(wake)) {}
  int fd() const { return wake_.get(); }

  void add(std::function<void()> errand) {
    {
      const std::lock_guard lock(mutex_);
      if (over_)
        return;
      errands_.push_back(std::move(errand));
    }
    const std::uint64_t one = 1;
    (void)!::write(wake_.get(), &one, sizeof one);
  }
  std::vector<std::function<void()>> take() {
    std::uint64_t count = 0;
    (void)!::read(wake_.get(), &count, sizeof count);
    const std::lock_guard lock(mutex_);
    return std::exchange(errands_, {});
  }
  void end() {
    const std::lock_guard lock(mutex_);
    over_ = true;
    errands_.clear();
  }

 private:
  UniqueFd wake_;
  std::mutex mutex_;  // guards the two below
  bool over_ = false;
  std::vector<std::function<void()>> errands_;
};

}  // namespace

// All but `open`, `close` and the constructor is on the loop's thread.
class Server::Loop {
 public:
  explicit Loop(Ask ask) : ask_(std::move(ask)) {}
  ~Loop() {
    if (!errands_)
      return;
    errands_->add([this] { stopping_ = true; });
    if (thread_.joinable())
      thread_.join();
    errands_->end();
  }

  Status start() {
    epoll_.reset(::epoll_create1(EPOLL_CLOEXEC));
    if (!epoll_)
      return os_error("epoll_create1", "for sessions", errno);
    UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake)
      return os_error("eventfd", "for sessions", errno);
    spare_.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    errands_ = std::make_shared<Errands>(std::move(wake));
    watch(errands_->fd(), kWake, EPOLLIN, EPOLL_CTL_ADD);
    FLEET_TRY(thread_, os::start_thread("the sessions' sockets", [this] { serve(); }));
    return {};
  }

  Status open(const std::string& session, const std::string& directory, const std::string& token) {
    FLEET_TRY(UniqueFd listener, os::listen_at(directory, kSocket));
    const auto shared = std::make_shared<UniqueFd>(std::move(listener));
    errands_->add([this, session, token, shared] {
      hang_up(session);
      Line& line = lines_[session];
      line.id = next_id_++;
      line.token = token;
      line.listener = std::move(*shared);
      sessions_[line.id] = session;
      watch(line.listener.get(), line.id, EPOLLIN, EPOLL_CTL_ADD);
    });
    return {};
  }
  void close(const std::string& session) {
    errands_->add([this, session] { hang_up(session); });
  }

 private:
  struct Line {  // of one session
    Id id = 0;
    std::string token;
    UniqueFd listener;
    std::size_t connections = 0;
  };
  struct Client {
    std::string session;
    Connection connection;
    bool asked = false;    // a request is under way
    bool ended = false;    // the peer sends no more
    bool closing = false;  // once all is sent
  };

  void watch(int fd, Id id, std::uint32_t events, int how) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = id;
    // Of a descriptor of ours in a set of ours only memory can fail; then the client hears nothing
    // and hangs up.
    (void)::epoll_ctl(epoll_.get(), how, fd, &event);
  }

  void serve() {
    std::array<epoll_event, 64> events;
    while (!stopping_) {
      const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), -1);
      for (int i = 0; i < count; ++i)
        take(events[static_cast<std::size_t>(i)]);
    }
  }

  void take(const epoll_event& event) {
    const Id id = event.data.u64;
    if (id == kWake) {
      for (const auto& errand : errands_->take())
        errand();
    } else if (const auto line = sessions_.find(id); line != sessions_.end()) {
      accept(lines_[line->second], line->second);
    } else if (clients_.contains(id)) {
      serve_client(id, event.events);
    }
  }

  // One at a time: the set is asked again, so that no session keeps the others waiting.
  void accept(Line& line, const std::string& session) {
    UniqueFd fd(::accept4(line.listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd) {
      if (errno == EMFILE || errno == ENFILE)
        refuse_one(line);
      return;
    }
    const Id id = next_id_++;
    const auto [client, added] =
        clients_.try_emplace(id, Client{session, Connection(std::move(fd), kMaxRequest)});
    watch(client->second.connection.fd(), id, EPOLLIN, EPOLL_CTL_ADD);
    if (++line.connections == kMaxConnections)
      watch(line.listener.get(), line.id, 0, EPOLL_CTL_MOD);
  }

  // Out of descriptors: whoever waits is hung up on instead of keeping the loop awake.
  void refuse_one(Line& line) {
    spare_.reset();
    UniqueFd(::accept4(line.listener.get(), nullptr, nullptr, SOCK_CLOEXEC)).reset();
    spare_.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  }

  void drop(Id id) {
    const auto client = clients_.find(id);
    if (client == clients_.end())
      return;
    const auto line = lines_.find(client->second.session);
    clients_.erase(client);
    if (line != lines_.end() && line->second.connections-- == kMaxConnections)
      watch(line->second.listener.get(), line->second.id, EPOLLIN, EPOLL_CTL_MOD);
  }

  void hang_up(const std::string& session) {
    const auto line = lines_.find(session);
    if (line == lines_.end())
      return;
    std::erase_if(clients_, [&](const auto& each) { return each.second.session == session; });
    sessions_.erase(line->second.id);
    lines_.erase(line);
  }

  void serve_client(Id id, std::uint32_t events) {
    Client& client = clients_.find(id)->second;
    // Both ways are shut: nobody waits for an answer.
    if ((events & (EPOLLHUP | EPOLLERR)) != 0)
      return drop(id);
    if ((events & EPOLLIN) != 0) {
      if (const Status got = client.connection.receive(); !got) {
        if (got.error().code() != Errc::kCancelled)
          return drop(id);
        client.ended = true;
      }
    }
    go_on(id);
  }

  // Sends what can be sent, takes the next line where none is under way, and waits for what is
  // missing.
  void go_on(Id id) {
    // A loop and not a recursion: an answer may come from within `ask_`.
    while (true) {
      const auto found = clients_.find(id);
      if (found == clients_.end())
        return;
      Client& client = found->second;
      if (!client.connection.flush())
        return drop(id);
      if (client.asked || client.closing || client.connection.unsent())
        break;
      const auto line = client.connection.next_line();
      if (!line) {
        reply(client, refusal("", Fault::kMalformed, line.error().message()), true);
        continue;
      }
      if (!*line)
        break;
      ask(id, client, **line);
    }
    settle(id);
  }

  void settle(Id id) {
    Client& client = clients_.find(id)->second;
    const bool unsent = client.connection.unsent();
    if (!unsent && !client.asked && (client.closing || client.ended))
      return drop(id);
    // Nothing is read while something is to be done or sent: that is how a flood is stopped.
    const bool reads = !unsent && !client.asked && !client.closing && !client.ended;
    watch(client.connection.fd(), id, (reads ? EPOLLIN : 0U) | (unsent ? EPOLLOUT : 0U),
          EPOLL_CTL_MOD);
  }

  void reply(Client& client, Reply reply, bool last) {
    std::string line = encode(reply);
    if (line.size() > kMaxReply)
      line = encode(refusal(reply.id, Fault::kRefused, "the answer is longer than a reply may be"));
    client.connection.send_line(line);
    client.closing = client.closing || last;
  }

  void ask(Id id, Client& client, const std::string& text) {
    auto request = decode_request(text);
    if (!request)
      return reply(client, refusal("", Fault::kMalformed, request.error().message()), true);
    const std::string session = client.session;
    if (!same_secret(request->token, lines_[session].token))
      return reply(client,
                   refusal(request->id, Fault::kDenied, "the token is not that of this session"),
                   true);
    client.asked = true;
    ask_(session, *request,
         [this, id, errands = std::weak_ptr(errands_), request_id = request->id](Reply reply) {
           reply.id = request_id;
           if (const auto to = errands.lock())
             to->add([this, id, reply = std::move(reply)] { answered(id, reply); });
         });
  }

  void answered(Id id, const Reply& what) {
    const auto client = clients_.find(id);
    if (client == clients_.end())
      return;
    client->second.asked = false;
    reply(client->second, what, false);
    go_on(id);
  }

  Ask ask_;
  std::shared_ptr<Errands> errands_;
  UniqueFd epoll_;
  UniqueFd spare_;  // given up for a moment when descriptors run out
  bool stopping_ = false;
  Id next_id_ = 1;
  std::map<std::string, Line> lines_;
  std::unordered_map<Id, std::string> sessions_;  // by the id of their listener
  std::unordered_map<Id, Client> clients_;
  std::thread thread_;
};

Server::Server(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::start(Ask ask) {
  auto loop = std::make_unique<Loop>(std::move(ask));
  FLEET_CHECK(loop->start());
  return std::unique_ptr<Server>(new Server(std::move(loop)));
}

Status Server::open(const std::string& session, const std::string& directory,
                    const std::string& token) {
  return loop_->open(session, directory, token);
}

void Server::close(const std::string& session) {
  loop_->close(session);
}

}  // namespace fleet::agent
