#include "engine/broker/exchange.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "engine/broker/connection.h"
#include "engine/broker/fields.h"
#include "engine/broker/proxy.h"
#include "engine/broker/service.h"

namespace fleet::broker {
namespace {

// The broker sees nothing of what comes so: neither figures nor the key. A header may stand there
// more than once.
bool is_packed(const Upstream::Answer& answer) {
  const auto is_plain = [](const auto& field) {
    return field.value().empty() ||
           (field.name() == http::field::content_encoding &&
            beast::iequals(field.value(), "identity")) ||
           (field.name() == http::field::transfer_encoding &&
            beast::iequals(field.value(), "chunked"));
  };
  const auto all_plain = [&](http::field name) {
    const auto [from, to] = answer.equal_range(name);
    return std::all_of(from, to, is_plain);
  };
  return !all_plain(http::field::content_encoding) || !all_plain(http::field::transfer_encoding);
}

}  // namespace

Exchange::Exchange(Proxy& proxy, std::shared_ptr<Connection> connection,
                   std::shared_ptr<Client> client, Target target)
    : proxy_(proxy),
      connection_(std::move(connection)),
      client_(std::move(client)),
      target_(std::move(target)),
      hold_(proxy.room(), client_),
      scrubber_(client_->session.key) {}

template <class Next>
auto Exchange::on(Next next) {
  return [self = shared_from_this(), next](Code code, auto&&...) {
    if (self->stage_ != Stage::kOver)
      (self.get()->*next)(code);
  };
}

Upstream::Then Exchange::on_upstream(void (Exchange::*next)()) {
  return [self = shared_from_this(), next](const std::optional<Upstream::Trouble>& trouble) {
    if (self->stage_ == Stage::kOver)
      return;
    if (trouble)
      return self->fail(trouble->no, trouble->text);
    (self.get()->*next)();
  };
}

void Exchange::begin(Request request, bool stays) {
  request_ = std::move(request);
  stays_ = stays;
  stage_ = Stage::kAsking;
  (void)hold_.resize(request_.body().size());  // which is less than before
  if (target_.call == Call::kFree) {
    watch_client();
    return pass_on();
  }
  auto ask = read_ask(target_, request_.body());
  if (!ask)
    return refuse(No::kBad, ask.error().message());
  ask_ = *std::move(ask);
  auto bill = Till::reckon(client_->session, ask_, request_.body().size());
  if (!bill)
    return refuse(No::kUnpriced, bill.error().message());
  bill_ = *std::move(bill);
  watch_client();
  reserve();
}

void Exchange::reserve() {
  if (stage_ != Stage::kAsking)
    return;
  // From any thread, when this may be gone; the till is emptied before the proxy is.
  const auto again = [&io = proxy_.io(), weak = weak_from_this()] {
    asio::post(io, [weak] {
      if (const auto self = weak.lock())
        self->reserve();
    });
  };
  std::string why;
  switch (proxy_.till().reserve(*client_, ask_, bill_, again, why)) {
    case Purse::Answer::kLater: return;
    case Purse::Answer::kRefused: return refuse(No::kBudget, why);
    case Purse::Answer::kGranted: break;
  }
  if (const Status noted = proxy_.till().note(*client_, bill_); !noted)
    return fail(No::kUnreachable,
                "what this request may cost can't be kept: " + noted.error().message());
  pass_on();
}

// While the service is waited for, nothing is read from the client, and a client that goes away
// shows in nothing else.
void Exchange::watch_client() {
  connection_->stream().socket().async_wait(tcp::socket::wait_read, on(&Exchange::on_client));
}

void Exchange::on_client(Code code) {
  if (code)
    return;
  char byte = 0;
  const int socket = connection_->stream().socket().native_handle();
  const auto got = ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  // What comes early is the next request: it is left there, and this one is watched no more.
  if (got > 0)
    return;
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
    return watch_client();
  gone();
}

Request Exchange::request_upstream() {
  const Session& session = client_->session;
  Request out(request_.method(), session.service.prefix + target_.path, 11);
  copy_request_fields(request_, out);
  out.set(http::field::host, host_header(session.service));
  const auto [name, value] =
      key_header(session.service.protocol, session.service.bearer, session.key);
  out.set(name, value);
  // What is packed can't be metered as it passes by.
  out.set(http::field::accept_encoding, "identity");
  out.body() = std::move(request_.body());
  if (!ask_.insert.empty())
    out.body().insert(out.body().find('{') + 1, ask_.insert);
  out.keep_alive(false);
  if (out.method() != http::verb::get)
    out.prepare_payload();
  return out;
}

void Exchange::pass_on() {
  upstream_ = std::make_shared<Upstream>(proxy_.io(), proxy_.tls(), client_->session.service,
                                         proxy_.options());
  upstream_->ask(request_upstream(), on_upstream(&Exchange::on_answer));
}

void Exchange::on_answer() {
  (void)hold_.resize(0);
  const Upstream::Answer& from = upstream_->answer();
  const bool well = from.result_int() < 300;
  if (!well)
    proxy_.till().settle(*client_, bill_, std::nullopt);
  if (is_packed(from))
    return refuse_packed();
  if (well && target_.call != Call::kFree)
    meter_.emplace(target_.call, from[http::field::content_type].starts_with("text/event-stream"));
  answer_.result(from.result_int());
  answer_.version(11);
  copy_answer_fields(from, answer_, client_->session.key);
  if (const auto length = upstream_->length(); length || upstream_->done())
    answer_.content_length(length.value_or(0));
  else
    answer_.chunked(true);
  answer_.keep_alive(stays_);
  answer_.body().data = nullptr;
  answer_.body().more = true;
  serializer_.emplace(answer_);
  stage_ = Stage::kAnswering;
  connection_->stream().expires_after(proxy_.options().silence);
  http::async_write_header(connection_->stream(), *serializer_, on(&Exchange::on_head_sent));
}

// An error keeps its status, by which the CLI knows what to do.
void Exchange::refuse_packed() {
  const unsigned status = upstream_->answer().result_int();
  const std::string host = host_header(client_->session.service);
  const std::string text = fmt::format(
      "{} answered {}, packed though it was asked not to, and the broker can't look into that",
      host, status);
  if (status < 400)
    return fail(No::kUnreachable, text);
  const Refusal out = refusal(client_->session.service.protocol, No::kUnreachable, text);
  close();
  connection_->say(status, "application/json", out.body, false);
}

void Exchange::on_head_sent(Code code) {
  if (code)
    return gone();
  connection_->stream().expires_never();
  if (upstream_->done())
    return on_chunk();
  read_on();
}

void Exchange::read_on() {
  upstream_->read(on_upstream(&Exchange::on_chunk));
}

void Exchange::on_chunk() {
  const bool last = upstream_->done();
  const std::string_view chunk = upstream_->chunk();
  if (meter_) {
    meter_->take(chunk);
    if (!hold_.resize(meter_->held()))
      meter_->give_up();
  }
  out_.clear();
  scrubber_.take(chunk, out_);
  if (last) {
    scrubber_.finish(out_);
    // What it cost is known before the client has its last byte and may end.
    settle(true);
  }
  if (out_.empty() && !last)
    return read_on();
  send(last);
}

void Exchange::send(bool last) {
  last_ = last;
  auto& body = answer_.body();
  body.data = out_.empty() ? nullptr : out_.data();
  body.size = out_.size();
  body.more = !last;
  connection_->stream().expires_after(proxy_.options().silence);
  http::async_write(connection_->stream(), *serializer_, on(&Exchange::on_sent));
}

void Exchange::on_sent(Code code) {
  if (code && code != http::error::need_buffer)
    return gone();
  connection_->stream().expires_never();
  if (!last_)
    return read_on();
  close();
  connection_->finish(stays_);
}

void Exchange::settle(bool whole) {
  std::optional<Reading> reading;
  if (upstream_ && upstream_->asked())
    reading = meter_ ? meter_->finish(whole) : Reading{};
  proxy_.till().settle(*client_, bill_, reading);
}

void Exchange::close() {
  stage_ = Stage::kOver;
  if (upstream_)
    upstream_->close();
}

void Exchange::refuse(No no, const std::string& text) {
  close();
  connection_->refuse(no, text, true);
}

void Exchange::fail(No no, const std::string& text) {
  const bool answered = stage_ == Stage::kAnswering;
  settle(false);
  close();
  // An answer that has begun can only be cut, which its reader sees.
  if (answered)
    return connection_->hang_up();
  connection_->refuse(no, text, false);
}

void Exchange::gone() {
  settle(false);
  close();
  connection_->hang_up();
}

void Exchange::break_off() {
  if (stage_ == Stage::kOver)
    return;
  // Its reader is still writing.
  if (stage_ == Stage::kReading)
    return gone();
  fail(No::kOver, "this session's attempt is over");
}

void Exchange::abandon() {
  close();
  connection_.reset();
}

}  // namespace fleet::broker
