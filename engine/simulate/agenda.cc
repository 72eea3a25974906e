#include "engine/simulate/agenda.h"

#include "engine/base/check.h"

namespace fleet::simulate {

void Agenda::in(std::chrono::milliseconds wait, What what) {
  FLEET_ASSERT(wait.count() >= 0, wait.count());
  things_.emplace(std::pair{now_ + wait, next_id_++}, std::move(what));
}

bool Agenda::advance() {
  if (things_.empty())
    return false;
  auto first = things_.extract(things_.begin());
  now_ = first.key().first;
  first.mapped()();
  return true;
}

}  // namespace fleet::simulate
