// Boost.Beast, Boost.Asio and OpenSSL live here. A connection of a session's CLI has one request
// under way (an Exchange), which has a connection of its own to the service: none is kept for
// later, since one that the service has closed meanwhile would make a request fail that may cost
// money, or be made twice.
#include "engine/broker/broker.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <deque>
#include <limits>
#include <map>
#include <set>
#include <thread>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <fmt/format.h>

#include "engine/broker/ask.h"
#include "engine/broker/dialect.h"
#include "engine/broker/meter.h"
#include "engine/broker/purse.h"
#include "engine/os/files.h"
#include "engine/os/thread.h"

namespace fleet::broker {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace ssl = boost::asio::ssl;
using Code = boost::system::error_code;
using tcp = asio::ip::tcp;

constexpr std::size_t kMaxConnections = 1024;
constexpr std::size_t kMaxKnownOver = 4096;  // tokens of ended sessions that are told so
constexpr std::size_t kMaxError = std::size_t{1} << 20;  // of a service's answer that is an error
// Of an answer, where neither the request nor the price says: no model that is served today writes
// more.
constexpr std::uint64_t kMostOutput = 128'000;
// What a service puts before a request's own words, for tools and the like.
constexpr std::uint64_t kOwnPrompt = 4'000;
// Of an image, however large: services scale it down before they count.
constexpr std::uint64_t kImage = 20'000;

std::string dollars(std::int64_t micros) {
  return fmt::format("${:.4f}", static_cast<double>(micros) / 1e6);
}

// A connection to a service, with or without TLS.
class Upstream {
 public:
  using executor_type = beast::tcp_stream::executor_type;

  Upstream(asio::io_context& io, ssl::context* tls) {
    if (tls != nullptr)
      tls_.emplace(io, *tls);
    else
      plain_.emplace(io);
  }

  beast::tcp_stream& tcp_layer() { return tls_ ? beast::get_lowest_layer(*tls_) : *plain_; }
  std::optional<beast::ssl_stream<beast::tcp_stream>>& tls() { return tls_; }
  executor_type get_executor() { return tcp_layer().get_executor(); }

  template <class Buffers, class Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    if (tls_)
      tls_->async_read_some(buffers, std::forward<Handler>(handler));
    else
      plain_->async_read_some(buffers, std::forward<Handler>(handler));
  }
  template <class Buffers, class Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    if (tls_)
      tls_->async_write_some(buffers, std::forward<Handler>(handler));
    else
      plain_->async_write_some(buffers, std::forward<Handler>(handler));
  }

 private:
  std::optional<beast::tcp_stream> plain_;
  std::optional<beast::ssl_stream<beast::tcp_stream>> tls_;
};

}  // namespace

class Connection;

// A session as the broker has it.
struct Client {
  explicit Client(Session given)
      : session(std::move(given)), purse(session.budget, session.spent) {}

  Session session;
  Purse purse;
  bool over = false;
  std::deque<std::function<void()>> waiting;  // for money that is reserved
  std::set<std::shared_ptr<Connection>> busy;
};

struct Exchange {
  std::shared_ptr<Client> client;
  Target target;
  Ask ask;
  std::optional<Price> price;
  std::uint64_t most_output = 0;
  std::int64_t worst = 0;
  std::string noted;  // the slate's file
  bool granted = false;
  bool passed_on = false;  // the service has the whole request
  bool answered = false;   // its answer has begun to go to the client
  bool settled = false;
  bool stays = true;  // the client wants to ask more on its connection

  http::request<http::string_body> request;
  std::optional<tcp::resolver> resolver;
  std::optional<Upstream> upstream;
  beast::flat_buffer buffer;
  std::optional<http::response_parser<http::buffer_body>> parser;
  http::response<http::buffer_body> answer;
  std::optional<http::response_serializer<http::buffer_body>> serializer;
  std::array<char, std::size_t{16} << 10> chunk;
  std::optional<Meter> meter;
  std::string error;  // the service's
};

namespace {

// What concerns one hop only, what names the session, and what the broker says itself.
bool is_ours(beast::string_view name, beast::string_view connection) {
  constexpr const char* kOurs[] = {
      "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
      "transfer-encoding", "upgrade", "host", "content-length", "expect", "accept-encoding",
      "authorization", "x-api-key", "x-goog-api-key", "cookie", "set-cookie", "proxy-connection",
      "forwarded", "x-forwarded-for",
      // What would have the service answer less, or otherwise, than is
      // metered here.
      "x-goog-fieldmask", "x-goog-user-project", "x-http-method-override",
      // What a service could send the key back in.
      "location", "www-authenticate"};
  return std::ranges::any_of(kOurs, [&](const char* ours) { return beast::iequals(name, ours); }) ||
         http::token_list(connection).exists(name);
}

template <class From, class To>
void copy_fields(const From& from, To& to) {
  const beast::string_view connection = from[http::field::connection];
  for (const auto& field : from)
    if (!is_ours(field.name_string(), connection))
      to.insert(field.name_string(), field.value());
}

std::string text_of(beast::string_view text) {
  return {text.data(), text.size()};
}

// What the CLIs show as their key, in whichever way.
std::string token_in(const http::request<http::string_body>& request) {
  for (const char* name : {"x-api-key", "x-goog-api-key"})
    if (const auto value = request[name]; !value.empty())
      return text_of(value);
  const beast::string_view bearer = "Bearer ", given = request[http::field::authorization];
  if (given.starts_with(bearer))
    return text_of(given.substr(bearer.size()));
  return key_in(text_of(request.target()));
}

// By whose rules somebody is refused whom nobody knows.
Protocol likely_protocol(beast::string_view target) {
  if (target.find("/models/") != beast::string_view::npos)
    return Protocol::kGemini;
  return target.find("/messages") != beast::string_view::npos ? Protocol::kAnthropic
                                                              : Protocol::kOpenai;
}

}  // namespace

// All of it runs on one thread; `open` and `close` are posted to it.
class Proxy {
 public:
  Proxy(Options options, Hooks hooks, Slate slate)
      : options_(std::move(options)), hooks_(std::move(hooks)), slate_(std::move(slate)) {}
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  Status start();
  std::uint16_t port() const { return port_; }
  void open(Session session);
  void close(const std::string& name);

  // Of the thread.
  const Options& options() const { return options_; }
  const Slate& slate() const { return slate_; }
  asio::io_context& io() { return io_; }
  ssl::context& tls() { return tls_; }
  std::shared_ptr<Client> client_of(const std::string& token) const;
  bool was_over(const std::string& token) const { return over_.contains(token); }
  // False: not now, or never; who waits is called again.
  Purse::Answer reserve(Exchange& exchange, std::function<void()> again);
  Status note(Exchange& exchange);
  enum class End {
    kFree,   // the service refused it, or never had it
    kWhole,  // the answer has come to its end
    kBroken,
  };
  void settle(Exchange& exchange, End end);
  void over_budget(const Exchange& exchange, const std::string& why);
  void count(int more) { connections_ += more; }

 private:
  Status listen();
  Status listen_at(std::uint16_t port);
  Status trust();
  void accept();
  void drop(const std::shared_ptr<Client>& client);

  const Options options_;
  const Hooks hooks_;
  Slate slate_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  ssl::context tls_{ssl::context::tls_client};
  tcp::acceptor acceptor_{io_};
  asio::steady_timer pause_{io_};
  std::uint16_t port_ = 0;
  int connections_ = 0;
  std::map<std::string, std::shared_ptr<Client>> by_token_, by_name_;
  std::set<std::string> over_;  // tokens
  std::deque<std::string> over_order_;
  std::thread thread_;
};

// Of a session's CLI. Every handler holds the connection and the exchange that it was begun for;
// one whose exchange is not under way any more has nothing to do.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Proxy& proxy, tcp::socket socket) : proxy_(proxy), client_(std::move(socket)) {
    proxy_.count(1);
  }
  ~Connection() { proxy_.count(-1); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void read_request();
  // The session is over.
  void break_off() {
    if (exchange_)
      fail(exchange_, No::kOver, "this session's attempt is over");
  }

 private:
  using Held = std::shared_ptr<Exchange>;

  // What to do with the result of an operation that was begun for `x`.
  template <class Then>
  auto on(const Held& x, Then then) {
    return [self = shared_from_this(), x, then](Code code, auto&&...) {
      if (self->exchange_ == x)
        (self.get()->*then)(x, code);
    };
  }
  auto& upstream(const Held& x) {
    x->upstream->tcp_layer().expires_after(proxy_.options().silence);
    return *x->upstream;
  }

  void on_header(const Held& x, Code code);
  void judge_header(const Held& x);
  void on_body(const Held& x, Code code);
  void judge_body(const Held& x);
  void reserve(const Held& x);
  void watch_client(const Held& x);
  void on_client(const Held& x, Code code);
  void pass_on(const Held& x);
  void make_request(const Held& x);
  void connect(const Held& x, const tcp::resolver::results_type& places);
  void on_connected(const Held& x, Code code);
  void on_secured(const Held& x, Code code);
  void on_passed_on(const Held& x, Code code);
  void read_answer(const Held& x);
  void on_answer(const Held& x, Code code);
  void on_answer_sent(const Held& x, Code code);
  void read_chunk(const Held& x);
  void on_chunk(const Held& x, Code code);
  void write_chunk(const Held& x, std::size_t bytes);
  void on_chunk_sent(const Held& x, Code code);
  void take_error(const Held& x, std::size_t bytes);
  void send_whole(const Held& x, unsigned status, std::string type, std::string body, bool stay);
  void refuse(const Held& x, No no, const std::string& text, bool stay = true);
  void fail(const Held& x, No no, const std::string& text);
  void broken(const Held& x, Code code, const std::string& what);
  void finish(const Held& x, bool stay);
  void drain();
  void hang_up();

  Proxy& proxy_;
  beast::tcp_stream client_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  Held exchange_;
  Protocol protocol_ = Protocol::kAnthropic;  // that its errors are told by
  std::array<char, 4096> scrap_;
};

void Connection::read_request() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(proxy_.options().most_header));
  parser_->body_limit(proxy_.options().most_body);
  exchange_ = std::make_shared<Exchange>();
  client_.expires_after(proxy_.options().silence);
  http::async_read_header(client_, buffer_, *parser_, on(exchange_, &Connection::on_header));
}

void Connection::on_header(const Held& x, Code code) {
  if (!code) {
    x->stays = parser_->keep_alive();
    return judge_header(x);
  }
  if (code == http::error::header_limit || code == http::error::body_limit)
    return refuse(x, No::kTooLong, "this request is longer than the broker takes", false);
  if (code.category() == make_error_code(http::error::bad_method).category() &&
      code != http::error::end_of_stream && code != http::error::partial_message)
    return refuse(x, No::kBad, "the broker can't read this request: " + code.message(), false);
  hang_up();
}

void Connection::judge_header(const Held& x) {
  const auto& request = parser_->get();
  const std::string token = token_in(request), path = text_of(request.target());
  protocol_ = likely_protocol(request.target());
  x->client = proxy_.client_of(token);
  if (x->client)
    protocol_ = x->client->session.service.protocol;
  const auto target = read_target(protocol_, text_of(request.method_string()), path);
  if (target && target->call == Call::kHello)
    return send_whole(x, 200, "text/plain", {}, true);
  if (!x->client && proxy_.was_over(token))
    return refuse(x, No::kOver, "this session's attempt is over", false);
  if (!x->client)
    return refuse(x, No::kKey, "no session has this key; a session's own is in its environment",
                  false);
  // codex tries WebSockets first, and from this answer on does without.
  if (!request[http::field::upgrade].empty())
    return refuse(x, No::kUpgrade, "the broker speaks plain HTTP", false);
  if (!target)
    return refuse(x, No::kPath,
                  "the broker passes on requests to a model, counts of tokens and lists of models, "
                  "and not this path",
                  false);
  if (!request[http::field::content_encoding].empty())
    return refuse(x, No::kBad, "the broker reads no body that is encoded", false);
  x->target = *target;
  x->client->busy.insert(shared_from_this());
  client_.expires_after(proxy_.options().silence);
  if (beast::iequals(request[http::field::expect], "100-continue")) {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(client_, asio::buffer(kContinue),
                      [self = shared_from_this(), x](Code, std::size_t) {
                        if (self->exchange_ == x)
                          http::async_read(self->client_, self->buffer_, *self->parser_,
                                           self->on(x, &Connection::on_body));
                      });
    return;
  }
  http::async_read(client_, buffer_, *parser_, on(x, &Connection::on_body));
}

void Connection::on_body(const Held& x, Code code) {
  if (code == http::error::body_limit)
    return refuse(x, No::kTooLong, "this request is longer than the broker takes", false);
  if (code)
    return hang_up();
  x->request = parser_->release();
  client_.expires_never();
  judge_body(x);
}

void Connection::judge_body(const Held& x) {
  const Session& session = x->client->session;
  if (x->target.call == Call::kFree) {
    watch_client(x);
    return pass_on(x);
  }
  auto ask = read_ask(x->target, x->request.body());
  if (!ask)
    return refuse(x, No::kBad, ask.error().message());
  x->ask = *std::move(ask);
  x->price = session.price ? session.price : price_of(x->ask.model);
  if (!x->price && session.only_priced)
    return refuse(
        x, No::kUnpriced,
        fmt::format("money is limited, and `{}` has no price that fleetc knows (its table "
                    "is of {}): state `price` in the runtime",
                    x->ask.model.substr(0, 200), kPricesAsOf));
  const bool limited = session.only_priced;
  if (limited && x->ask.unbounded.empty() && !x->ask.fills_window.empty() && x->price->window == 0)
    x->ask.unbounded = fmt::format(
        "`{}` has more tokens than its bytes, and nobody knows how long "
        "a prompt of `{}` may be",
        x->ask.fills_window, x->ask.model.substr(0, 200));
  if (limited && !x->ask.unbounded.empty())
    return refuse(
        x, No::kUnpriced,
        "money is limited, and what this request costs has no bound: " + x->ask.unbounded);
  if (x->price) {
    const std::uint64_t one = x->ask.most_output != 0      ? x->ask.most_output
                              : x->price->most_output != 0 ? x->price->most_output
                                                           : kMostOutput;
    x->most_output =
        std::min(one, std::uint64_t{10'000'000}) * std::min(x->ask.answers, std::uint64_t{1'000});
    const std::uint64_t prompt =
        x->ask.fills_window.empty()
            ? x->request.body().size() + kOwnPrompt + x->ask.images * kImage
            : std::max<std::uint64_t>(x->price->window, x->request.body().size());
    x->worst = worst_cost(prompt, x->most_output, x->ask.hour_cache, *x->price);
  }
  watch_client(x);
  reserve(x);
}

void Connection::reserve(const Held& x) {
  if (exchange_ != x)
    return;
  const auto again = [self = shared_from_this(), x] {
    self->reserve(x);
  };
  switch (proxy_.reserve(*x, again)) {
    case Purse::Answer::kLater: return;
    case Purse::Answer::kGranted: break;
    case Purse::Answer::kRefused: {
      const Purse& purse = x->client->purse;
      const std::string why = fmt::format(
          "the budget of this attempt is spent: {} of {} are used, and the next request to {} may "
          "cost {}",
          dollars(purse.spent()), dollars(purse.limit()), x->ask.model, dollars(x->worst));
      proxy_.over_budget(*x, why);
      return refuse(x, No::kBudget, why);
    }
  }
  if (const Status noted = proxy_.note(*x); !noted)
    return fail(x, No::kUnreachable,
                "what this request may cost can't be kept: " + noted.error().message());
  pass_on(x);
}

// While the service is waited for, nothing is read from the client, and a client that goes away
// shows in nothing else.
void Connection::watch_client(const Held& x) {
  client_.socket().async_wait(tcp::socket::wait_read, on(x, &Connection::on_client));
}

void Connection::on_client(const Held& x, Code code) {
  if (code)
    return;
  char byte = 0;
  const auto got = ::recv(client_.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  // What comes early is the next request: it is left there, and this one is watched no more.
  if (got > 0)
    return;
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
    return watch_client(x);
  proxy_.settle(*x, Proxy::End::kBroken);
  hang_up();
}

void Connection::make_request(const Held& x) {
  const Session& session = x->client->session;
  http::request<http::string_body> out(x->request.method(), session.service.prefix + x->target.path,
                                       11);
  copy_fields(x->request, out);
  out.set(http::field::host, host_header(session.service));
  const auto [name, value] =
      key_header(session.service.protocol, session.service.bearer, session.key);
  out.set(name, value);
  // What is packed can't be metered as it passes by.
  out.set(http::field::accept_encoding, "identity");
  out.body() = std::move(x->request.body());
  if (!x->ask.insert.empty())
    out.body().insert(out.body().find('{') + 1, x->ask.insert);
  out.keep_alive(false);
  if (out.method() != http::verb::get)
    out.prepare_payload();
  x->request = std::move(out);
}

void Connection::pass_on(const Held& x) {
  make_request(x);
  const Service& service = x->client->session.service;
  x->upstream.emplace(proxy_.io(), service.tls ? &proxy_.tls() : nullptr);
  Code literal;
  const auto address = asio::ip::make_address(service.host, literal);
  if (!literal)
    return connect(x, tcp::resolver::results_type::create({address, service.port}, service.host,
                                                          std::to_string(service.port)));
  x->resolver.emplace(proxy_.io());
  x->resolver->async_resolve(
      service.host, std::to_string(service.port),
      [self = shared_from_this(), x](Code code, const tcp::resolver::results_type& places) {
        if (self->exchange_ != x)
          return;
        if (code)
          return self->broken(x, code, "is not found");
        self->connect(x, places);
      });
}

void Connection::connect(const Held& x, const tcp::resolver::results_type& places) {
  x->upstream->tcp_layer().expires_after(proxy_.options().connect);
  x->upstream->tcp_layer().async_connect(places, on(x, &Connection::on_connected));
}

void Connection::on_connected(const Held& x, Code code) {
  if (code)
    return broken(x, code, "can't be reached");
  x->upstream->tcp_layer().socket().set_option(tcp::no_delay(true), code);
  if (!x->upstream->tls())
    return on_secured(x, {});
  auto& stream = *x->upstream->tls();
  const std::string& host = x->client->session.service.host;
  SSL_set_tlsext_host_name(stream.native_handle(), host.c_str());
  stream.set_verify_callback(ssl::host_name_verification(host));
  x->upstream->tcp_layer().expires_after(proxy_.options().connect);
  stream.async_handshake(ssl::stream_base::client, on(x, &Connection::on_secured));
}

void Connection::on_secured(const Held& x, Code code) {
  if (code)
    return broken(x, code, "can't be spoken to in private");
  http::async_write(upstream(x), x->request, on(x, &Connection::on_passed_on));
  // From here on it may have read enough to begin.
  x->passed_on = true;
}

// A service may answer before it has read all, and close: its answer says why.
void Connection::on_passed_on(const Held& x, Code code) {
  if (code == beast::error::timeout)
    return broken(x, code, "takes no request");
  read_answer(x);
}

void Connection::read_answer(const Held& x) {
  x->parser.emplace();
  x->parser->header_limit(static_cast<std::uint32_t>(proxy_.options().most_header));
  x->parser->body_limit(std::numeric_limits<std::uint64_t>::max());
  http::async_read_header(upstream(x), x->buffer, *x->parser, on(x, &Connection::on_answer));
}

void Connection::on_answer(const Held& x, Code code) {
  if (code)
    return broken(x, code, "broke off before it answered");
  const auto& from = x->parser->get();
  if (from.result_int() < 200)
    return read_answer(x);
  if (from.result_int() >= 300)
    return read_chunk(x);
  x->answer.result(from.result_int());
  x->answer.version(11);
  copy_fields(from, x->answer);
  const auto length = x->parser->content_length();
  if (length)
    x->answer.content_length(*length);
  else
    x->answer.chunked(true);
  x->answer.keep_alive(x->stays);
  if (x->target.call != Call::kFree)
    x->meter.emplace(x->target.call,
                     from[http::field::content_type].starts_with("text/event-stream"));
  x->answer.body().data = nullptr;
  x->answer.body().more = true;
  x->serializer.emplace(x->answer);
  x->answered = true;
  client_.expires_after(proxy_.options().silence);
  http::async_write_header(client_, *x->serializer, on(x, &Connection::on_answer_sent));
}

void Connection::on_answer_sent(const Held& x, Code code) {
  if (code)
    return broken(x, code, {});
  client_.expires_never();
  read_chunk(x);
}

void Connection::read_chunk(const Held& x) {
  auto& body = x->parser->get().body();
  body.data = x->chunk.data();
  body.size = x->chunk.size();
  body.more = true;
  if (x->parser->is_done())
    return on_chunk(x, {});
  http::async_read_some(upstream(x), x->buffer, *x->parser, on(x, &Connection::on_chunk));
}

void Connection::on_chunk(const Held& x, Code code) {
  if (code && code != http::error::need_buffer)
    return broken(x, code, "broke off in the middle of its answer");
  const std::size_t bytes = x->chunk.size() - x->parser->get().body().size;
  if (!x->answered)
    return take_error(x, bytes);
  if (x->meter)
    x->meter->take({x->chunk.data(), bytes});
  if (bytes == 0 && !x->parser->is_done())
    return read_chunk(x);
  // What it cost is known before the client has its last byte and may end.
  if (x->parser->is_done())
    proxy_.settle(*x, Proxy::End::kWhole);
  write_chunk(x, bytes);
}

void Connection::write_chunk(const Held& x, std::size_t bytes) {
  auto& body = x->answer.body();
  body.data = bytes > 0 ? x->chunk.data() : nullptr;
  body.size = bytes;
  body.more = !x->parser->is_done();
  client_.expires_after(proxy_.options().silence);
  http::async_write(client_, *x->serializer, on(x, &Connection::on_chunk_sent));
}

void Connection::on_chunk_sent(const Held& x, Code code) {
  if (code && code != http::error::need_buffer)
    return broken(x, code, {});
  client_.expires_never();
  if (!x->parser->is_done())
    return read_chunk(x);
  finish(x, x->stays);
}

// Errors are short and not streamed; one that repeats the key is told without it.
void Connection::take_error(const Held& x, std::size_t bytes) {
  x->error.append(x->chunk.data(), bytes);
  if (!x->parser->is_done() && x->error.size() < kMaxError)
    return read_chunk(x);
  const std::string& key = x->client->session.key;
  for (std::size_t at = x->error.find(key); at != std::string::npos; at = x->error.find(key, at))
    x->error.replace(at, key.size(), "***");
  proxy_.settle(*x, Proxy::End::kFree);
  const auto& from = x->parser->get();
  http::response<http::string_body> out(from.result(), 11);
  out.result(from.result_int());
  copy_fields(from, out);
  out.body() = std::move(x->error);
  const bool stay = x->stays;
  out.keep_alive(stay);
  out.prepare_payload();
  const auto held = std::make_shared<http::response<http::string_body>>(std::move(out));
  client_.expires_after(proxy_.options().silence);
  http::async_write(client_, *held,
                    [self = shared_from_this(), x, held, stay](Code code, std::size_t) {
                      if (self->exchange_ == x)
                        self->finish(x, stay && !code);
                    });
}

void Connection::send_whole(const Held& x, unsigned status, std::string type, std::string body,
                            bool stay) {
  const auto out = std::make_shared<http::response<http::string_body>>();
  out->result(status);
  out->version(11);
  out->set(http::field::content_type, type);
  out->body() = std::move(body);
  // What of a request was not read can't be told from the next one.
  stay = stay && x->stays && parser_->is_done();
  out->keep_alive(stay);
  out->prepare_payload();
  client_.expires_after(proxy_.options().silence);
  http::async_write(client_, *out,
                    [self = shared_from_this(), x, out, stay](Code code, std::size_t) {
                      if (self->exchange_ == x)
                        self->finish(x, stay && !code);
                    });
}

void Connection::refuse(const Held& x, No no, const std::string& text, bool stay) {
  Refusal out = refusal(protocol_, no, text);
  send_whole(x, out.status, "application/json", std::move(out.body), stay);
}

// Of one that got as far as to money.
void Connection::fail(const Held& x, No no, const std::string& text) {
  proxy_.settle(*x, Proxy::End::kBroken);
  if (x->upstream)
    x->upstream->tcp_layer().close();
  // An answer that has begun can only be cut, which its reader sees.
  if (x->answered)
    return hang_up();
  // What is still to come of the service's is not for this exchange any more.
  const auto rest = std::make_shared<Exchange>();
  rest->client = x->client;
  exchange_ = rest;
  refuse(rest, no, text, false);
}

// `what`: of the service; empty: the client is gone.
void Connection::broken(const Held& x, Code code, const std::string& what) {
  if (what.empty()) {
    proxy_.settle(*x, Proxy::End::kBroken);
    return hang_up();
  }
  const std::string host = host_header(x->client->session.service);
  if (code == beast::error::timeout)
    return fail(x, No::kSlow, fmt::format("{} said nothing for too long", host));
  fail(x, No::kUnreachable, fmt::format("{} {}: {}", host, what, code.message()));
}

void Connection::finish(const Held& x, bool stay) {
  if (x->client)
    x->client->busy.erase(shared_from_this());
  if (x->upstream)
    x->upstream->tcp_layer().close();
  exchange_.reset();
  Code ignored;
  client_.socket().cancel(ignored);
  if (stay)
    return read_request();
  client_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  drain();
}

// A client that still writes when its socket is closed never sees the answer.
void Connection::drain() {
  client_.expires_after(std::chrono::seconds(5));
  client_.async_read_some(asio::buffer(scrap_),
                          [self = shared_from_this()](Code code, std::size_t) {
                            if (!code)
                              self->drain();
                          });
}

void Connection::hang_up() {
  if (exchange_ && exchange_->client)
    exchange_->client->busy.erase(shared_from_this());
  if (exchange_ && exchange_->upstream)
    exchange_->upstream->tcp_layer().close();
  if (exchange_ && exchange_->resolver)
    exchange_->resolver->cancel();
  exchange_.reset();
  client_.close();
}

Proxy::~Proxy() {
  io_.stop();
  if (thread_.joinable())
    thread_.join();
  // A connection that is busy holds its client, which holds it.
  for (const auto& [token, client] : by_token_) {
    client->busy.clear();
    client->waiting.clear();
  }
}

Status Proxy::start() {
  FLEET_CHECK(trust());
  FLEET_CHECK(listen());
  accept();
  FLEET_TRY(thread_, os::start_thread("the broker", [this] { io_.run(); }));
  return {};
}

Status Proxy::trust() {
  Code code;
  tls_.set_verify_mode(ssl::verify_peer, code);
  tls_.set_options(
      ssl::context::default_workarounds | ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1, code);
  if (options_.authorities.empty())
    tls_.set_default_verify_paths(code);
  else
    tls_.load_verify_file(options_.authorities, code);
  if (code)
    return Error(Errc::kIo, "the certificates that services are known by: " + code.message());
  return {};
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
    if (code) {
      // Too many files are open, most likely.
      pause_.expires_after(std::chrono::milliseconds(100));
      pause_.async_wait([this](Code stopped) {
        if (!stopped)
          accept();
      });
      return;
    }
    if (connections_ < static_cast<int>(kMaxConnections)) {
      socket.set_option(tcp::no_delay(true), code);
      std::make_shared<Connection>(*this, std::move(socket))->read_request();
    }
    accept();
  });
}

std::shared_ptr<Client> Proxy::client_of(const std::string& token) const {
  const auto found = by_token_.find(token);
  return found == by_token_.end() ? nullptr : found->second;
}

void Proxy::open(Session session) {
  asio::post(io_, [this, session = std::move(session)]() mutable {
    if (const auto before = by_name_.find(session.name); before != by_name_.end())
      drop(before->second);
    const auto client = std::make_shared<Client>(std::move(session));
    over_.erase(client->session.token);
    by_name_.insert_or_assign(client->session.name, client);
    by_token_.insert_or_assign(client->session.token, client);
  });
}

void Proxy::close(const std::string& name) {
  asio::post(io_, [this, name] {
    const auto found = by_name_.find(name);
    if (found == by_name_.end())
      return;
    const std::shared_ptr<Client> client = found->second;
    by_name_.erase(found);
    drop(client);
  });
}

void Proxy::drop(const std::shared_ptr<Client>& client) {
  by_token_.erase(client->session.token);
  if (over_.insert(client->session.token).second)
    over_order_.push_back(client->session.token);
  if (over_order_.size() > kMaxKnownOver) {
    over_.erase(over_order_.front());
    over_order_.pop_front();
  }
  client->over = true;
  const auto busy = std::exchange(client->busy, {});
  for (const std::shared_ptr<Connection>& connection : busy)
    connection->break_off();
  client->waiting.clear();  // of connections that are broken off
}

Purse::Answer Proxy::reserve(Exchange& exchange, std::function<void()> again) {
  const Purse::Answer answer = exchange.client->purse.reserve(exchange.worst);
  exchange.granted = answer == Purse::Answer::kGranted;
  if (answer == Purse::Answer::kLater)
    exchange.client->waiting.push_back(std::move(again));
  return answer;
}

Status Proxy::note(Exchange& exchange) {
  if (exchange.worst == 0)
    return {};
  FLEET_TRY(exchange.noted, slate_.note(exchange.client->session.name, exchange.worst));
  return {};
}

// What is not known counts at its worst.
void Proxy::settle(Exchange& exchange, End end) {
  if (!exchange.granted || std::exchange(exchange.settled, true))
    return;
  Client& client = *exchange.client;
  Usage usage;
  std::int64_t used = 0;
  bool assumed = false;
  if (end != End::kFree && exchange.passed_on) {
    const Reading reading = exchange.meter ? exchange.meter->finish(end == End::kWhole) : Reading{};
    usage = reading.usage;
    assumed = exchange.target.call != Call::kFree && exchange.price &&
              !(reading.prompt_known && reading.output_known);
    Usage counted = usage;
    if (!reading.output_known)
      counted.output = std::max(counted.output, exchange.most_output);
    if (exchange.price)
      used = reading.prompt_known ? cost_of(counted, *exchange.price)
                                  : std::max(cost_of(counted, *exchange.price), exchange.worst);
  }
  client.purse.settle(exchange.worst, used);
  const auto durable = [file = exchange.noted] {
    if (!file.empty())
      Slate::strike(file);
  };
  if (used == 0 && usage == Usage{})
    durable();
  else if (hooks_.spent)
    hooks_.spent({client.session.name, usage, used, assumed, durable});
  for (std::function<void()>& again : std::exchange(client.waiting, {}))
    asio::post(io_, std::move(again));
}

void Proxy::over_budget(const Exchange& exchange, const std::string& why) {
  if (hooks_.over_budget)
    hooks_.over_budget(exchange.client->session.name, why);
}

Broker::Broker(std::unique_ptr<Proxy> proxy) : proxy_(std::move(proxy)) {}
Broker::~Broker() = default;

Result<std::unique_ptr<Broker>> Broker::start(Options options, Hooks hooks) {
  FLEET_TRY(Slate slate, Slate::open(options.slate));
  auto proxy = std::make_unique<Proxy>(std::move(options), std::move(hooks), std::move(slate));
  FLEET_CHECK(proxy->start());
  return std::unique_ptr<Broker>(new Broker(std::move(proxy)));
}

std::string Broker::url() const {
  return fmt::format("http://127.0.0.1:{}", proxy_->port());
}

void Broker::open(Session session) {
  FLEET_ASSERT(!session.key.empty() && !session.token.empty(), session.name);
  proxy_->open(std::move(session));
}

void Broker::close(const std::string& name) {
  proxy_->close(name);
}

std::vector<Spent> Broker::left_over() {
  std::vector<Spent> out;
  for (const Slate::Entry& entry : proxy_->slate().left())
    out.push_back({entry.session, {}, entry.micros, true, [file = entry.file] {
                     Slate::strike(file);
                   }});
  return out;
}

}  // namespace fleet::broker
