// The graph's bodies may not throw: a violation found inside one is kept until the driver of the
// story can throw it, and the world answers with anything meanwhile.
#pragma once

#include <exception>

#include "engine/simulate/model.h"
#include "tests/property/engine/run/auditor.h"

namespace fleet::test {

class Guard final : public simulate::Model {
 public:
  explicit Guard(simulate::Model& model) : model_(model) {}

  // Throws what was found.
  void rethrow() const {
    if (found_)
      std::rethrow_exception(found_);
  }

  template <class Body, class Answer>
  Answer run(Body body, Answer otherwise) {
    if (found_)
      return otherwise;
    try {
      return body();
    } catch (const Violation&) {
      found_ = std::current_exception();
      return otherwise;
    }
  }

  simulate::Course course(const flow::Order& o) override {
    return run([&] { return model_.course(o); }, simulate::Course{});
  }
  run::ItemsListed list_items(const flow::ListOrder& o) override {
    return run([&] { return model_.list_items(o); }, run::ItemsListed{});
  }
  run::Prepared prepare(const flow::PrepareOrder& o) override {
    return run([&] { return model_.prepare(o); }, run::Prepared{});
  }
  simulate::Process launch(const flow::LaunchOrder& o) override {
    simulate::Process dead;
    dead.end.attempt = o.task.attempt;
    return run([&] { return model_.launch(o); }, dead);
  }
  run::Captured capture(const flow::CaptureOrder& o) override {
    return run([&] { return model_.capture(o); }, run::Captured{});
  }
  run::Verified verify(const flow::VerifyOrder& o) override {
    return run([&] { return model_.verify(o); }, run::Verified{});
  }
  run::Published publish(const flow::PublishOrder& o) override {
    return run([&] { return model_.publish(o); }, run::Published{});
  }
  run::Merged merge(const flow::MergeOrder& o) override {
    return run([&] { return model_.merge(o); }, run::Merged{});
  }
  run::Merged merge_stopped(const flow::MergeOrder& o) override {
    return run([&] { return model_.merge_stopped(o); }, run::Merged{});
  }
  std::chrono::milliseconds grace(run::Attempt attempt) override {
    return run([&] { return model_.grace(attempt); }, std::chrono::milliseconds{0});
  }
  std::optional<run::GateAnswered> open_gate(const flow::OpenGateOrder& o) override {
    return run([&] { return model_.open_gate(o); }, std::optional<run::GateAnswered>());
  }
  void end_session(const flow::EndSessionOrder& o) override {
    run([&] { return model_.end_session(o), 0; }, 0);
  }

 private:
  simulate::Model& model_;
  std::exception_ptr found_;
};

}  // namespace fleet::test
