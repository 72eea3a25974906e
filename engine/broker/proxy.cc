#include "engine/broker/proxy.h"

#include <charconv>
#include <utility>
#include <vector>

#include "engine/broker/connection.h"
#include "engine/broker/upstream.h"
#include "engine/os/files.h"
#include "engine/os/thread.h"

namespace fleet::broker {
namespace {

constexpr std::size_t kMostConnections = 512;  // beside those of strangers
constexpr std::size_t kMostStrangers = 128;

}  // namespace

Proxy::Proxy(Options options, Hooks hooks, Slate slate)
    : options_(std::move(options)),
      hooks_(std::move(hooks)),
      till_(std::move(slate), hooks_),
      room_(options_.most_memory, options_.most_memory / 4) {}

Proxy::~Proxy() {
  io_.stop();
  if (thread_.joinable())
    thread_.join();
  // Connections and what is under way on them hold one another.
  std::vector<std::shared_ptr<Connection>> all;
  for (Connection* connection : connections_)
    all.push_back(connection->shared_from_this());
  for (const std::shared_ptr<Connection>& connection : all)
    connection->abandon();
  for (const std::shared_ptr<Purse>& purse : shared_)
    purse->forget(&till_);
}

Status Proxy::start() {
  FLEET_CHECK(trust(tls_, options_.authorities));
  FLEET_CHECK(listen());
  FLEET_TRY(thread_, os::start_thread("the broker", [this] { io_.run(); }));
  return {};
}

void Proxy::serve() {
  asio::post(io_, [this] { accept(); });
}

Status Proxy::listen_at(std::uint16_t port) {
  Code code;
  const tcp::endpoint place(asio::ip::address_v4::loopback(), port);
  if (acceptor_.is_open())
    acceptor_.close(code);
  acceptor_.open(place.protocol(), code);
  if (!code)
    acceptor_.set_option(tcp::acceptor::reuse_address(true), code);
  if (!code)
    acceptor_.bind(place, code);
  if (!code)
    acceptor_.listen(asio::socket_base::max_listen_connections, code);
  if (code)
    return Error(Errc::kIo, "listen on loopback: " + code.message());
  port_ = acceptor_.local_endpoint(code).port();
  return {};
}

Status Proxy::listen() {
  os::Files& files = os::system_files();
  FLEET_TRY(const bool known, files.exists(options_.port_file));
  std::uint16_t port = 0;
  if (known) {
    FLEET_TRY(const std::string text, files.read_file(options_.port_file, 64));
    (void)std::from_chars(text.data(), text.data() + text.size(), port);
  }
  if (port != 0 && listen_at(port))
    return {};
  // Sessions of an engine before, if there are any, do not find this one.
  FLEET_CHECK(listen_at(0));
  return files.write_atomic(options_.port_file, std::to_string(port_));
}

void Proxy::accept() {
  acceptor_.async_accept([this](Code code, tcp::socket socket) {
    if (code == asio::error::operation_aborted)
      return;
    if (!code) {
      take(std::move(socket));
      return accept();
    }
    // Too many files are open, most likely.
    pause_.expires_after(std::chrono::milliseconds(100));
    pause_.async_wait([this](Code stopped) {
      if (!stopped)
        accept();
    });
  });
}

// Who shows no token at once is in nobody's way: the newest comes in, and the oldest goes.
void Proxy::take(tcp::socket socket) {
  if (strangers_.size() >= kMostStrangers)
    strangers_.front()->hang_up();
  if (connections_.size() >= kMostConnections + kMostStrangers)
    return;
  Code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  std::make_shared<Connection>(*this, std::move(socket))->begin();
}

void Proxy::open(Session session) {
  asio::post(io_, [this, session = std::move(session)]() mutable {
    shared_.insert(session.shared.begin(), session.shared.end());
    break_off(clients_.open(std::move(session)));
  });
}

void Proxy::close(const std::string& name) {
  asio::post(io_, [this, name] { break_off(clients_.close(name)); });
}

void Proxy::break_off(const std::shared_ptr<Client>& client) {
  if (!client)
    return;
  std::vector<std::shared_ptr<Connection>> all;
  for (Connection* connection : client->connections)
    all.push_back(connection->shared_from_this());
  for (const std::shared_ptr<Connection>& connection : all)
    connection->break_off();
}

}  // namespace fleet::broker
