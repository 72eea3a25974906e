// Bytes: keys, messages and the spool's records, damaged in every way.
#include "engine/process/codec.h"

#include <catch2/catch.hpp>

#include "engine/process/crc32c.h"
#include "engine/process/protocol.h"
#include "engine/process/spool.h"
#include "engine/process/spool_codec.h"
#include "tests/support/scratch_dir.h"

using namespace fleet;
using namespace fleet::process;

namespace {

JobReport ended(std::uint64_t sequence, std::uint32_t task, std::string run = "run") {
  JobReport report;
  report.sequence = sequence;
  report.key = {std::move(run), task, 2, 3};
  report.kind = ReportKind::kEnded;
  report.how = End::kExited;
  report.code = 7;
  report.text = "words";
  report.output_bytes = 99;
  return report;
}

JobReport started(std::uint64_t sequence, std::uint32_t task) {
  JobReport report;
  report.sequence = sequence;
  report.key = {"run", task, 2, 3};
  return report;
}

JobSpec full_job() {
  JobSpec job;
  job.key = {"r/1", 2, 3, 4};
  job.argv = {"a", "", "c"};
  job.env = {"A=1"};
  job.cwd = "/w";
  job.output = "/o";
  job.timeout = std::chrono::milliseconds(5);
  job.output_limit = 6;
  job.kill_with_engine = true;
  job.after = {{"r", 1, 1, 0}, {"", 0, 0, 0}};
  job.sandbox.emplace();
  job.sandbox->writable = {"/w"};
  job.sandbox->home = "/h";
  job.sandbox->masked = {"/m", "/n"};
  job.sandbox->network = false;
  return job;
}

std::vector<std::uint64_t> sequences_of(const SpoolContents& contents) {
  std::vector<std::uint64_t> found;
  for (const SpoolRecord& record : contents.records)
    if (const auto* report = std::get_if<ReportRecord>(&record))
      found.push_back(report->report.sequence);
  return found;
}

}  // namespace

TEST_CASE("CRC-32C has the check value of its definition") {
  CHECK(crc32c("123456789") == 0xE3069283U);
  CHECK(crc32c("") == 0);
}

TEST_CASE("A job key has one text, and the text one key") {
  for (const JobKey& key :
       {JobKey{"run", 1, 2, 3}, JobKey{"", 0, 0, 0}, JobKey{"a/b/1.2.3", 4'294'967'295U, 1, 0}}) {
    const auto parsed = parse_job_key(to_string(key));
    REQUIRE(parsed);
    CHECK(*parsed == key);
  }
  CHECK(to_string(JobKey{"run", 1, 2, 3}) == "run/1.2.3");
  for (const char* bad : {"", "run", "run/", "run/1.2", "run/1.2.3.4", "run/01.2.3", "run/1.2.",
                          "run/-1.2.3", "run/1.2.4294967296", "run/1.2.3 "}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_job_key(bad));
  }
}

TEST_CASE("Every message survives the wire") {
  Capabilities capabilities;
  capabilities.sandbox_reason = "why";
  capabilities.notices = {"one", "two"};
  const std::vector<Message> all = {
      Hello{kProtocolVersion, false, 9, 4, std::chrono::milliseconds(8)},
      Submit{{full_job(), full_job()}},
      Cancel{{"r", 1, 1, 1}, std::chrono::milliseconds(5)},
      SetJobs{3},
      Expect{{{"r", 1, 1, 1}}},
      Release{"r"},
      Watch{77},
      ListJobs{},
      Welcome{capabilities},
      Refused{Errc::kConflict, "no"},
      Reports{{started(1, 1), ended(2, 1)}},
      Listing{{{{"r", 1, 1, 1}, JobState::kEnding, started(1, 1)}}, true}};
  FrameBuffer frames;
  for (const Message& message : all)
    for (const char byte : encode_frame(message))
      frames.append({&byte, 1});
  for (const Message& message : all) {
    const auto payload = frames.next();
    REQUIRE(payload);
    REQUIRE(*payload);
    const auto decoded = decode_payload(**payload);
    REQUIRE(decoded);
    CHECK(decoded->index() == message.index());
    CHECK(encode_frame(*decoded) == encode_frame(message));
  }
  CHECK_FALSE(*frames.next());
}

TEST_CASE("A message cut short, or with more behind it, is none") {
  const std::string frame = encode_frame(Submit{{full_job()}});
  const std::string payload = frame.substr(4);
  for (std::size_t size = 0; size < payload.size(); ++size)
    CHECK_FALSE(decode_payload(payload.substr(0, size)));
  CHECK_FALSE(decode_payload(payload + "x"));
  CHECK(decode_payload(payload));
}

TEST_CASE("A frame of an impossible length is refused before it is waited for") {
  FrameBuffer frames;
  frames.append(std::string("\xff\xff\xff\xff", 4));
  CHECK_FALSE(frames.next());
}

TEST_CASE("A spool that ends anywhere yields the whole records before that") {
  std::string bytes;
  std::vector<std::size_t> ends;
  for (std::uint64_t i = 1; i <= 4; ++i) {
    bytes += encode_record(ReportRecord{ended(i, 1)});
    ends.push_back(bytes.size());
  }
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const SpoolContents contents = decode_spool(bytes.substr(0, size));
    const auto whole = static_cast<std::size_t>(
        std::count_if(ends.begin(), ends.end(), [&](std::size_t end) { return end <= size; }));
    CHECK(contents.records.size() == whole);
    CHECK(contents.damaged_bytes == 0);
    CHECK(contents.torn_bytes == size - (whole == 0 ? 0 : ends[whole - 1]));
  }
}

TEST_CASE("A flipped bit costs the record that it is in and no other, and does not go unnoticed") {
  std::vector<std::string> records;
  std::string bytes;
  for (std::uint64_t i = 1; i <= 3; ++i) {
    records.push_back(encode_record(ReportRecord{ended(i, 1)}));
    bytes += records.back();
  }
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    const SpoolContents contents = decode_spool(damaged);
    const std::uint64_t hit = bit / 8 / records[0].size() + 1;
    std::vector<std::uint64_t> expected = {1, 2, 3};
    std::erase(expected, hit);
    CAPTURE(bit);
    CHECK(sequences_of(contents) == expected);
    CHECK(contents.damaged_bytes + contents.torn_bytes == records[0].size());
    CHECK((contents.torn_bytes > 0) == (hit == 3));
  }
}

TEST_CASE("What a spool says is the latest of each record, without what was released") {
  SpoolContents contents;
  InstanceRecord instance;
  instance.next_sequence = 100;
  instance.generation = 4;
  contents.records = {instance,
                      GenerationRecord{6},
                      ReportRecord{started(100, 1)},
                      ReportRecord{ended(101, 1)},
                      ReportRecord{started(102, 2)},
                      ReleaseRecord{"run"},
                      ReportRecord{started(103, 1)},
                      ReportRecord{ended(104, 9, "other")}};
  contents.torn_bytes = 3;
  const SpoolState state = replay_spool(contents);
  CHECK(state.next_sequence == 105);
  CHECK(state.generation == 6);
  CHECK(state.instances.size() == 1);
  CHECK(state.reports.size() == 3);
  CHECK(state.reports.contains(102));
  CHECK(state.reports.contains(103));
  CHECK(state.reports.contains(104));
  CHECK(state.notices.size() == 1);
}

TEST_CASE("A new spool holds what it was made of, and a damaged one is kept") {
  const testing::ScratchDir scratch;
  const std::string file = scratch / "spool";
  CHECK(Spool::read(file)->reports.empty());
  InstanceRecord instance;
  instance.next_sequence = 50;
  {
    auto spool = Spool::create(file, instance, {{7, ended(7, 1)}}, false);
    REQUIRE(spool);
    spool->append(ReportRecord{ended(60, 2)});
    REQUIRE(spool->sync());
  }
  const auto state = Spool::read(file);
  REQUIRE(state);
  CHECK(state->reports.size() == 2);
  CHECK(state->next_sequence == 61);
  REQUIRE(Spool::create(file, instance, state->reports, true));
  CHECK(Spool::read(file + ".damaged")->reports.size() == 2);
}
