#include "engine/run/state.h"

namespace fleet::run {

const char* name_of(Phase phase) {
  switch (phase) {
    case Phase::kWaiting: return "waiting";
    case Phase::kReady: return "ready";
    case Phase::kAdmitted: return "admitted";
    case Phase::kPreparing: return "preparing";
    case Phase::kRunning: return "running";
    case Phase::kSettling: return "settling";
    case Phase::kVerifying: return "verifying";
    case Phase::kPublishing: return "publishing";
    case Phase::kParked: return "parked";
    case Phase::kDone: return "done";
    case Phase::kFailed: return "failed";
    case Phase::kSkipped: return "skipped";
    case Phase::kCancelled: return "cancelled";
  }
  return "?";
}

bool is_settled(Phase phase) {
  return phase >= Phase::kDone;
}

const char* name_of(Asks asks) {
  switch (asks) {
    case Asks::kDecision: return "decision";
    case Asks::kEscalation: return "escalation";
    case Asks::kCredential: return "credential";
  }
  return "?";
}

const char* name_of(Decision decision) {
  switch (decision) {
    case Decision::kApprove: return "approved";
    case Decision::kReject: return "rejected";
    case Decision::kRetry: return "retried";
  }
  return "?";
}

const char* name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::kNone: return "none";
    case Outcome::kSuccess: return "success";
    case Outcome::kEvidenceFailed: return "evidence failed";
    case Outcome::kExitCode: return "exit code";
    case Outcome::kCrash: return "crash";
    case Outcome::kTimeout: return "timeout";
    case Outcome::kOutputLimit: return "output limit";
    case Outcome::kOutsidePaths: return "paths outside";
    case Outcome::kRefused: return "refused";
    case Outcome::kSpawnFailed: return "spawn failed";
    case Outcome::kLost: return "lost";
    case Outcome::kCancelled: return "cancelled";
    case Outcome::kWorld: return "world";
    case Outcome::kConflict: return "conflict";
    case Outcome::kNoVerdict: return "no verdict";
    case Outcome::kSaidFailed: return "said it failed";
    case Outcome::kAuth: return "auth";
    case Outcome::kLimited: return "limited";
    case Outcome::kOverloaded: return "overloaded";
    case Outcome::kContextExhausted: return "context exhausted";
    case Outcome::kDeclined: return "declined";
    case Outcome::kBudgetSpent: return "budget spent";
    case Outcome::kRejected: return "rejected";
    case Outcome::kUnanswered: return "unanswered";
  }
  return "?";
}

}  // namespace fleet::run
