#include "dsl/sema/event.h"

#include "dsl/sema/glob.h"
#include "dsl/sema/report.h"

namespace fleet::sema {
namespace {

using Kind = ast::Atom::Kind;
using Event = plan::Event;

const char* const kEventForms =
    "an event: `task.NAME`, `pr.opened`, `pr.updated`, `finding.LABEL`, `message` or "
    "`file(\"glob\")`";

std::optional<plan::Event> read_file(Reader& reader, const Want& want) {
  const ast::Atom& call = reader.next();
  const bool one = call.args.size() == 1 && !call.args.front().name;
  if (!one || call.args.front().value->atoms.size() != 1 ||
      call.args.front().value->atoms.front().kind != Kind::kString) {
    reader.sink().add(error("F202", call.span, want.who + " takes one glob in quotes"));
    reader.give_up();
    return std::nullopt;
  }
  std::optional<std::string> glob =
      glob_of(reader.sink(), call.args.front().value->atoms.front(), "`file`");
  if (!glob) {
    reader.give_up();
    return std::nullopt;
  }
  return Event{Event::Kind::kFile, *std::move(glob)};
}

std::optional<plan::Event> named(const ast::Atom& atom) {
  if (is_word(atom, "message"))
    return Event{Event::Kind::kMessage, ""};
  if (atom.path.size() != 2 || atom.version || atom.per)
    return std::nullopt;
  const std::string& family = atom.path.front().text;
  const std::string& name = atom.path.back().text;
  if (family == "task")
    return Event{Event::Kind::kTask, name};
  if (family == "finding")
    return Event{Event::Kind::kFinding, name};
  if (family == "pr" && name == "opened")
    return Event{Event::Kind::kPrOpened, ""};
  if (family == "pr" && name == "updated")
    return Event{Event::Kind::kPrUpdated, ""};
  return std::nullopt;
}

}  // namespace

std::optional<plan::Event> read_event(Reader& reader, const Want& want) {
  if (reader.failed())
    return std::nullopt;
  if (reader.next_is(ast::Atom::Kind::kCall) && reader.peek().text == "file")
    return read_file(reader, want);
  if (reader.next_is(ast::Atom::Kind::kName)) {
    if (std::optional<plan::Event> event = named(reader.peek())) {
      reader.next();
      return event;
    }
  }
  reader.fail(want, kEventForms);
  return std::nullopt;
}

}  // namespace fleet::sema
