#include "engine/broker/client.h"

#include <utility>

namespace fleet::broker {
namespace {

constexpr std::size_t kMostOver = 4096;  // tokens of ended sessions that are told so

}  // namespace

Client::Client(Session given) : session(std::move(given)), purses(session.shared) {
  purses.insert(purses.begin(),
                std::make_shared<Purse>("this attempt", session.budget, session.spent));
}

std::shared_ptr<Client> Clients::open(Session session) {
  std::shared_ptr<Client> before = close(session.name);
  const auto client = std::make_shared<Client>(std::move(session));
  over_.erase(client->session.token);
  by_name_.insert_or_assign(client->session.name, client);
  by_token_.insert_or_assign(client->session.token, client);
  return before;
}

std::shared_ptr<Client> Clients::close(const std::string& name) {
  const auto found = by_name_.extract(name);
  if (!found)
    return nullptr;
  drop(*found.mapped());
  return found.mapped();
}

void Clients::drop(const Client& client) {
  const std::string& token = client.session.token;
  by_token_.erase(token);
  if (over_.insert(token).second)
    over_order_.push_back(token);
  if (over_order_.size() > kMostOver) {
    over_.erase(over_order_.front());
    over_order_.pop_front();
  }
}

std::shared_ptr<Client> Clients::by_token(const std::string& token) const {
  const auto found = by_token_.find(token);
  return found == by_token_.end() ? nullptr : found->second;
}

bool Hold::resize(std::size_t bytes) {
  const std::size_t all = room_.held_ - bytes_, own = client_->held - bytes_;
  if (bytes > bytes_ && (all + bytes > room_.most_ || own + bytes > room_.most_each_))
    return false;
  room_.held_ = all + bytes;
  client_->held = own + bytes;
  bytes_ = bytes;
  return true;
}

}  // namespace fleet::broker
