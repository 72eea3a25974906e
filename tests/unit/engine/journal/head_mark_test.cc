#include "engine/journal/head_mark.h"

#include <fstream>

#include <catch2/catch.hpp>

#include "engine/journal/checksum.h"
#include "tests/support/journals.h"
#include "tests/support/scratch_dir.h"

namespace fleet::journal {
namespace {

using testing::must;
using testing::ScratchDir;

HeadMark mark_of(std::uint64_t seq) {
  return {Seq{seq}, sha256({std::to_string(seq)})};
}

TEST_CASE("the newest mark is read back") {
  const ScratchDir dir;
  HeadFile head = must(HeadFile::create(dir / "head", mark_of(3)));
  CHECK(must(read_head(dir / "head")).through == Seq{3});
  for (std::uint64_t seq = 4; seq < 9; ++seq) {
    must(head.write(mark_of(seq)));
    const HeadMark read = must(read_head(dir / "head"));
    CHECK(read.through == Seq{seq});
    CHECK(read.chain == mark_of(seq).chain);
  }
}

TEST_CASE("whatever byte of the head file breaks, the mark never says too much") {
  const ScratchDir dir;
  HeadFile head = must(HeadFile::create(dir / "head", mark_of(1)));
  must(head.write(mark_of(2)));
  must(head.write(mark_of(3)));
  const std::string sound = must(os::system_files().read_file(dir / "head", 4096));
  for (std::size_t i = 0; i < sound.size(); ++i) {
    std::string broken = sound;
    broken[i] = static_cast<char>(broken[i] ^ 0x11);
    std::ofstream(dir / "head") << broken;
    const HeadMark read = must(read_head(dir / "head"));
    REQUIRE((read.through == Seq{2} || read.through == Seq{3}));
    REQUIRE(read.chain == mark_of(read.through.value).chain);
  }
}

TEST_CASE("a head file cut anywhere yields an older mark or is called corrupt") {
  const ScratchDir dir;
  HeadFile head = must(HeadFile::create(dir / "head", mark_of(1)));
  must(head.write(mark_of(2)));
  const std::string sound = must(os::system_files().read_file(dir / "head", 4096));
  for (std::size_t size = 0; size < sound.size(); ++size) {
    std::ofstream(dir / "head") << sound.substr(0, size);
    const auto read = read_head(dir / "head");
    REQUIRE((read ? read->through <= Seq{2} : read.error().code() == Errc::kCorrupt));
  }
}

}  // namespace
}  // namespace fleet::journal
