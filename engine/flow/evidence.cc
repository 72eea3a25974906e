#include "engine/flow/evidence.h"

#include <set>

#include <fmt/format.h>

#include "engine/worktree/glob.h"

namespace fleet::flow {
namespace {

// Words of `accept` commands that were written out; what a hole puts in is the task's own.
std::set<std::string> literal_words(const std::vector<plan::Acceptance>& accept) {
  std::set<std::string> words;
  for (const plan::Acceptance& check : accept) {
    for (const plan::Template& word : check.command.argv) {
      if (word.size() != 1 || word[0].hole)
        continue;
      std::string text = word[0].text;
      while (text.rfind("./", 0) == 0)
        text.erase(0, 2);
      words.insert(text);
    }
  }
  return words;
}

run::CheckResult check_of(const plan::Acceptance& accept, const process::JobReport& report) {
  run::CheckResult result;
  result.text = accept.text;
  result.passed = report.success();
  result.detail = process::describe(report);
  result.duration = std::chrono::duration_cast<plan::Millis>(report.duration);
  return result;
}

// Every evidence command is a job of its own, also when it is gathered again for the same attempt:
// a launcher answers a key that it knows with nothing.
constexpr std::uint32_t kPartsAnEngine = 1'000'000;
constexpr int kMaxLost = 5;

}  // namespace

struct Evidence::Course {
  EvidenceRequest request;
  Done done;
  worktree::Slot slot;
  bool holds_slot = false;
  std::size_t at = 0;
  int lost = 0;  // commands that were lost and started again
  EvidenceAnswer answer;
};

Result<std::vector<std::string>> judging_changes(worktree::Repository& repository,
                                                 const worktree::Oid& base,
                                                 const worktree::Oid& commit,
                                                 const std::vector<plan::Acceptance>& accept,
                                                 const std::vector<std::string>& protect) {
  const std::set<std::string> words = literal_words(accept);
  const worktree::PathSet protected_paths(protect);
  FLEET_TRY(const auto changes, repository.changes(base, commit));
  std::vector<std::string> judging;
  for (const worktree::Change& change : changes)
    if (words.count(change.path) > 0 || protected_paths.covers(change.path))
      judging.push_back(change.path);
  return judging;
}

void Evidence::gather(EvidenceRequest request, Done done) {
  auto course = std::make_shared<Course>();
  course->request = std::move(request);
  course->done = std::move(done);
  git_.add([this, course](worktree::Repository& repository) { prepare(repository, course); });
}

void Evidence::prepare(worktree::Repository& repository, std::shared_ptr<Course> course) {
  const EvidenceRequest& request = course->request;
  const auto base = worktree::Oid::parse(request.base);
  const auto commit = worktree::Oid::parse(request.commit);
  FLEET_ASSERT(base && commit, request.base, request.commit);
  auto judging = judging_changes(repository, *base, *commit, request.accept, request.protect);
  if (!judging) {
    course->answer.error = judging.error().message();
    return finish(course);
  }
  if (!judging->empty()) {
    course->answer.checks.push_back(
        {"the base's own checks", false,
         fmt::format("it changes `{}`, which judges it: a person has to look at that",
                     judging->front()),
         plan::Millis(0)});
    return finish(course);
  }
  worktree::SlotRequest wanted;
  wanted.kind = worktree::SlotKind::kEvidence;
  wanted.agent = "evidence";
  wanted.commit = *commit;
  auto slot = pool_.acquire(repository, wanted);
  if (!slot) {
    course->answer.error = std::move(slot).error().in("a worktree for the evidence").message();
    return finish(course);
  }
  course->slot = *std::move(slot);
  course->holds_slot = true;
  next(course);
}

void Evidence::next(std::shared_ptr<Course> course) {
  const EvidenceRequest& request = course->request;
  while (course->at < request.accept.size()) {
    const plan::Acceptance& check = request.accept[course->at++];
    if (check.kind == plan::Acceptance::Kind::kDiffLines) {
      const bool passed = request.changed_lines < static_cast<std::uint64_t>(check.max_lines);
      course->answer.checks.push_back({check.text, passed,
                                       fmt::format("{} changed lines", request.changed_lines),
                                       plan::Millis(0)});
      if (!passed)
        return finish(course);
      continue;
    }
    // No command can tell: a plan in which nobody looks at the result is refused before it runs.
    if (check.kind == plan::Acceptance::Kind::kCriteria) {
      course->answer.checks.push_back({check.text, true, "left to its reviewers", plan::Millis(0)});
      continue;
    }
    static const std::vector<std::pair<std::string, std::string>> kNoEnvironment;
    const process::JobKey key{site_.run, request.task.attempt.task.value,
                              request.task.attempt.epoch,
                              site_.incarnation * kPartsAnEngine + ++parts_};
    process::JobSpec job =
        make_job(site_, {request.sandbox, check.command, kNoEnvironment, request.task,
                         request.holes, course->slot, key,
                         site_.log_path(request.task.attempt, course->at), request.timeout, true});
    jobs_.submit(std::move(job), [this, course, &check](const process::JobReport& report) {
      // The keeper died under it; the worktree is still there, and a new keeper is.
      if (report.how == process::End::kLost && ++course->lost <= kMaxLost) {
        --course->at;
        return next(course);
      }
      if (report.how == process::End::kCancelled || report.how == process::End::kLost ||
          report.how == process::End::kDropped || report.starved()) {
        course->answer.error = fmt::format("`{}`: {}", check.text, process::describe(report));
        return finish(course);
      }
      course->answer.checks.push_back(check_of(check, report));
      if (!course->answer.checks.back().passed)
        return finish(course);
      next(course);
    });
    return;
  }
  course->answer.passed = true;
  finish(course);
}

void Evidence::finish(std::shared_ptr<Course> course) {
  if (!course->holds_slot)
    return course->done(std::move(course->answer));
  git_.add([this, course](worktree::Repository&) {
    // The slot's state is on disk; if giving it back fails it is repaired when it is next used.
    (void)pool_.release(course->slot, worktree::Leftovers::kSaved);
    course->done(std::move(course->answer));
  });
}

}  // namespace fleet::flow
