#include "engine/broker/connection.h"

#include <algorithm>
#include <utility>

#include "engine/broker/exchange.h"
#include "engine/broker/fields.h"
#include "engine/broker/proxy.h"

namespace fleet::broker {
namespace {

// By whose rules somebody is refused whom nobody knows.
Protocol likely_protocol(beast::string_view target) {
  if (target.find("/models/") != beast::string_view::npos)
    return Protocol::kGemini;
  return target.find("/messages") != beast::string_view::npos ? Protocol::kAnthropic
                                                              : Protocol::kOpenai;
}

}  // namespace

Connection::Connection(Proxy& proxy, tcp::socket socket)
    : proxy_(proxy), stream_(std::move(socket)), among_(&proxy.strangers()) {
  place_ = among_->insert(among_->end(), this);
  proxy_.connections().insert(this);
}

Connection::~Connection() {
  leave();
  proxy_.connections().erase(this);
}

template <class Next>
auto Connection::on(Next next) {
  return [self = shared_from_this(), next](Code code, auto&&...) {
    if (!self->closed_)
      (self.get()->*next)(code);
  };
}

void Connection::leave() {
  if (among_ != nullptr)
    among_->erase(place_);
  among_ = nullptr;
  client_ = nullptr;
}

// False: all that this client may have are busy.
bool Connection::join(const std::shared_ptr<Client>& client) {
  if (client_ == client)
    return true;
  leave();
  auto& own = client->connections;
  if (own.size() >= proxy_.options().most_connections) {
    const auto idle =
        std::ranges::find_if(own, [](const Connection* one) { return one->exchange_ == nullptr; });
    if (idle == own.end())
      return false;
    (*idle)->hang_up();
  }
  client_ = client;
  among_ = &own;
  place_ = own.insert(own.end(), this);
  return true;
}

void Connection::begin() {
  read_head();
}

// What the client has sent already lies in the buffer.
void Connection::wait_for_next() {
  if (buffer_.size() > 0)
    return read_head();
  stream_.expires_after(proxy_.options().idle);
  // Reads, since the stream's own waiting knows no time.
  stream_.async_read_some(buffer_.prepare(4096),
                          [self = shared_from_this()](Code code, std::size_t bytes) {
                            if (self->closed_)
                              return;
                            if (code)
                              return self->hang_up();
                            self->buffer_.commit(bytes);
                            self->read_head();
                          });
}

void Connection::read_head() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(proxy_.options().most_header));
  parser_->body_limit(proxy_.options().most_body);
  stays_ = false;
  stream_.expires_after(proxy_.options().head);
  http::async_read_header(stream_, buffer_, *parser_, on(&Connection::on_head));
}

void Connection::on_head(Code code) {
  if (!code)
    return judge_head();
  if (code == http::error::header_limit || code == http::error::body_limit)
    return refuse(No::kTooLong, "this request is longer than the broker takes", false);
  if (code.category() == make_error_code(http::error::bad_method).category() &&
      code != http::error::end_of_stream && code != http::error::partial_message)
    return refuse(No::kBad, "the broker can't read this request: " + code.message(), false);
  hang_up();
}

std::string Connection::unfit() const {
  const auto& request = parser_->get();
  if (!request[http::field::content_encoding].empty())
    return "the broker reads no body that is encoded";
  const auto length = parser_->content_length();
  if (request.method() == http::verb::get && (parser_->chunked() || (length && *length > 0)))
    return "the broker passes on no GET that has a body";
  return {};
}

void Connection::judge_head() {
  const auto& request = parser_->get();
  stays_ = parser_->keep_alive();
  const std::string token = token_in(request);
  const std::shared_ptr<Client> client = proxy_.clients().by_token(token);
  protocol_ = client ? client->session.service.protocol : likely_protocol(request.target());
  const auto target =
      read_target(protocol_, text_of(request.method_string()), text_of(request.target()));
  if (target && target->call == Call::kHello)
    return say(200, "text/plain", {}, true);
  if (!client && proxy_.clients().was_here(token))
    return refuse(No::kOver, "this session's attempt is over", false);
  if (!client)
    return refuse(No::kKey, "no session has this key; a session's own is in its environment",
                  false);
  if (!join(client))
    return refuse(No::kBusy, "this session asks too much at once", false);
  // codex tries WebSockets first, and from this answer on does without.
  if (!request[http::field::upgrade].empty())
    return refuse(No::kUpgrade, "the broker speaks plain HTTP", false);
  if (!target)
    return refuse(No::kPath,
                  "the broker passes on requests to a model, counts of tokens and lists of models, "
                  "and not this path",
                  false);
  if (const std::string why = unfit(); !why.empty())
    return refuse(No::kBad, why, false);
  take_in(client, *target);
}

void Connection::take_in(const std::shared_ptr<Client>& client, const Target& target) {
  const auto exchange = std::make_shared<Exchange>(proxy_, shared_from_this(), client, target);
  const auto length = parser_->content_length();
  const std::size_t most = parser_->chunked() ? proxy_.options().most_body
                                              : static_cast<std::size_t>(length.value_or(0));
  if (!exchange->hold(most))
    return refuse(No::kBusy, "the broker has no room for this request now", false);
  exchange_ = exchange;
  stream_.expires_after(proxy_.options().body);
  if (!beast::iequals(parser_->get()[http::field::expect], "100-continue"))
    return read_body();
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  asio::async_write(stream_, asio::buffer(kContinue),
                    [self = shared_from_this()](Code, std::size_t) {
                      if (!self->closed_)
                        self->read_body();
                    });
}

void Connection::read_body() {
  http::async_read(stream_, buffer_, *parser_, on(&Connection::on_body));
}

void Connection::on_body(Code code) {
  if (code == http::error::body_limit) {
    exchange_.reset();
    return refuse(No::kTooLong, "this request is longer than the broker takes", false);
  }
  if (code)
    return hang_up();
  stream_.expires_never();
  const std::shared_ptr<Exchange> exchange = exchange_;
  exchange->begin(parser_->release(), stays_);
}

void Connection::say(unsigned status, std::string type, std::string body, bool stay) {
  const auto out = std::make_shared<http::response<http::string_body>>();
  out->result(status);
  out->version(11);
  out->set(http::field::content_type, type);
  out->body() = std::move(body);
  // What of a request was not read can't be told from the next one.
  stay = stay && stays_ && parser_->is_done();
  out->keep_alive(stay);
  out->prepare_payload();
  stream_.expires_after(proxy_.options().silence);
  http::async_write(stream_, *out, [self = shared_from_this(), out, stay](Code code, std::size_t) {
    if (!self->closed_)
      self->finish(stay && !code);
  });
}

void Connection::refuse(No no, const std::string& text, bool stay) {
  Refusal out = refusal(protocol_, no, text);
  say(out.status, "application/json", std::move(out.body), stay);
}

void Connection::finish(bool stay) {
  exchange_.reset();
  Code ignored;
  stream_.socket().cancel(ignored);
  if (stay)
    return wait_for_next();
  stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  stream_.expires_after(std::chrono::seconds(5));
  drain();
}

// A client that still writes when its socket is closed never sees the answer.
void Connection::drain() {
  stream_.async_read_some(asio::buffer(scrap_),
                          [self = shared_from_this()](Code code, std::size_t) {
                            if (self->closed_)
                              return;
                            if (code)
                              return self->hang_up();
                            self->drain();
                          });
}

void Connection::hang_up() {
  closed_ = true;
  exchange_.reset();
  leave();
  stream_.close();
}

void Connection::break_off() {
  if (const std::shared_ptr<Exchange> exchange = exchange_)
    exchange->break_off();
}

void Connection::abandon() {
  if (const std::shared_ptr<Exchange> exchange = exchange_)
    exchange->abandon();
  hang_up();
}

}  // namespace fleet::broker
