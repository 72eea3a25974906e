#include "dsl/lsp/hover.h"

#include <algorithm>
#include <string_view>

#include "dsl/base/codes.h"
#include "dsl/lsp/costs.h"
#include "dsl/lsp/word_hover.h"
#include "dsl/plan/describe.h"
#include "dsl/sema/explain.h"

namespace fleet::lsp {
namespace {

std::string ticked(std::string_view text) {
  return "`" + std::string(text) + "`";
}

// Each key with what holds: the last value that replaces, and what later layers add to it.
std::string contract(const Snapshot& snapshot, const std::string& path) {
  std::string text;
  for (const sema::Explained& one : sema::explain_value(snapshot.model(), path)) {
    std::string value;
    for (const sema::Origin& origin : one.origins) {
      const bool schema = origin.layer == sema::Layer::kSchema;
      value = (origin.add && !value.empty() ? value + " and " : "") +
              ticked(on_one_line(origin.text)) +
              (schema ? "" : " · " + origin.owner + ", " + place_of(snapshot, origin.span));
    }
    text += "- " + ticked(one.name.substr(one.name.find_last_of('.') + 1)) + ": " + value + "\n";
  }
  return text;
}

std::string header_of(const Snapshot& snapshot, const Named& named) {
  if (named.block != nullptr && named.kind != NameKind::kParameter)
    return std::string(snapshot.sources().text(named.block->header));
  if (named.step != nullptr && named.kind == NameKind::kStep)
    return on_one_line(snapshot.sources().text(named.whole()));
  if (named.kind == NameKind::kModule)
    return std::string(snapshot.sources().text(named.whole()));
  return {};
}

// " of pattern `mended`", " of flow `ship`"
std::string outer(const Snapshot& snapshot, const Named& named) {
  if (!named.inside)
    return {};
  const Named& around = snapshot.names().at(*named.inside);
  return " of " + std::string(word_of(around.kind)) + " " + ticked(around.name);
}

// The dotted name up to the end of the mention: "ship.build".
std::string_view path_up_to(const Snapshot& snapshot, const Span& mention) {
  const std::string_view text = snapshot.sources().get(mention.source).text();
  std::uint32_t begin = mention.begin;
  const auto goes_on = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.';
  };
  while (begin > 0 && goes_on(text[begin - 1]))
    --begin;
  return text.substr(begin, mention.end - begin);
}

// What is said of a name wherever it stands, and what holds of it there.
std::string describe_mention(const Snapshot& snapshot, const Mention& mention) {
  const Named& named = snapshot.names().at(mention.named);
  std::string text = describe(snapshot, named);
  const std::string_view path = path_up_to(snapshot, mention.span);
  if (named.kind == NameKind::kStep && path.find('.') != std::string_view::npos)
    text += cost_of_member(snapshot, mention.span.source, mention.span.begin, path);
  return text;
}

std::string problems_at(const Snapshot& snapshot, SourceId source, std::uint32_t offset) {
  std::string text;
  for (const Diagnostic& one : snapshot.diagnostics()) {
    const Span& span = one.primary.span;
    const CodeRow* const row = find_code(one.code);
    if (row != nullptr && span.source == source && contains(span, offset))
      text += "\n---\n**" + one.code + "** " + std::string(row->title) + ": " +
              std::string(row->explanation) + "\n";
  }
  return text;
}

}  // namespace

std::string describe(const Snapshot& snapshot, const Named& named) {
  const std::string header = header_of(snapshot, named);
  std::string text = header.empty() ? "" : code_block(header);
  if (header.empty())
    text =
        std::string(word_of(named.kind)) + " " + ticked(named.name) + outer(snapshot, named) + "\n";
  if (!named.doc.empty())
    text += "\n" + named.doc + "\n";
  if (named.uses) {
    const Named& pattern = snapshot.names().at(*named.uses);
    text += "\n" + code_block(header_of(snapshot, pattern)) + pattern.doc + "\n";
  }
  text += cost_of(snapshot, named);
  const bool has_keys = named.block != nullptr && named.kind != NameKind::kParameter &&
                        named.kind != NameKind::kTest && named.kind != NameKind::kFleet;
  const std::string keys =
      has_keys ? contract(snapshot, path_of(*named.block, named.name)) : std::string();
  if (!keys.empty())
    text += "\n" + keys;
  return text;
}

std::optional<Hover> hover(const Snapshot& snapshot, SourceId source, std::uint32_t offset) {
  std::optional<Hover> found;
  if (const Mention* const mention = snapshot.names().find(source, offset))
    found = Hover{describe_mention(snapshot, *mention), mention->span};
  else
    found = hover_of_word(snapshot, source, offset);
  const std::string problems = problems_at(snapshot, source, offset);
  if (!found && !problems.empty())
    found = Hover{"", {source, offset, offset}};
  if (found)
    found->markdown += problems;
  return found;
}

std::string explain_page(const std::string& code) {
  const CodeRow* const row = find_code(code);
  if (row == nullptr)
    return {};
  std::string page = "# " + std::string(row->code) + ": " + std::string(row->title) + "\n\n" +
                     std::string(row->explanation) + "\n";
  if (!row->bad.empty())
    page += "\nWrong:\n\n" + code_block(row->bad);
  if (!row->good.empty())
    page += "\nRight:\n\n" + code_block(row->good);
  return page;
}

}  // namespace fleet::lsp
