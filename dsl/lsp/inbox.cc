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

// Read from the bytes alone: a message that is taken for a change by mistake costs some work that
// is done again.
bool is_change(const std::string& body) {
  return body.find("\"textDocument/did") != std::string::npos ||
         body.find("\"workspace/did") != std::string::npos;
}

}  // namespace

void Inbox::push(std::string body) {
  std::optional<std::string> cancelled = cancelled_by(body);
  const bool changes = !cancelled && is_change(body);
  const std::lock_guard lock(mutex_);
  if (cancelled) {
    cancelled_.insert(*std::move(cancelled));
    some_cancelled_ = true;
  } else {
    messages_.push_back({std::move(body), changes});
    changes_waiting_ += changes ? 1 : 0;
    ++some_waiting_;
  }
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
  arrived_.wait_for(lock, patience,
                    [&] { return !messages_.empty() || closed_ || malformed_ > 0; });
  Next next;
  next.malformed = std::exchange(malformed_, 0);
  if (!messages_.empty()) {
    next.body = std::move(messages_.front().body);
    changes_waiting_ -= messages_.front().changes ? 1 : 0;
    --some_waiting_;
    messages_.pop_front();
  } else {
    next.closed = closed_;
    // What is still cancelled was answered before the cancellation came.
    cancelled_.clear();
    some_cancelled_ = false;
  }
  return next;
}

Waiting Inbox::waiting() const {
  if (changes_waiting_ > 0)
    return Waiting::kChange;
  return some_waiting_ > 0 ? Waiting::kRequest : Waiting::kNothing;
}

bool Inbox::is_cancelled(const std::string& id) {
  if (!some_cancelled_)
    return false;
  const std::lock_guard lock(mutex_);
  return cancelled_.contains(id);
}

}  // namespace fleet::lsp
