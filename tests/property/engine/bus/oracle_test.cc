// Random deliveries, readers, ends of turns and deaths, against a list in memory.
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "engine/bus/mailbox.h"
#include "tests/support/scratch_dir.h"

namespace fleet::bus {
namespace {

// One message, wherever it is. Naive: a vector, walked for everything.
struct Known {
  std::string id;
  std::uint32_t tries = 0;
  Place place = Place::kNew;
  std::string reader;
};

class Oracle {
 public:
  void deliver(const std::string& id) {
    if (!is_done(id))
      all_.push_back({id, 0, Place::kNew, {}});
  }

  std::vector<std::string> take(const std::string& reader, const std::set<std::string>& alive) {
    for (Known& each : all_) {
      if (each.place == Place::kCurrent && each.reader != reader && !alive.contains(each.reader))
        lose(each);
      if (each.place == Place::kNew)
        each.place = Place::kCurrent, each.reader = reader;
    }
    std::vector<std::string> got;
    for (std::size_t i = 0; i < all_.size();) {
      const Known& each = all_[i];
      if (each.place != Place::kCurrent || each.reader != reader) {
        ++i;
      } else if (is_done(each.id) || std::ranges::find(got, each.id) != got.end()) {
        all_.erase(all_.begin() + static_cast<std::ptrdiff_t>(i));
      } else {
        got.push_back(each.id);
        ++i;
      }
    }
    return got;
  }

  void acknowledge(const std::string& reader) {
    std::erase_if(all_, [&](const Known& each) {
      const bool is_his = each.place == Place::kCurrent && each.reader == reader;
      if (is_his)
        done_.insert(each.id);
      return is_his;
    });
  }

  void give_back(const std::string& reader) {
    for (Known& each : all_)
      if (each.place == Place::kCurrent && each.reader == reader)
        lose(each);
  }

  // Sorted.
  std::vector<std::string> at(Place place) const {
    if (place == Place::kDone)
      return {done_.begin(), done_.end()};
    std::vector<std::string> ids;
    for (const Known& each : all_)
      if (each.place == place)
        ids.push_back(each.id);
    std::sort(ids.begin(), ids.end());
    return ids;
  }

 private:
  bool is_done(const std::string& id) const { return done_.contains(id); }
  static void lose(Known& each) {
    each.place = ++each.tries >= Mailbox::kMaxTries ? Place::kDead : Place::kNew;
    each.reader.clear();
  }

  std::vector<Known> all_;  // in the order of delivery
  std::set<std::string> done_;
};

std::vector<std::string> ids_at(const Mailbox& box, Place place) {
  const auto entries = box.list();
  RC_ASSERT(static_cast<bool>(entries));
  std::vector<std::string> ids;
  for (const Mailbox::Entry& entry : *entries)
    if (entry.place == place)
      ids.push_back(entry.id);
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::string name(const char* kind, int number) {
  return kind + std::to_string(number);
}

TEST_CASE("a mailbox does what a list in memory does") {
  CHECK(rc::check([] {
    const testing::ScratchDir dir(testing::Ground::kMemory);
    Oracle oracle;
    auto box = Mailbox::open(dir.path(), "reviewer");
    RC_ASSERT(static_cast<bool>(box));
    const auto is = [](const std::string& name) {
      return [name](const std::string& who) {
        return who == name;
      };
    };
    const int steps = *rc::gen::inRange(1, 60);
    for (int step = 0; step < steps; ++step) {
      const std::string reader = name("r", *rc::gen::inRange(0, 3));
      switch (*rc::gen::inRange(0, 6)) {
        case 0:
        case 1: {
          const Message message{
              name("m", *rc::gen::inRange(0, 12)), "builder", "reviewer", "", 1, "x"};
          RC_ASSERT(static_cast<bool>(box->deliver({&message, 1})));
          oracle.deliver(message.id);
          break;
        }
        case 2: {
          std::set<std::string> alive;
          for (int i = 0; i < 3; ++i)
            if (*rc::gen::arbitrary<bool>())
              alive.insert(name("r", i));
          const auto taken = box->take({reader, [&](const std::string& who) {
                                          return alive.contains(who);
                                        }});
          RC_ASSERT(static_cast<bool>(taken));
          std::vector<std::string> got;
          for (const Mailbox::Letter& letter : taken->letters)
            got.push_back(letter.message.id);
          RC_ASSERT(got == oracle.take(reader, alive));
          break;
        }
        case 3:
          RC_ASSERT(static_cast<bool>(box->acknowledge(is(reader))));
          oracle.acknowledge(reader);
          break;
        case 4:
          RC_ASSERT(static_cast<bool>(box->give_back(is(reader))));
          oracle.give_back(reader);
          break;
        default: box = Mailbox::open(dir.path(), "reviewer"); RC_ASSERT(static_cast<bool>(box));
      }
      for (const Place place : {Place::kNew, Place::kCurrent, Place::kDone, Place::kDead})
        RC_ASSERT(ids_at(*box, place) == oracle.at(place));
    }
  }));
}

}  // namespace
}  // namespace fleet::bus
