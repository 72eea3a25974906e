#include "dsl/lower/texts.h"

#include <utility>

#include "dsl/lower/command.h"
#include "dsl/lower/lower.h"

namespace fleet::lower {
namespace {

// Literal neighbours become one segment, so that equal texts are equal templates.
void append(plan::Template& text, bool hole, const std::string& piece) {
  if (!hole && !text.empty() && !text.back().hole) {
    text.back().text += piece;
  } else {
    text.push_back({hole, piece});
  }
}

}  // namespace

plan::Template Texts::fill(const plan::Template& written) const {
  plan::Template filled;
  for (const plan::Segment& segment : written) {
    const auto value = segment.hole ? values_.find(segment.text) : values_.end();
    const bool known = value != values_.end();
    append(filled, segment.hole && !known, known ? value->second : segment.text);
  }
  return filled;
}

plan::Template Texts::text(const sema::Text& written) const {
  plan::Template segments;
  for (const sema::Piece& piece : written.pieces)
    append(segments, piece.hole, piece.text);
  return fill(segments);
}

plan::Template Texts::branch(const sema::Text& written) const {
  plan::Template segments;
  for (const sema::Piece& piece : written.pieces) {
    const auto value = piece.hole ? values_.find(piece.text) : values_.end();
    const bool known = value != values_.end();
    append(segments, piece.hole && !known, known ? branch_part(value->second) : piece.text);
  }
  return segments;
}

plan::Command Texts::command(const sema::Text& written) const {
  plan::Command lowered = compile_command(written).command;
  for (plan::Template& word : lowered.argv)
    word = fill(word);
  return lowered;
}

std::vector<plan::Acceptance> Texts::acceptances(const std::vector<sema::Acceptance>& all) const {
  std::vector<plan::Acceptance> lowered;
  for (const sema::Acceptance& one : all) {
    plan::Acceptance acceptance;
    acceptance.kind = one.kind;
    acceptance.max_lines = one.max_lines;
    acceptance.text = one.written;
    if (one.kind == plan::Acceptance::Kind::kCommand) {
      acceptance.command = command(one.command);
    }
    lowered.push_back(std::move(acceptance));
  }
  return lowered;
}

}  // namespace fleet::lower
