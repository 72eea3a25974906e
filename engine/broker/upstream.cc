#include "engine/broker/upstream.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <openssl/x509v3.h>

#include "engine/broker/service.h"

namespace fleet::broker {
namespace {

// Why the service could not be spoken to in private.
std::string trouble_of(SSL* tls, Code code) {
  const long verdict = SSL_get_verify_result(tls);
  switch (verdict) {
    case X509_V_OK: return "speaks no TLS that fleetc does: " + code.message();
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: return "has the certificate of another host";
    case X509_V_ERR_CERT_HAS_EXPIRED: return "has a certificate that has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID: return "has a certificate that is not valid yet";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return "has a certificate by an authority that this machine does not know; SSL_CERT_FILE "
             "names a file of others";
    default:
      return fmt::format("has a certificate that is refused: {}",
                         X509_verify_cert_error_string(verdict));
  }
}

// The certificate has to be for it, by name or by address.
bool expect_host(SSL* tls, const std::string& host) {
  Code literal;
  asio::ip::make_address(host, literal);
  if (!literal)
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), host.c_str()) == 1;
  SSL_set_hostflags(tls, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return SSL_set1_host(tls, host.c_str()) == 1 && SSL_set_tlsext_host_name(tls, host.c_str()) == 1;
}

}  // namespace

Status trust(ssl::context& tls, const std::string& authorities) {
  Code code;
  tls.set_verify_mode(ssl::verify_peer, code);
  tls.set_options(
      ssl::context::default_workarounds | ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1, code);
  if (authorities.empty())
    tls.set_default_verify_paths(code);
  else
    tls.load_verify_file(authorities, code);
  if (code)
    return Error(Errc::kIo, "the certificates that services are known by: " + code.message());
  return {};
}

Upstream::Upstream(asio::io_context& io, ssl::context& tls, const Service& service,
                   const Options& options)
    : service_(service),
      options_(options),
      end_(std::chrono::steady_clock::now() + options.longest),
      resolver_(io),
      plain_(io) {
  if (service.tls)
    tls_.emplace(io, tls);
}

// For the next operation, within what is left of the whole.
void Upstream::allow(std::chrono::milliseconds time) {
  socket().expires_at(std::min(std::chrono::steady_clock::now() + time, end_));
}

template <class Next>
auto Upstream::on(Next next) {
  return [self = shared_from_this(), next](Code code, auto&&...) {
    if (!self->closed_)
      (self.get()->*next)(code);
  };
}

void Upstream::tell(std::optional<Trouble> trouble) {
  const Then then = std::exchange(then_, {});
  then(trouble);
}

void Upstream::fail(Code code, const std::string& what) {
  const std::string host = host_header(service_);
  if (code != beast::error::timeout)
    return tell(Trouble{No::kUnreachable, host + " " + what});
  const bool all = std::chrono::steady_clock::now() >= end_;
  tell(Trouble{No::kSlow, all ? fmt::format("{} takes longer than {} s for one answer", host,
                                            options_.longest.count() / 1000)
                              : host + " said nothing for too long"});
}

void Upstream::close() {
  closed_ = true;
  then_ = {};
  resolver_.cancel();
  socket().close();
}

void Upstream::ask(Request request, Then then) {
  request_ = std::move(request);
  then_ = std::move(then);
  Code literal;
  const auto address = asio::ip::make_address(service_.host, literal);
  if (literal)
    return resolve();
  connect(tcp::resolver::results_type::create({address, service_.port}, service_.host,
                                              std::to_string(service_.port)));
}

void Upstream::resolve() {
  resolver_.async_resolve(service_.host, std::to_string(service_.port),
                          [self = shared_from_this()](Code code, const auto& places) {
                            if (self->closed_)
                              return;
                            if (code)
                              return self->fail(code, "is not found: " + code.message());
                            self->connect(places);
                          });
}

void Upstream::connect(const tcp::resolver::results_type& places) {
  allow(options_.connect);
  socket().async_connect(places, on(&Upstream::on_connected));
}

void Upstream::on_connected(Code code) {
  if (code)
    return fail(code, "can't be reached: " + code.message());
  socket().socket().set_option(tcp::no_delay(true), code);
  return tls_ ? secure() : write();
}

void Upstream::secure() {
  if (!expect_host(tls_->native_handle(), service_.host))
    return tell(Trouble{No::kUnreachable, "no certificate can be for " + service_.host});
  allow(options_.connect);
  tls_->async_handshake(ssl::stream_base::client, [self = shared_from_this()](Code code) {
    if (self->closed_)
      return;
    if (code)
      return self->fail(code, trouble_of(self->tls_->native_handle(), code));
    self->write();
  });
}

// A service may answer before it has read all, and close: its answer says why.
void Upstream::write() {
  allow(options_.silence);
  asked_ = true;
  const auto then = [self = shared_from_this()](Code code, std::size_t) {
    if (self->closed_)
      return;
    if (code == beast::error::timeout)
      return self->fail(code, "takes no request");
    self->read_head();
  };
  with_stream([&](auto& stream) { http::async_write(stream, request_, then); });
}

void Upstream::read_head() {
  // It is sent, and its body may be long.
  request_.body() = {};
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(options_.most_header));
  parser_->body_limit(std::numeric_limits<std::uint64_t>::max());
  allow(options_.silence);
  with_stream([&](auto& stream) {
    http::async_read_header(stream, buffer_, *parser_, on(&Upstream::on_head));
  });
}

void Upstream::on_head(Code code) {
  if (code)
    return fail(code, "broke off before it answered: " + code.message());
  if (answer().result_int() < 200)
    return read_head();
  tell({});
}

std::optional<std::uint64_t> Upstream::length() const {
  const auto length = parser_->content_length();
  return length ? std::optional<std::uint64_t>(*length) : std::nullopt;
}

void Upstream::read(Then then) {
  then_ = std::move(then);
  auto& body = parser_->get().body();
  body.data = chunk_.data();
  body.size = chunk_.size();
  body.more = true;
  allow(options_.silence);
  const auto next = [self = shared_from_this()](Code code, std::size_t) {
    if (self->closed_)
      return;
    if (code && code != http::error::need_buffer)
      return self->fail(code, "broke off in the middle of its answer: " + code.message());
    self->bytes_ = self->chunk_.size() - self->parser_->get().body().size;
    self->tell({});
  };
  with_stream([&](auto& stream) { http::async_read_some(stream, buffer_, *parser_, next); });
}

}  // namespace fleet::broker
