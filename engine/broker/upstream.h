// One request to a service, on a connection of its own: none is kept for later, since one that the
// service has closed meanwhile would make a request fail that may cost money, or be made twice.
// One thread; nothing is called back after `close`.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/broker/beast.h"
#include "engine/broker/broker.h"
#include "engine/broker/dialect.h"

namespace fleet::broker {

// What services are trusted by. `authorities`: a file of certificates; empty: the system's.
Status trust(ssl::context& tls, const std::string& authorities);

class Upstream : public std::enable_shared_from_this<Upstream> {
 public:
  // Why it goes no further, for the client.
  struct Trouble {
    No no = No::kUnreachable;
    std::string text;
  };
  using Then = std::function<void(const std::optional<Trouble>&)>;
  using Answer = http::response<http::buffer_body>;

  Upstream(asio::io_context& io, ssl::context& tls, const Service& service, const Options& options);

  // Writes the request, and reads the head of the answer.
  void ask(Request request, Then then);
  // Some more of the answer's body: `chunk`, which may be empty. REQUIRES: not `done`.
  void read(Then then);
  void close();

  // The service may have begun to work on it.
  bool asked() const { return asked_; }
  const Answer& answer() const { return parser_->get(); }
  std::optional<std::uint64_t> length() const;
  std::string_view chunk() const { return {chunk_.data(), bytes_}; }
  bool done() const { return parser_->is_done(); }

 private:
  template <class Next>
  auto on(Next next);
  template <class Act>
  auto with_stream(Act act) {
    return tls_ ? act(*tls_) : act(plain_);
  }
  beast::tcp_stream& socket() { return tls_ ? beast::get_lowest_layer(*tls_) : plain_; }
  void allow(std::chrono::milliseconds time);
  void resolve();
  void connect(const tcp::resolver::results_type& places);
  void on_connected(Code code);
  void secure();
  void write();
  void read_head();
  void on_head(Code code);
  void tell(std::optional<Trouble> trouble);
  void fail(Code code, const std::string& what);

  const Service& service_;
  const Options& options_;
  const std::chrono::steady_clock::time_point end_;  // of all of it
  tcp::resolver resolver_;
  beast::tcp_stream plain_;
  std::optional<beast::ssl_stream<beast::tcp_stream>> tls_;
  Request request_;
  beast::flat_buffer buffer_;
  std::optional<http::response_parser<http::buffer_body>> parser_;
  std::array<char, std::size_t{16} << 10> chunk_;
  std::size_t bytes_ = 0;
  bool asked_ = false;
  bool closed_ = false;
  Then then_;
};

}  // namespace fleet::broker
