#include "dsl/lsp/inbox.h"

#include <utility>

#include "dsl/lsp/json.h"

namespace fleet::lsp {
namespace {

// The id that the message cancels, as JSON; nullopt: it is another message.
std::optional<std::string> cancelled_by(const std::string& body) {
  if (body.find("$/cancelRequest") == std::string::npos)
    return std::nullopt;
  const Json message = Json::parse(body, nullptr, false);
  if (!message.is_object() || message.value("method", Json()) != "$/cancelRequest")
    return std::nullopt;
  const Json params = message.value("params", Json());
  if (!params.is_object() || !params.contains("id"))
    return std::nullopt;
  return params["id"].dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

void Inbox::push(std::string body) {
  std::optional<std::string> cancelled = cancelled_by(body);
  const std::lock_guard lock(mutex_);
  if (cancelled)
    cancelled_.insert(*std::move(cancelled));
  else
    bodies_.push_back(std::move(body));
  arrived_.notify_one();
}

void Inbox::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  arrived_.notify_one();
}

void Inbox::add_malformed(std::size_t count) {
  const std::lock_guard lock(mutex_);
  malformed_ += count;
  arrived_.notify_one();
}

Inbox::Next Inbox::pop(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  arrived_.wait_for(lock, patience, [&] { return !bodies_.empty() || closed_ || malformed_ > 0; });
  Next next;
  next.malformed = std::exchange(malformed_, 0);
  if (!bodies_.empty()) {
    next.body = std::move(bodies_.front());
    bodies_.pop_front();
  } else {
    next.closed = closed_;
    // What is still cancelled was answered before the cancellation came.
    cancelled_.clear();
  }
  return next;
}

bool Inbox::is_cancelled(const std::string& id) {
  const std::lock_guard lock(mutex_);
  return cancelled_.contains(id);
}

}  // namespace fleet::lsp
