// The loop's other half: who is connected, and what they ask for.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <tuple>
#include <utility>

#include "engine/os/socket.h"
#include "engine/process/keeper_loop.h"
#include "engine/process/mark.h"

namespace fleet::process {

void KeeperLoop::accept_client() {
  UniqueFd fd(::accept4(setup_.listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  const Result<os::Peer> peer = fd ? os::peer_of(fd.get()) : Result<os::Peer>(os::Peer{});
  if (!fd || !peer || peer->uid != ::geteuid())
    return;
  const std::uint64_t id = next_client_++;
  // Closed, so that it may come again: unwatched, it would wait for ever for an answer.
  if (!watch_fd(fd.get(), id, EPOLLIN, true))
    return;
  clients_.emplace(id, Client{Connection(std::move(fd))});
  // A job that could give orders here would leave its sandbox through them.
  const std::optional<JobMark> mark = peer->pid != 0 ? read_mark(peer->pid) : std::nullopt;
  const bool inside = peer->pid != 0 && setup_.capabilities.pid_namespace;
  if (inside || (mark && mark->keeper == setup_.mark))
    refuse(id, Errc::kReadOnly, "the keeper takes no orders from its own jobs");
}

void KeeperLoop::serve(std::uint64_t id) {
  const auto found = clients_.find(id);
  if (found == clients_.end() || found->second.closing)
    return;
  const Status received = found->second.connection.receive(
      [&](Message message) { return take(id, clients_.at(id), std::move(message)); });
  if (!received)
    drop(id);
}

void KeeperLoop::drop(std::uint64_t id) {
  clients_.erase(id);
  if (id != engine_)
    return;
  engine_ = 0;
  alone_since_ = clock_->mono();
  absence_handled_ = false;
}

void KeeperLoop::refuse(std::uint64_t id, Errc code, std::string text) {
  Client& client = clients_.at(id);
  client.connection.send(Refused{code, std::move(text)});
  client.closing = true;
}

void KeeperLoop::flush_clients() {
  std::vector<std::uint64_t> over;
  for (auto& [id, client] : clients_) {
    if (!client.connection.wants_to_write() && !client.closing)
      continue;
    const Status flushed = client.connection.flush();
    const bool more = client.connection.wants_to_write();
    if (!flushed || (client.closing && !more))
      over.push_back(id);
    else if (more != std::exchange(client.polled_for_room, more) &&
             !watch_fd(client.connection.fd(), id, more ? EPOLLIN | EPOLLOUT : EPOLLIN, false))
      over.push_back(id);
  }
  for (const std::uint64_t id : over)
    drop(id);
}

Status KeeperLoop::take(std::uint64_t id, Client& client, Message message) {
  if (client.closing)
    return {};
  if (const auto* hello = std::get_if<Hello>(&message))
    return client.role == Client::Role::kNew ? greet(id, client, *hello)
                                             : Error(Errc::kInvalid, "a second greeting");
  if (client.role == Client::Role::kNew)
    return Error(Errc::kInvalid, "no greeting");
  if (std::holds_alternative<ListJobs>(message)) {
    list(client);
    return {};
  }
  if (client.role != Client::Role::kEngine)
    return Error(Errc::kInvalid, "an order of somebody who only looks on");
  return take_order(client, std::move(message));
}

Status KeeperLoop::greet(std::uint64_t id, Client& client, const Hello& hello) {
  if (hello.version != kProtocolVersion) {
    refuse(id, Errc::kUnsupported,
           "another version of fleetc keeps the jobs of this state directory");
    return {};
  }
  if (hello.observer) {
    client.role = Client::Role::kObserver;
    client.connection.send(Welcome{setup_.capabilities});
    return {};
  }
  const bool stale = hello.generation < recorder_.generation();
  if (stale || (engine_ != 0 && hello.generation == recorder_.generation())) {
    refuse(id, Errc::kConflict,
           fmt::format("an engine of generation {} gives the orders here", recorder_.generation()));
    return {};
  }
  if (engine_ != 0) {
    refuse(std::exchange(engine_, 0), Errc::kConflict,
           fmt::format("an engine of generation {} took over", hello.generation));
  }
  if (hello.generation > recorder_.generation())
    FLEET_CHECK(tolerate(recorder_.set_generation(hello.generation)));
  engine_ = id;
  client.role = Client::Role::kEngine;
  jobs_limit_ = std::max(hello.jobs, 1U);
  away_ = hello.away;
  client.connection.send(Welcome{setup_.capabilities});
  return {};
}

Status KeeperLoop::take_order(Client& client, Message message) {
  if (auto* order = std::get_if<Submit>(&message))
    submit(std::move(order->jobs));
  else if (const auto* cancelled = std::get_if<Cancel>(&message)) {
    if (Job* job = table_->find(cancelled->key))
      cancel(*job, cancelled->grace, "");
  } else if (const auto* set = std::get_if<SetJobs>(&message))
    jobs_limit_ = std::max(set->jobs, 1U);
  else if (const auto* expected = std::get_if<Expect>(&message))
    expect(expected->keys);
  else if (const auto* released = std::get_if<Release>(&message))
    failure_ = tolerate(recorder_.release(released->run));
  else if (const auto* watched = std::get_if<Watch>(&message))
    client.watch_since = watched->since;
  else
    return Error(Errc::kInvalid, "a message that only a keeper sends");
  return {};
}

void KeeperLoop::submit(std::vector<JobSpec> jobs) {
  for (JobSpec& spec : jobs) {
    if (!check_job(spec))
      continue;
    const auto [job, doomed] = table_->add(std::move(spec));
    if (job != nullptr && stopping_)
      recorder_.end_unstarted(*job, End::kCancelled, "the keeper was told to stop");
    else if (doomed)
      recorder_.end_unstarted(*job, End::kDropped, "a job before it did not succeed or is unknown");
  }
}

void KeeperLoop::expect(const std::vector<JobKey>& keys) {
  for (const JobKey& key : keys) {
    JobSpec unknown;
    unknown.key = key;
    if (key.run.size() > kMaxRunName)
      continue;
    if (Job* job = table_->add(std::move(unknown)).job)
      recorder_.end_unstarted(*job, End::kLost, "the keeper knows nothing of it");
  }
}

// With nothing undecided, the table is all that there is to tell, in the order of its sequences.
Status KeeperLoop::begin_watch() {
  const auto engine = clients_.find(engine_);
  if (engine == clients_.end() || !engine->second.watch_since)
    return {};
  FLEET_CHECK(recorder_.commit());
  std::ignore = recorder_.take_news();
  Client& client = engine->second;
  const std::uint64_t since = *std::exchange(client.watch_since, std::nullopt);
  recorder_.seen(since);
  client.watching = true;
  Reports reports;
  const auto send = [&] {
    client.connection.send(std::exchange(reports, {}));
  };
  constexpr std::size_t kBatch = 1'024;
  for (const Job* job : table_->reported(since)) {
    reports.reports.push_back(job->report);
    if (reports.reports.size() == kBatch)
      send();
  }
  if (!reports.reports.empty())
    send();
  return {};
}

void KeeperLoop::list(Client& client) const {
  Listing listing;
  constexpr std::size_t kBatch = 1'024;
  for (const Job* job : table_->all()) {
    JobStatus status{job->key(), job->state, job->report};
    status.report.key = job->key();
    listing.jobs.push_back(std::move(status));
    if (listing.jobs.size() == kBatch)
      client.connection.send(std::exchange(listing, {}));
  }
  listing.last = true;
  client.connection.send(listing);
}

}  // namespace fleet::process
