#include "engine/flow/desk.h"

#include <algorithm>
#include <fstream>

#include <fmt/format.h>

#include "dsl/plan/codec.h"
#include "engine/flow/brief.h"
#include "engine/os/clock.h"
#include "engine/os/crash_point.h"
#include "engine/os/files.h"
#include "engine/worktree/oid.h"

namespace fleet::flow {
namespace {

constexpr std::size_t kMaxDocument = std::size_t{256} << 10;

std::string key_of(run::Attempt attempt) {
  return fmt::format("{}.{}", attempt.task.value, attempt.epoch);
}

std::string fresh_secret() {
  std::string secret;
  for (int i = 0; i < 4; ++i)
    secret += fmt::format("{:016x}", os::system_random().next());
  return secret;
}

// One a run, so that the next engine knows the tokens of the sessions that still run.
Result<std::string> secret_of(const std::string& folder) {
  os::Files& files = os::system_files();
  FLEET_CHECK(files.make_dirs(folder));
  const std::string path = folder + "/secret";
  FLEET_TRY(const bool known, files.exists(path));
  if (known)
    return files.read_file(path, 4096);
  const std::string secret = fresh_secret();
  FLEET_CHECK(files.write_atomic(path, secret));
  return secret;
}

// Where a document may be in the commit: as it is written beside the fleet file, wherever in the
// repository that is. What it holds decides.
Result<std::vector<std::string>> candidates(worktree::Repository& repository,
                                            const worktree::Oid& base, std::string file) {
  while (file.starts_with("./") || file.starts_with("../"))
    file.erase(0, file.find('/') + 1);
  std::string glob = "**/";
  for (const char c : file) {
    if (std::string_view("*?[\\").find(c) != std::string_view::npos)
      glob += '\\';
    glob += c;
  }
  return repository.list_files(base, glob);
}

std::optional<run::NoteSaved> note_of(const run::EventBody& event) {
  const auto* note = std::get_if<run::NoteSaved>(&event);
  return note == nullptr ? std::nullopt : std::optional(*note);
}

// What the front matter says; the compiler has checked all of it where the document was there.
bool says_version(const std::string& text, std::uint32_t version) {
  if (!text.starts_with("---\n"))
    return false;
  const std::string line = fmt::format("\nversion: {}\n", version);
  const std::size_t at = text.find(line);
  return at != std::string::npos && at < text.find("\n---", 4);
}

Result<IdentityDocument> find_document(worktree::Repository& repository, const worktree::Oid& base,
                                       const plan::Identity& identity) {
  const std::string name = fmt::format("identity {} v{}", identity.name, identity.version);
  const std::string commit = base.hex().substr(0, 12);
  const auto refused = [&](const std::string& why) {
    return Error(Errc::kInvalid, name + ": " + why);
  };
  FLEET_TRY(const auto paths, candidates(repository, base, identity.file));
  std::string other;
  std::vector<IdentityDocument> found;
  for (const std::string& path : paths) {
    FLEET_TRY(std::string text, repository.read_file(base, path));
    const std::string sha256 = plan::sha256(text);
    // One that was not there when the fleet was compiled is taken as it is, at its version.
    const bool same =
        identity.sha256.empty() ? says_version(text, identity.version) : sha256 == identity.sha256;
    if (!same) {
      other += identity.sha256.empty() ? fmt::format("; {} has another version", path)
                                       : fmt::format("; {} has {}", path, sha256);
    } else if (text.size() > kMaxDocument) {
      return refused(
          fmt::format("{} has {} bytes; a document may have {}", path, text.size(), kMaxDocument));
    } else {
      found.push_back({identity.name, identity.version, sha256, std::move(text)});
    }
  }
  const bool alone =
      !found.empty() && std::ranges::all_of(found, [&](const IdentityDocument& each) {
        return each.sha256 == found.front().sha256;
      });
  if (alone)
    return std::move(found.front());
  if (!found.empty())
    return refused(
        fmt::format("more than one {} in the base commit {} may be meant", identity.file, commit));
  return refused(fmt::format(
      "the base commit {} has no {}{}{}. Commit the document as it is to the base, then run again",
      commit, identity.file,
      identity.sha256.empty()
          ? std::string()
          : fmt::format(" with sha256 {}, which the fleet was compiled with", identity.sha256),
      other));
}

}  // namespace

Desk::Desk(const plan::Plan& plan, const Site& site, std::string base, GitThreads& git,
           const journal::Journal& journal)
    : plan_(plan),
      site_(site),
      base_(std::move(base)),
      git_(git),
      notes_(site.state_dir, site.run),
      sync_(site.state_dir, journal),
      mail_(site.state_dir, site.run) {}

Desk::~Desk() {
  server_.reset();
}

Result<std::unique_ptr<Desk>> Desk::start(const plan::Plan& plan, const Site& site,
                                          std::string base, GitThreads& git,
                                          const journal::Journal& journal) {
  std::unique_ptr<Desk> desk(new Desk(plan, site, std::move(base), git, journal));
  FLEET_TRY(desk->secret_, secret_of(site.run_dir() + "/desk"));
  FLEET_TRY(desk->server_, agent::Server::start([desk = desk.get()](const std::string& key,
                                                                    const agent::Request& request,
                                                                    agent::Answer answer) {
              desk->take(key, request, std::move(answer));
            }));
  return desk;
}

void Desk::bind(Say say) {
  const std::lock_guard lock(mutex_);
  say_ = std::move(say);
}

Status Desk::read_documents(worktree::Repository& repository, const plan::Agent& agent) {
  for (const std::string& name : agent.identity) {
    {
      const std::lock_guard lock(mutex_);
      if (documents_.contains(name))
        continue;
    }
    const auto identity = std::ranges::find(plan_.identities, name, &plan::Identity::name);
    FLEET_ASSERT(identity != plan_.identities.end(), name);
    const auto base = worktree::Oid::parse(base_);
    FLEET_ASSERT(base.has_value(), base_);
    FLEET_TRY(IdentityDocument document, find_document(repository, *base, *identity));
    const std::lock_guard lock(mutex_);
    documents_.emplace(name, std::move(document));
  }
  return {};
}

void Desk::read_changes(worktree::Repository& repository, run::Attempt attempt,
                        const plan::Agent& agent) {
  if (agent.reads != plan::Reads::kRepo)
    return;
  // Its brief does without what can't be told; `sync` says why.
  const auto changes = sync_.changes(repository, plan_, agent, base_);
  if (!changes)
    return;
  const std::lock_guard lock(mutex_);
  changes_[key_of(attempt)] = *changes;
}

std::string Desk::token_of(run::Attempt attempt) const {
  return plan::sha256(secret_ + plan::sha256(secret_ + key_of(attempt)));
}

DeskPlace Desk::place_of(run::Attempt attempt) const {
  DeskPlace place;
  place.folder = fmt::format("{}/desk/{}", site_.run_dir(), key_of(attempt));
  place.socket = place.folder + "/" + agent::Server::kSocket;
  place.token = token_of(attempt);
  place.brief_file = place.folder + "/brief.json";
  return place;
}

SeatFacts Desk::facts_of(const TaskFacts& task, const plan::Agent& agent, const Brief& mail) {
  Brief brief = brief_of(plan_, site_.run, agent, task);
  brief.messages = mail.messages;
  brief.mail_note = mail.mail_note;
  if (task.attempt.epoch > 1) {
    const auto last = task.attempt.epoch - 1;
    if (const auto note = notes_.newest(run::NoteKind::kHandoff, task.attempt.task, last)) {
      brief.handoff = note->text;
      brief.handoff_from = fmt::format("attempt {}", note->epoch);
    }
    if (const auto note = notes_.newest(run::NoteKind::kCheckpoint, task.attempt.task, last)) {
      brief.checkpoint = note->text;
      brief.checkpoint_from = fmt::format("attempt {}", note->epoch);
    }
  }
  SeatFacts facts;
  facts.cold = agent.reads != plan::Reads::kRepo;
  for (const plan::Agent& peer : plan_.agents)
    if (peer.reads == plan::Reads::kRepo && !facts.cold)
      facts.peers.push_back(peer.name);
  facts.peers.insert(facts.peers.end(), plan_.colleagues.begin(), plan_.colleagues.end());
  const std::lock_guard lock(mutex_);
  if (auto changes = changes_.extract(key_of(task.attempt)))
    brief.sync = std::move(changes.mapped());
  facts.attempt = task.attempt;
  facts.returns = agent.returns;
  facts.brief = brief_text(brief);
  facts.brief_data = brief_json(brief);
  for (const std::string& name : agent.identity)
    if (const auto document = documents_.find(name); document != documents_.end())
      facts.documents.push_back(document->second);
  return facts;
}

Status Desk::sit(Seat seat, const plan::Agent& agent, const DeskPlace& place,
                 const std::vector<bus::Message>& told) {
  const std::string key = key_of(seat.attempt());
  FLEET_CHECK(os::system_files().make_dirs(place.folder));
  {
    const std::lock_guard lock(mutex_);
    Sitting sitting{std::move(seat), &agent, place.folder, {}};
    for (const bus::Message& message : told)
      sitting.told.insert(message.id);
    sittings_.insert_or_assign(key, std::move(sitting));
  }
  return server_->open(key, place.folder, place.token);
}

Result<DeskPlace> Desk::open(const TaskFacts& task, const plan::Agent& agent) {
  const DeskPlace place = place_of(task.attempt);
  const Brief mail = mail_of(task, agent, false);
  SeatFacts facts = facts_of(task, agent, mail);
  FLEET_CHECK(os::system_files().make_dirs(place.folder));
  // Not durable: a session that is launched again is given it again. What is behind the read gate
  // is not in it.
  std::ofstream file(place.brief_file, std::ios::trunc);
  file << (agent.identity.empty() ? facts.brief_data
                                  : brief_json(brief_of(plan_, site_.run, agent, task), true))
       << "\n";
  if (!file.flush())
    return Error(Errc::kIo, "write " + place.brief_file);
  FLEET_CHECK(sit(Seat(std::move(facts)), agent, place, mail.messages));
  return place;
}

void Desk::adopt(const run::Task& task, const TaskFacts& facts, const plan::Agent& agent) {
  const auto last = [&](run::NoteKind kind) {
    const auto note = notes_.newest(kind, facts.attempt.task, facts.attempt.epoch);
    return note && note->epoch == facts.attempt.epoch ? plan::sha256(note->text) : std::string();
  };
  Seat seat(facts_of(facts, agent, mail_of(facts, agent, true)), task,
            last(run::NoteKind::kCheckpoint), last(run::NoteKind::kHandoff));
  // Without its socket the session goes on all the same; what it says then waits.
  (void)sit(std::move(seat), agent, place_of(facts.attempt), {});
}

void Desk::meter(const run::Metered& used) {
  const std::lock_guard lock(mutex_);
  if (say_)
    say_(used, [](const Status&) {});
}

void Desk::close(run::Attempt attempt) {
  const std::string key = key_of(attempt);
  server_->close(key);
  std::string folder;
  const plan::Agent* agent = nullptr;
  {
    const std::lock_guard lock(mutex_);
    const auto sitting = sittings_.find(key);
    if (sitting == sittings_.end())
      return;
    folder = sitting->second.folder;
    agent = sitting->second.agent;
    sittings_.erase(sitting);
  }
  git_.add([this, folder, agent](worktree::Repository&) {
    (void)os::system_files().remove_tree(folder);
    // What can't be remembered is told again next time.
    (void)sync_.remember(plan_, *agent, site_.run, base_);
  });
}

// On the server's thread.
void Desk::take(const std::string& key, const agent::Request& request, agent::Answer answer) {
  Seat::Said said;
  const plan::Agent* agent = nullptr;
  run::Attempt attempt;
  {
    const std::lock_guard lock(mutex_);
    const auto sitting = sittings_.find(key);
    if (sitting == sittings_.end())
      return answer(agent::refusal("", agent::Fault::kDenied, "this session is over"));
    said = sitting->second.seat.take(request);
    agent = sitting->second.agent;
    attempt = sitting->second.seat.attempt();
  }
  if (said.sync)
    return tell_changes(*agent, answer);
  if (said.outgoing)
    return send(attempt, *agent, *said.outgoing, answer);
  if (said.inbox)
    return tell_messages(key, attempt, *agent, answer);
  if (!said.event)
    return answer(std::move(said.reply));
  if (said.note.empty())
    return post(key, std::move(said), std::move(answer));
  git_.add([this, key, said = std::move(said), answer = std::move(answer)](worktree::Repository&) {
    save(key, said, answer);
  });
}

void Desk::tell_changes(const plan::Agent& agent, const agent::Answer& answer) {
  git_.add([this, &agent, answer](worktree::Repository& repository) {
    const auto changes = sync_.changes(repository, plan_, agent, base_);
    if (!changes)
      return answer(agent::refusal("", agent::Fault::kRefused,
                                   "what changed can't be told: " + changes.error().message()));
    answer({"", agent::Fault::kNone,
            changes->empty() ? "This agent has not run here before." : *changes});
  });
}

void Desk::save(const std::string& key, Seat::Said said, agent::Answer answer) {
  const auto& event = std::get<run::NoteSaved>(*said.event);
  if (const Status stored = notes_.store(event, said.note); !stored) {
    const std::lock_guard lock(mutex_);
    if (const auto sitting = sittings_.find(key); sitting != sittings_.end())
      sitting->second.seat.not_stored(event);
    return answer(
        agent::refusal("", agent::Fault::kRefused, "not saved: " + stored.error().message()));
  }
  os::crash_point("engine.note.stored");
  post(key, std::move(said), std::move(answer));
}

void Desk::post(const std::string& key, Seat::Said said, agent::Answer answer) {
  const auto then = [this, reply = std::move(said.reply), pending = std::move(said.pending),
                     saved = note_of(*said.event), answer](const Status& durable) {
    if (!durable)
      return answer(agent::refusal("", agent::Fault::kStopping, durable.error().message()));
    os::crash_point("engine.say.durable");
    if (saved)
      git_.add([this, note = *saved](worktree::Repository&) { notes_.drop_before(note); });
    answer(reply);
  };
  const std::lock_guard lock(mutex_);
  if (!sittings_.contains(key))
    return answer(agent::refusal("", agent::Fault::kDenied, "this session is over"));
  if (!say_)
    return answer(agent::refusal("", agent::Fault::kStopping, "the engine stops"));
  say_(*std::move(said.event), then);
}

}  // namespace fleet::flow
