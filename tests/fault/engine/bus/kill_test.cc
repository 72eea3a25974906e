// Writers and a reader that are killed again and again: no message lost, torn or out of order.
// FLEETC_BUS_MESSAGES: how many messages in all (default 1,200).
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <random>
#include <set>

#include <catch2/catch.hpp>

#include "engine/bus/mailbox.h"
#include "tests/support/scratch_dir.h"

namespace fleet::bus {
namespace {

constexpr int kWriters = 3;

int messages_in_all() {
  const char* given = std::getenv("FLEETC_BUS_MESSAGES");
  return given == nullptr ? 1'200 : std::atoi(given);
}

std::string text_of(int writer, int number) {
  return std::to_string(writer) + " " + std::to_string(number) + " " +
         std::string(static_cast<std::size_t>((writer * 7919 + number * 31) % 3000), 'x') + "\n";
}

Message message_of(int writer, int number) {
  return {"m" + std::to_string(writer) + "-" + std::to_string(number),
          "w" + std::to_string(writer),
          "reader",
          "",
          number,
          text_of(writer, number)};
}

// What a child has to tell, one line an item, whole lines only.
int last_line(const std::string& path) {
  std::ifstream file(path);
  int last = -1;
  for (std::string line; std::getline(file, line) && !file.eof();)
    last = std::atoi(line.c_str());
  return last;
}

void append_line(const std::string& path, const std::string& line) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const std::string whole = line + "\n";
  if (fd < 0 || ::write(fd, whole.data(), whole.size()) != static_cast<ssize_t>(whole.size()))
    ::_exit(70);
  ::close(fd);
}

// A process of its own; ends with 0 when there is no more to do.
template <class Work>
pid_t start(Work work) {
  const pid_t pid = ::fork();
  if (pid == 0)
    ::_exit(work() ? 0 : 71);
  return pid;
}

// From what it knows to be delivered on; a kill in between sends some again.
bool write_all(const std::string& dir, int writer, int count, std::mt19937::result_type seed) {
  std::mt19937 random(seed);
  auto box = Mailbox::open(dir + "/bus", "reader");
  const std::string log = dir + "/sent" + std::to_string(writer);
  for (int next = last_line(log) + 1; box && next < count;) {
    std::vector<Message> batch;
    for (int i = 1 + static_cast<int>(random() % 6); i > 0 && next < count; --i)
      batch.push_back(message_of(writer, next++));
    if (!box->deliver(batch))
      return false;
    append_line(log, std::to_string(next - 1));
  }
  return static_cast<bool>(box);
}

// Writes down what it took before it acknowledges it.
bool read_some(const std::string& dir, const std::string& reader) {
  auto box = Mailbox::open(dir + "/bus", "reader");
  while (box) {
    const auto taken = box->take({reader, [](const std::string&) {
                                    return false;
                                  }});
    if (!taken)
      return false;
    for (const Mailbox::Letter& letter : taken->letters) {
      const Message& message = letter.message;
      const int writer = message.from[1] - '0';
      const bool whole = message == message_of(writer, static_cast<int>(message.sent));
      append_line(dir + "/read", message.id + (whole ? "" : " TORN"));
    }
    if (!box->acknowledge([&](const std::string& who) { return who == reader; }))
      return false;
    ::usleep(500);
  }
  return false;
}

TEST_CASE("writers and readers that are killed anywhere lose, tear and reorder nothing") {
  const testing::ScratchDir dir(testing::Ground::kMemory);
  const int each = messages_in_all() / kWriters;
  std::mt19937 random(20240607);
  std::array<pid_t, kWriters> writers{};
  for (int i = 0; i < kWriters; ++i)
    writers[static_cast<std::size_t>(i)] =
        start([&] { return write_all(dir.path(), i, each, random()); });
  int readers = 0;
  const auto start_reader = [&] {
    const std::string name = "r" + std::to_string(++readers);
    return start([&] { return read_some(dir.path(), name); });
  };
  pid_t reader = start_reader();
  const auto end = [](pid_t pid) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  };

  int kills = 0;
  // Some hundred kills, however many messages.
  const auto pause = static_cast<unsigned>(std::max(15'000, 12 * each));
  for (int writing = kWriters; writing > 0;) {
    ::usleep(static_cast<useconds_t>(random() % pause));
    const auto victim = static_cast<std::size_t>(random() % (3 * kWriters));
    if (victim == 3 * kWriters - 1) {
      end(reader);
      ++kills;
      reader = start_reader();
      continue;
    }
    const int writer = static_cast<int>(victim) % kWriters;
    pid_t& pid = writers[static_cast<std::size_t>(writer)];
    if (pid == 0)
      continue;
    ::kill(pid, SIGKILL);
    int status = 0;
    REQUIRE(::waitpid(pid, &status, 0) == pid);
    if (WIFEXITED(status)) {
      REQUIRE(WEXITSTATUS(status) == 0);
      pid = 0;
      --writing;
      continue;
    }
    ++kills;
    pid = start([&] { return write_all(dir.path(), writer, each, random()); });
  }
  end(reader);
  auto box = Mailbox::open(dir / "bus", "reader");
  REQUIRE(box);
  const auto nobody = [](const std::string&) {
    return false;
  };
  const auto rest = box->take({"last", nobody, nobody, std::size_t{1} << 40});
  REQUIRE(rest);
  std::vector<std::string> lines;
  std::ifstream read(dir / "read");
  for (std::string line; std::getline(read, line);)
    lines.push_back(line);
  for (const Mailbox::Letter& letter : rest->letters)
    lines.push_back(letter.message.id);
  REQUIRE(box->acknowledge([](const std::string& who) { return who == "last"; }));
  // Whom enough readers died over is kept, and needs no reader.
  std::set<std::string> dead;
  const auto left = box->list();
  REQUIRE(left);
  for (const Mailbox::Entry& entry : *left) {
    CHECK((entry.place == Place::kDone || entry.place == Place::kDead));
    if (entry.place == Place::kDead)
      dead.insert(entry.id);
  }

  // First time of each, in order: 0, 1, 2, … of every writer.
  std::array<int, kWriters> next{};
  const auto id = [&](std::size_t writer) {
    return message_of(static_cast<int>(writer), next[writer]).id;
  };
  std::set<std::string> seen;
  for (const std::string& line : lines) {
    CAPTURE(line);
    REQUIRE(line.find("TORN") == std::string::npos);
    if (!seen.insert(line).second)
      continue;
    const auto writer = static_cast<std::size_t>(line[1] - '0');
    while (id(writer) != line && dead.contains(id(writer)))
      ++next[writer];
    REQUIRE(line == id(writer));
    ++next[writer];
  }
  for (std::size_t writer = 0; writer < kWriters; ++writer) {
    while (dead.contains(id(writer)))
      ++next[writer];
    CHECK(next[writer] == each);
  }
  CHECK(kills > 3);
}

}  // namespace
}  // namespace fleet::bus
