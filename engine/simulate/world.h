// The orders of one engine, carried out in virtual time: LocalWorld's part in a simulation. Dies
// with its engine; the keeper and what the model keeps do not.
#pragma once

#include <map>
#include <memory>
#include <set>

#include "engine/flow/world.h"
#include "engine/simulate/agenda.h"
#include "engine/simulate/keeper.h"
#include "engine/simulate/model.h"

namespace fleet::simulate {

class SimulatedWorld final : public flow::World {
 public:
  // All referenced objects must outlive it. Answers that are under way when it is destroyed are
  // never given.
  SimulatedWorld(const plan::Plan& plan, Agenda& agenda, Keeper& keeper, Model& model)
      : plan_(plan), agenda_(agenda), keeper_(keeper), model_(model) {}

  void list_items(const flow::ListOrder& order, flow::Post post) override;
  void prepare(const flow::PrepareOrder& order, flow::Post post) override;
  void launch(const flow::LaunchOrder& order, flow::Post post) override;
  void capture(const flow::CaptureOrder& order, flow::Post post) override;
  void verify(const flow::VerifyOrder& order, flow::Post post) override;
  void publish(const flow::PublishOrder& order, flow::Post post) override;
  void merge(const flow::MergeOrder& order, flow::Post post) override;
  void start_timer(const flow::TimerOrder& order, flow::Post post) override;
  void cancel(const flow::CancelOrder& order) override;
  void end_session(const flow::EndSessionOrder& order) override;
  void open_gate(const flow::OpenGateOrder& order, flow::Post post) override;
  void close_gate(const flow::CloseGateOrder& order) override;
  void abandon() override;

  // Before a run goes on with a new engine: the end of a task that still runs will be posted.
  void adopt(const run::Task& task, flow::Post post);
  // From now on ends of processes are told, the past ones first, and to `hear` what they said
  // before.
  void watch(flow::Post hear);
  // A merge that is being judged is not waited for.
  void stop_now();

 private:
  struct Pending {
    flow::Order order;
    flow::Post post;
    bool stands = false;  // its effect
  };

  template <class Order, class Answer>
  void carry_out(const Order& order, flow::Post post, Answer answer);
  void later(std::chrono::milliseconds wait, std::uint64_t id, std::function<void()> what);
  void wait_for(const flow::TimerOrder& order, flow::Post post);

  const plan::Plan& plan_;
  Agenda& agenda_;
  Keeper& keeper_;
  Model& model_;
  std::uint64_t next_id_ = 0;
  std::map<std::uint64_t, Pending> pending_;
  std::map<run::Attempt, flow::Post> running_;  // who waits for which process
  std::set<run::Attempt> gates_;                // open ones
  std::shared_ptr<int> alive_ = std::make_shared<int>();
};

}  // namespace fleet::simulate
