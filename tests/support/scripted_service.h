// A model's service on loopback that a test scripts, and a client as plain as a socket. Loopback
// only; a connection is closed after its answer.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "engine/base/check.h"

namespace fleet::testing {

inline int listen_on_loopback(std::uint16_t& port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof place;
  FLEET_ASSERT(::bind(listener, reinterpret_cast<sockaddr*>(&place), size) == 0);
  FLEET_ASSERT(::listen(listener, 64) == 0);
  FLEET_ASSERT(::getsockname(listener, reinterpret_cast<sockaddr*>(&place), &size) == 0);
  port = ntohs(place.sin_port);
  return listener;
}

// The value of a header, or of Content-Length and its like, whatever the case of its name.
inline std::string header_of(const std::string& message, std::string name) {
  const auto lower = [](std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
  };
  const std::string head = message.substr(0, message.find("\r\n\r\n") + 2);
  const std::size_t at = lower(head).find("\r\n" + lower(std::move(name)) + ":");
  if (at == std::string::npos)
    return {};
  const std::size_t from = head.find(':', at) + 1, to = head.find("\r\n", from);
  const std::string value = head.substr(from, to - from);
  return value.substr(std::min(value.find_first_not_of(' '), value.size()));
}

inline std::string body_of(const std::string& message) {
  const std::size_t at = message.find("\r\n\r\n");
  return at == std::string::npos ? std::string() : message.substr(at + 4);
}

class ScriptedService {
 public:
  // One connection's work, on a thread of its own: what it sends, and how it waits.
  class Turn {
   public:
    explicit Turn(int socket) : socket_(socket) {}
    // False: the other end is gone.
    bool send(const std::string& text) const {
      return ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL) ==
             static_cast<ssize_t>(text.size());
    }
    // Until the other end goes away.
    void wait_gone() const {
      char byte = 0;
      while (::recv(socket_, &byte, 1, 0) > 0) {
      }
    }

   private:
    int socket_;
  };
  using Script = std::function<void(const std::string& request, const Turn& turn)>;

  explicit ScriptedService(Script script) : script_(std::move(script)) {
    listener_ = listen_on_loopback(port_);
    accepting_ = std::thread([this] { accept_all(); });
  }
  ~ScriptedService() {
    ::shutdown(listener_, SHUT_RDWR);
    accepting_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const int socket : sockets_)
        ::shutdown(socket, SHUT_RDWR);
    }
    for (std::thread& turn : turns_)
      turn.join();
    ::close(listener_);
  }
  ScriptedService(const ScriptedService&) = delete;
  ScriptedService& operator=(const ScriptedService&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void accept_all() {
    for (;;) {
      const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0)
        return;
      const std::lock_guard lock(mutex_);
      sockets_.push_back(socket);
      turns_.emplace_back([this, socket] { serve(socket); });
    }
  }
  void serve(int socket) {
    const std::string request = read_request(socket);
    if (!request.empty()) {
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
      }
      script_(request, Turn(socket));
    }
    const std::lock_guard lock(mutex_);
    std::erase(sockets_, socket);
    ::close(socket);
  }
  static std::string read_request(int socket) {
    std::string text;
    char part[4096];
    for (;;) {
      const std::size_t end = text.find("\r\n\r\n");
      if (end != std::string::npos) {
        const std::string length = header_of(text, "content-length");
        if (text.size() >= end + 4 + (length.empty() ? 0 : std::stoul(length)))
          return text;
      }
      const ssize_t got = ::recv(socket, part, sizeof part, 0);
      if (got <= 0)
        return {};
      text.append(part, static_cast<std::size_t>(got));
    }
  }

  Script script_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::thread accepting_;
  mutable std::mutex mutex_;
  std::list<std::thread> turns_;
  std::vector<int> sockets_;
  std::vector<std::string> requests_;
};

class PlainClient {
 public:
  explicit PlainClient(const std::string& url) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    place.sin_port = htons(static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1))));
    FLEET_ASSERT(::connect(socket_, reinterpret_cast<sockaddr*>(&place), sizeof place) == 0);
  }
  ~PlainClient() { hang_up(); }
  PlainClient(const PlainClient&) = delete;
  PlainClient& operator=(const PlainClient&) = delete;

  void send(const std::string& text) const {
    (void)::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
  }
  // All until the other end closes.
  std::string read_all() const {
    std::string text;
    while (more(text)) {
    }
    return text;
  }
  // Until what has come holds `words`, or the other end closes.
  std::string read_until(const std::string& words) const {
    std::string text;
    while (text.find(words) == std::string::npos && more(text)) {
    }
    return text;
  }
  void hang_up() {
    if (socket_ >= 0)
      ::close(socket_);
    socket_ = -1;
  }

 private:
  bool more(std::string& text) const {
    char part[4096];
    const ssize_t got = ::recv(socket_, part, sizeof part, 0);
    if (got > 0)
      text.append(part, static_cast<std::size_t>(got));
    return got > 0;
  }
  int socket_ = -1;
};

}  // namespace fleet::testing
