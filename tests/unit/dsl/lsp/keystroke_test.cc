// What a keystroke costs: as little of the text is read again as can be.
#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include "tests/support/edited.h"

namespace fleet::lsp {
namespace {

using testing::Edited;

// Types at the cursor, and compiles after each character.
void type(Edited& edited, const std::string& typed) {
  std::uint32_t at = edited.offset;
  std::int64_t version = 1;
  for (const char one : typed) {
    const LineTable lines(edited.files.document(edited.path)->text);
    const Position place =
        lines.position(edited.files.document(edited.path)->text, at++, Encoding::kUtf8);
    edited.files.change(edited.path, ++version, {{false, {place, place}, std::string(1, one)}},
                        Encoding::kUtf8);
    edited.snapshot.reset();
    edited.snapshot = edited.workspace.snapshot(edited.path);
  }
}

void open(Edited& edited) {
  edited.files.open(edited.path, {"file://" + edited.path, 1, std::string(edited.text()), 0});
  edited.snapshot.reset();
  edited.snapshot = edited.workspace.snapshot(edited.path);
}

// The last line of `defaults`.
constexpr std::string_view kPlace = "budget   = $1/task";

TEST_CASE("a character that is typed into a declaration has only that declaration read again") {
  Edited edited = testing::ship_at(kPlace, 1, kPlace.size());
  open(edited);
  const std::size_t before = edited.workspace.parses().parts_read();
  const std::string typed = "; timeout = 5min // why";
  type(edited, typed);
  CHECK(edited.workspace.parses().parts_read() == before + typed.size());
}

TEST_CASE("what is said of a text does not tell by how many keystrokes it came to be") {
  for (const char* const typed :
       {"; timeout = 5min", "; bugdet = $1", "; x { y = 1 }", "\n\n///"}) {
    CAPTURE(typed);
    Edited edited = testing::ship_at(kPlace, 1, kPlace.size());
    open(edited);
    type(edited, typed);
    const std::string text(edited.text());
    Edited fresh(text, {{"/w/roles.fleet", std::string(testing::kRoles)},
                        {"/w/identity/core.md", std::string(testing::kCore)}});
    const auto& found = edited.snapshot->diagnostics();
    const auto& wanted = fresh.snapshot->diagnostics();
    REQUIRE(found.size() == wanted.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      CHECK(found[i].code == wanted[i].code);
      CHECK(found[i].message == wanted[i].message);
      CHECK(found[i].primary.span == wanted[i].primary.span);
    }
  }
}

}  // namespace
}  // namespace fleet::lsp
