// A session as the broker has it, and all of them by their tokens. One thread.
#pragma once

#include <cstddef>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "engine/broker/broker.h"

namespace fleet::broker {

class Connection;

struct Client {
  explicit Client(Session given);

  Session session;
  Purses purses;                       // the attempt's own, then those that it shares
  std::list<Connection*> connections;  // in the order in which they came
  std::size_t held = 0;                // bytes, of all its requests
};

class Clients {
 public:
  // One of the same name is replaced: answers that, null if there is none.
  std::shared_ptr<Client> open(Session session);
  // Answers whom it was; null: nobody.
  std::shared_ptr<Client> close(const std::string& name);

  std::shared_ptr<Client> by_token(const std::string& token) const;
  // Its session is over.
  bool was_here(const std::string& token) const { return over_.contains(token); }

 private:
  void drop(const Client& client);

  std::map<std::string, std::shared_ptr<Client>> by_token_, by_name_;
  std::set<std::string> over_;  // tokens
  std::deque<std::string> over_order_;
};

// The bytes of bodies that are held for requests under way: all together, and of each session a
// part, so that none takes the room of the others.
class Room {
 public:
  Room(std::size_t most, std::size_t most_each) : most_(most), most_each_(most_each) {}
  std::size_t held() const { return held_; }

 private:
  friend class Hold;
  const std::size_t most_, most_each_;
  std::size_t held_ = 0;
};

// What one request holds of it. REQUIRES: the room outlives it.
class Hold {
 public:
  Hold(Room& room, std::shared_ptr<Client> client) : room_(room), client_(std::move(client)) {}
  ~Hold() { resize(0); }
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;

  // False: there is no room for so much, and it holds what it held.
  bool resize(std::size_t bytes);

 private:
  Room& room_;
  std::shared_ptr<Client> client_;
  std::size_t bytes_ = 0;
};

}  // namespace fleet::broker
