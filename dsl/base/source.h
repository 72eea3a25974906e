// Source texts and positions in them. Positions are byte offsets everywhere; lines and columns
// exist only where something is shown to a person.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fleet {

// Index into a SourceMap.
struct SourceId {
  std::uint32_t value = 0;
  friend bool operator==(SourceId, SourceId) = default;
};

// Half-open byte range [begin, end) of one source.
struct Span {
  SourceId source;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  friend bool operator==(const Span&, const Span&) = default;
};

// The smallest span that covers both; where they are in two sources, the first one.
Span cover(const Span& a, const Span& b);

// 1-based; `column` counts Unicode code points, `byte_column` bytes, `utf16_column` UTF-16 units.
struct LineColumn {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
  std::uint32_t byte_column = 1;
  std::uint32_t utf16_column = 1;
};

// One text with its name as the user wrote it ("ship.fleet", "std/roles.fleet"). Immutable.
class Source {
 public:
  Source(std::string name, std::string text);

  const std::string& name() const { return name_; }
  std::string_view text() const { return text_; }
  // `offset` past the end is clamped to the end. A byte order mark is in no line and no column.
  LineColumn locate(std::uint32_t offset) const;
  // The line's text without its newline (and without a '\r' before it). `line` is 1-based; a line
  // that does not exist is empty.
  std::string_view line(std::uint32_t line) const;
  std::uint32_t line_count() const { return static_cast<std::uint32_t>(line_starts_.size()); }
  std::uint32_t line_start(std::uint32_t line) const;

 private:
  std::string name_;
  std::string text_;
  std::vector<std::uint32_t> line_starts_;
};

// A source that is read again in another place: the body of a pattern, for one use of it.
struct Expansion {
  SourceId of;  // as it was written; no expansion itself
  Span use;     // may be in an expansion
};

// Owns the sources of one compilation; ids and references stay valid for its life. Not thread-safe.
class SourceMap {
 public:
  SourceId add(std::string name, std::string text);
  // Another id for the same text, so that a span tells by which use it came to be.
  SourceId expand(SourceId of, Span use);
  // nullptr: the source is as it was written.
  const Expansion* expansion(SourceId id) const;
  // The same characters in the source as it was written.
  Span written(Span span) const;
  const Source& get(SourceId id) const;
  std::string_view text(const Span& span) const;
  std::size_t size() const { return sources_.size(); }

 private:
  struct Entry {
    std::shared_ptr<const Source> source;
    std::optional<Expansion> expansion;
  };
  std::vector<Entry> sources_;
};

}  // namespace fleet
