// Reads the tokens of an answer as it passes by: whole, or streamed as server-sent events, cut
// anywhere. Never looks at what the answer says. Pure; one thread.
#pragma once

#include <string>
#include <string_view>

#include "engine/broker/dialect.h"
#include "engine/broker/price.h"

namespace fleet::broker {

struct Reading {
  Usage usage;
  // Else it was not said, or nothing that could be read.
  bool prompt_known = false;
  bool output_known = false;
  friend bool operator==(const Reading&, const Reading&) = default;
};

class Meter {
 public:
  // `events`: the answer is a stream of server-sent events, else one JSON document.
  Meter(Call call, bool events) : call_(call), events_(events) {}

  void take(std::string_view bytes);
  // What of the answer it keeps, in bytes.
  std::size_t held() const { return line_.size() + data_.size(); }
  // There is no room for that: what the answer used stays unknown.
  void give_up();
  // After the last byte. `complete`: the answer ended as its sender meant it to.
  Reading finish(bool complete);

 private:
  void take_line(std::string_view line);
  void take_event();
  void read(const std::string& json);

  // What of one event, or of a whole answer, is kept. One that is longer has no usage that is read.
  static constexpr std::size_t kMost = std::size_t{16} << 20;

  Call call_;
  bool events_;
  bool after_return_ = false;  // "\r\n" is one end of a line
  bool overflown_ = false;
  std::string line_;  // of a stream, or all there is
  std::string data_;  // of the event so far
  bool has_data_ = false;
  bool ended_ = false;  // the stream said that this is the end
  bool sound_ = true;   // no figure was other than a number
  Reading reading_;
};

}  // namespace fleet::broker
