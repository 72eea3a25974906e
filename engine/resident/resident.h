// The resident fleet: begins what the rota says, each as a run of its own in one workshop, and
// keeps count. Woken by events of its runs, by files that people and sessions leave, and by the
// clock; between these it sleeps.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "engine/flow/engine.h"
#include "engine/flow/purses.h"
#include "engine/os/folder_watch.h"
#include "engine/report/progress.h"
#include "engine/resident/rota.h"
#include "engine/resident/task_box.h"

namespace fleet::resident {

// One version of a fleet's file, compiled.
struct Fleet {
  std::string name;
  std::string file;  // as the user named it
  std::vector<Duty> duties;
  Limits limits;
  // From the loop's thread. An error says why it can't begin.
  std::function<Result<plan::Plan>(const Start& start)> plan;
};

// How people hear of it. `say` is called from several threads, one call at a time; what `watch`
// gives writes on the threads of its run.
struct Voice {
  std::function<void(const std::string& line)> say;
  // Who watches a run; `label` is its duty's name, or its run's id.
  std::function<std::unique_ptr<report::Progress>(const std::string& label, const flow::Engine&)>
      watch;
};

class Resident {
 public:
  // Everything that can be refused is refused here. kInvalid, kCorrupt. `clock` outlives it.
  static Result<std::unique_ptr<Resident>> open(std::shared_ptr<flow::Workshop> workshop,
                                                Fleet fleet, Voice voice, const os::Clock& clock);
  ~Resident();

  // Takes up what is unfinished, then serves until it is stopped and every run has ended. An error:
  // the journal or the keeper failed. Call it once.
  Status serve();

  // From any thread. A drain begins nothing more and lets sessions end, but for those of agents
  // that are always on, which would not; what is left can be taken up again.
  void stop(run::StopLevel level, const std::string& by);
  // Another version of the fleet, for what begins from then on.
  void change(Fleet fleet);

 private:
  struct Running {
    std::string label;
    std::string cause;
    bool always_on = false;
    bool cancelled = false;
    std::unique_ptr<flow::Engine> engine;
    std::unique_ptr<report::Progress> progress;
    std::unique_ptr<run::Observer> wakes;
    std::thread thread;
  };
  struct Left {  // of a run
    std::uint64_t key = 0;
    Result<run::RunOutcome> outcome;
  };
  struct Woken {
    Wake wake;
  };
  struct News {
    std::string except;
  };
  struct Look {};  // at the box and the mailboxes
  struct Stop {
    run::StopLevel level;
    std::string by;
  };
  using Message = std::variant<Left, Woken, News, Look, Stop, std::shared_ptr<Fleet>>;

  Resident(std::shared_ptr<flow::Workshop> workshop, Fleet fleet, Voice voice,
           const os::Clock& clock, TaskBox box);

  std::int64_t now() const { return clock_.wall().time_since_epoch().count(); }
  void post(Message message);
  void say(const std::string& line);

  Status recall();
  Status watch_folders();
  void look();
  Status look_for_tasks();
  Status look_for_mail(const Duty& duty);
  Status begin_due();
  Status begin(const Start& start);
  const Duty* find(const std::string& duty) const;
  std::unique_ptr<run::Observer> watch_for_wakes(const std::string& duty);
  void launch(std::unique_ptr<flow::Engine> engine, std::string label, std::string cause,
              std::unique_ptr<run::Observer> wakes);
  void stop_run(Running& running, run::StopLevel level, const std::string& by);
  Status take(Message message);
  Ended how_ended(const Running& running, run::RunOutcome outcome) const;
  Status take_left(const Left& left);
  void take_fleet(Fleet fleet);
  void cancel(const std::string& wake);
  bool is_wanted(const plan::Event& event);
  void show_standing();
  void roll_day();
  std::chrono::milliseconds longest_wait() const;

  const std::shared_ptr<flow::Workshop> workshop_;
  const os::Clock& clock_;
  const Voice voice_;
  TaskBox box_;
  Fleet fleet_;
  Rota rota_;
  std::map<std::uint64_t, Running> running_;
  std::uint64_t last_key_ = 0;
  std::optional<Stop> stopping_;
  std::map<std::string, std::string> complaints_;  // by duty: said last, not to be said again
  const std::shared_ptr<flow::DayPurses> day_;     // that all runs spend from
  std::optional<std::int64_t> look_again_at_;      // wall ms; what could not be read or put away
  std::string blind_;                              // why not all can be read, as it was said
  std::int64_t today_ = 0;                         // whose it is: days since 1970
  std::string shown_;                              // of the standing, as it is on disk
  std::int64_t since_ = 0;

  std::mutex voice_mutex_;
  std::mutex wanted_mutex_;  // guards the one below
  std::vector<plan::Event> wanted_;

  std::mutex mutex_;  // guards the one below
  std::deque<Message> inbox_;
  std::condition_variable woken_;

  std::unique_ptr<os::FolderWatch> watch_;  // last: its thread uses the rest
};

// Where it says how things stand, for who asks beside it.
std::string standing_path(const std::string& state_dir);

}  // namespace fleet::resident
