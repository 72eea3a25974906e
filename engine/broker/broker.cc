#include "engine/broker/broker.h"

#include <utility>

#include <fmt/format.h>

#include "engine/broker/proxy.h"

namespace fleet::broker {

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

void Broker::serve() {
  proxy_->serve();
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
