// Short ways to write to and read from a journal in a test. A failure that a test does not ask for
// fails the test.
#pragma once

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "engine/journal/journal.h"

namespace fleet::testing {

inline os::WallTime at(std::int64_t millis) {
  return os::WallTime(std::chrono::milliseconds(millis));
}

inline journal::EventDraft draft(std::string text, std::uint32_t type = 1) {
  return {type, at(1000), std::move(text)};
}

// The value, or a failed test with the error's message.
template <class T>
T must(Result<T> result) {
  if (!result)
    FAIL(result.error().message());
  return *std::move(result);
}
inline void must(const Status& status) {
  if (!status)
    FAIL(status.error().message());
}

inline std::unique_ptr<journal::Journal> open_journal(const std::string& dir,
                                                      journal::JournalOptions options = {}) {
  options.reserve_bytes = 4096;
  return must(journal::Journal::open(dir, std::move(options)));
}

inline journal::RunKey new_run(journal::Journal& journal, const std::string& id) {
  return must(journal.create_run({id, {}, "{}", at(1000)}));
}

inline journal::Seq append(journal::Journal& journal, journal::RunKey run,
                           const std::vector<std::string>& texts) {
  std::vector<journal::EventDraft> events;
  for (const std::string& text : texts)
    events.push_back(draft(text));
  return must(journal.append(run, events));
}

// Of a Journal or a JournalReader.
template <class Source>
std::vector<std::string> texts_of(const Source& source, journal::RunKey run,
                                  std::uint64_t from = 1) {
  std::vector<std::string> texts;
  must(source.read(run, journal::Seq{from}, [&](const journal::EventView& event) {
    texts.emplace_back(event.payload);
    return true;
  }));
  return texts;
}

}  // namespace fleet::testing
