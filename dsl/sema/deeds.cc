#include "dsl/sema/deeds.h"

#include <algorithm>
#include <array>
#include <utility>

#include "dsl/sema/report.h"

namespace fleet::sema {
namespace {

using Kind = ast::Atom::Kind;
using Deed = plan::Deed;

constexpr std::uint32_t kMostSaid = 1000;

const char* expected_of(Part part) {
  switch (part) {
    case Part::kAgent:
      return "`returns done`, `fails`, `fails evidence`, `crashes`, `hangs`, `takes D` or `spends "
             "$X`";
    case Part::kReviewer:
      return "`returns approved`, `returns changes_requested`, `returns done`, `fails`, `crashes`, "
             "`hangs`, `takes D` or `spends $X`";
    case Part::kHuman:
      return "`approves`, `rejects`, `continues`, `stops`, `never answers` or `takes D`";
    case Part::kCommand: return "`fails`, `crashes`, `hangs` or `takes D`";
    case Part::kMerge: return "`conflicts`, `fails`, `fails evidence` or `takes D`";
    case Part::kItems:
      return "`lists N items`, `lists [\"…\"]`, or what an agent does: `fails`, `takes D`, …";
    case Part::kNone: break;
  }
  return "";
}

// Which of the questions about somebody a deed answers; `never answers` is one to both of a human.
enum class Aspect { kEnd, kDecision, kEscalation, kSilence, kTime, kMoney, kItems };
Aspect aspect_of(Deed::Kind kind) {
  switch (kind) {
    case Deed::Kind::kApproves:
    case Deed::Kind::kRejects: return Aspect::kDecision;
    case Deed::Kind::kContinues:
    case Deed::Kind::kStops: return Aspect::kEscalation;
    case Deed::Kind::kNeverAnswers: return Aspect::kSilence;
    case Deed::Kind::kTakes: return Aspect::kTime;
    case Deed::Kind::kSpends: return Aspect::kMoney;
    case Deed::Kind::kLists: return Aspect::kItems;
    default: return Aspect::kEnd;
  }
}

bool go_together(Deed::Kind one, Deed::Kind other) {
  const auto decides = [](Aspect aspect) {
    return aspect == Aspect::kDecision || aspect == Aspect::kEscalation;
  };
  const Aspect a = aspect_of(one);
  const Aspect b = aspect_of(other);
  return a == b || (a == Aspect::kSilence && decides(b)) || (b == Aspect::kSilence && decides(a));
}

struct DeedWord {
  std::string_view word;
  Deed::Kind kind;
  std::array<Part, 4> of;  // filled up with the last
};
constexpr std::array kDeedWords{
    DeedWord{"crashes",
             Deed::Kind::kCrashes,
             {Part::kAgent, Part::kReviewer, Part::kCommand, Part::kItems}},
    DeedWord{
        "hangs", Deed::Kind::kHangs, {Part::kAgent, Part::kReviewer, Part::kCommand, Part::kItems}},
    DeedWord{"conflicts",
             Deed::Kind::kConflicts,
             {Part::kMerge, Part::kMerge, Part::kMerge, Part::kMerge}},
    DeedWord{"approves",
             Deed::Kind::kApproves,
             {Part::kHuman, Part::kHuman, Part::kHuman, Part::kHuman}},
    DeedWord{
        "rejects", Deed::Kind::kRejects, {Part::kHuman, Part::kHuman, Part::kHuman, Part::kHuman}},
    DeedWord{"continues",
             Deed::Kind::kContinues,
             {Part::kHuman, Part::kHuman, Part::kHuman, Part::kHuman}},
    DeedWord{
        "stops", Deed::Kind::kStops, {Part::kHuman, Part::kHuman, Part::kHuman, Part::kHuman}}};

bool is_agent(Part part) {
  return part == Part::kAgent || part == Part::kReviewer || part == Part::kItems;
}

// `2 findings`, `1 security finding`, as often as it is said.
void read_findings(Reader& reader, Deed& deed) {
  while (reader.next_is(Kind::kNumber)) {
    const std::optional<std::uint32_t> count = reader.count(reader.want(), 1, kMostSaid);
    if (!count)
      return;
    std::string label;
    if (!reader.take_word("findings") && !reader.take_word("finding")) {
      if (!reader.next_is(Kind::kName) || !is_word(reader.peek())) {
        reader.fail(reader.want(), "`findings`, or a label and `findings`");
        return;
      }
      label = reader.next().path.front().text;
      if (!reader.take_word("findings") && !reader.take_word("finding")) {
        reader.fail(reader.want(), "`findings` after the label");
        return;
      }
    }
    deed.findings.emplace_back(std::move(label), *count);
  }
  if (deed.findings.empty())
    deed.findings.emplace_back("", 1);
}

std::optional<Deed> read_returned(Reader& reader, Part part) {
  const bool verdicts = part == Part::kReviewer;
  const bool approved = reader.take_word("approved");
  if (approved || reader.take_word("changes_requested")) {
    if (part != Part::kReviewer) {
      Diagnostic diagnostic =
          error("F202", reader.value().span, "only an agent with `returns = verdict` gives one",
                "this one is done, or fails");
      reader.sink().add(std::move(diagnostic));
      reader.give_up();
      return std::nullopt;
    }
    Deed deed{approved ? Deed::Kind::kApproved : Deed::Kind::kChangesRequested};
    if (!approved)
      read_findings(reader, deed);
    return deed;
  }
  if (reader.take_word("done"))
    return Deed{};
  reader.fail({"`returns`", reader.want().span},
              verdicts ? "`done`, `approved` or `changes_requested`" : "`done`");
  return std::nullopt;
}

std::optional<std::vector<std::string>> read_listed(Reader& reader) {
  std::vector<std::string> items;
  if (reader.next_is(Kind::kNumber)) {
    const std::optional<std::uint32_t> count = reader.count(reader.want(), 0, kMostSaid);
    if (!count)
      return std::nullopt;
    if (!reader.take_word("items") && !reader.take_word("item")) {
      reader.fail(reader.want(), "`items` after the number");
      return std::nullopt;
    }
    for (std::uint32_t i = 1; i <= *count; ++i)
      items.push_back("item-" + std::to_string(i));
    return items;
  }
  if (!reader.next_is(Kind::kList)) {
    reader.fail({"`lists`", reader.want().span}, "`N items`, or a list of texts");
    return std::nullopt;
  }
  for (const ast::Argument& argument : reader.next().args) {
    const std::vector<ast::Atom>& atoms = argument.value->atoms;
    if (argument.name || atoms.size() != 1 || atoms.front().kind != Kind::kString) {
      reader.sink().add(error("F202", argument.value->span, "items are listed as texts"));
      reader.give_up();
      return std::nullopt;
    }
    auto text = plain_text(reader.sink(), atoms.front(), "an item");
    if (!text) {
      reader.give_up();
      return std::nullopt;
    }
    if (std::ranges::find(items, *text) == items.end())
      items.push_back(*std::move(text));
  }
  return items;
}

// `$2`, without anything after it.
std::optional<plan::Money> read_spent(Reader& reader) {
  if (!reader.next_is(Kind::kMoney) || reader.peek().per) {
    reader.fail({"`spends`", reader.want().span}, "money, such as `$2`");
    return std::nullopt;
  }
  return plan::Money{reader.next().amount};
}

std::optional<Deed> read_quantity(Reader& reader, Part part) {
  if (part != Part::kNone && reader.take_word("takes")) {
    const auto time = reader.duration({"`takes`", reader.want().span});
    return time ? std::optional(Deed{.kind = Deed::Kind::kTakes, .time = *time}) : std::nullopt;
  }
  if (is_agent(part) && reader.take_word("spends")) {
    const auto money = read_spent(reader);
    return money ? std::optional(Deed{.kind = Deed::Kind::kSpends, .money = *money}) : std::nullopt;
  }
  if (part == Part::kItems && reader.take_word("lists")) {
    auto items = read_listed(reader);
    return items ? std::optional(Deed{.kind = Deed::Kind::kLists, .items = *items}) : std::nullopt;
  }
  reader.fail(reader.want(), expected_of(part));
  return std::nullopt;
}

std::optional<Deed> read_deed(Reader& reader, Part part, bool reviews) {
  const Part who = reviews ? Part::kReviewer : part;
  for (const DeedWord& known : kDeedWords) {
    if (std::ranges::find(known.of, part) != known.of.end() && reader.take_word(known.word))
      return Deed{known.kind};
  }
  if (part != Part::kHuman && reader.take_word("fails")) {
    const bool evidence = part != Part::kCommand && reader.take_word("evidence");
    return Deed{evidence ? Deed::Kind::kFailsEvidence : Deed::Kind::kFails};
  }
  if (is_agent(part) && reader.take_word("returns"))
    return read_returned(reader, who);
  if (part == Part::kHuman && reader.take_word("never")) {
    if (reader.take_word("answers"))
      return Deed{Deed::Kind::kNeverAnswers};
    reader.fail({"`never`", reader.want().span}, "`answers`");
    return std::nullopt;
  }
  return read_quantity(reader, part);
}

}  // namespace

// `dev fails then returns done`: the first time, and from then on.
bool read_deeds(Reader& reader, Part part, bool reviews, Span span, plan::Assumption& says) {
  do {
    const std::optional<Deed> deed = read_deed(reader, part, reviews);
    if (!deed)
      return false;
    if (!says.deeds.empty() && !go_together(says.deeds.front().kind, deed->kind)) {
      reader.sink().add(error("F202", span, "what follows `then` answers another question",
                              "two assumptions, of which each holds from the beginning"));
      reader.give_up();
      return false;
    }
    says.deeds.push_back(*deed);
  } while (reader.take_word("then"));
  return true;
}

}  // namespace fleet::sema
