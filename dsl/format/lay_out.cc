#include <algorithm>
#include <map>
#include <utility>

#include "dsl/base/utf8.h"
#include "dsl/format/printer.h"

namespace fleet::format_detail {
namespace {

using Kind = Entry::Kind;
using Run = std::vector<std::size_t>;  // indices of entries on adjacent lines

constexpr std::size_t kTableRows = 3;  // from here on keys get columns
constexpr int kCommentStep = 8;
constexpr int kCommentGap = 2;
constexpr int kWidestForComments = 60;  // a longer line has no say in where the comments stand

int width(const std::string& text) {
  return display_width(text);
}

std::string padded(std::string text, int columns) {
  text.append(static_cast<std::size_t>(std::max(0, columns - width(text))), ' ');
  return text;
}

// "agent", of a header's names.
std::string_view kind_word(const Entry& entry) {
  const std::string_view names = entry.header.names;
  return names.substr(0, names.find_first_of(" ("));
}

class Layout {
 public:
  Layout(std::vector<Entry> entries, int indent) : entries_(std::move(entries)), indent_(indent) {}

  std::vector<std::string> run() {
    for (const Run& run : runs(Kind::kAssignment)) {
      align_assignments(run);
    }
    for (const Run& run : runs(Kind::kBlockLine)) {
      align_blocks(run);
    }
    std::vector<std::string> out;
    for (Entry& entry : entries_) {
      if (entry.blank_before) {
        out.emplace_back();
      }
      entry.lines.front().insert(0, static_cast<std::size_t>(indent_), ' ');
      if (!entry.comment.empty()) {
        entry.lines.back() +=
            (comment_gaps_.contains(&entry) ? comment_gaps_[&entry] : "  ") + entry.comment;
      }
      std::move(entry.lines.begin(), entry.lines.end(), std::back_inserter(out));
    }
    return out;
  }

 private:
  // Entries of that kind that follow one another without an empty line. Comments between them don't
  // part them; one-line blocks have to be of one kind of declaration as well.
  std::vector<Run> runs(Kind kind) const {
    std::vector<Run> out;
    bool open = false;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      const Entry& entry = entries_[i];
      open = open && !entry.blank_before;
      if (entry.kind == Kind::kComment) {
        continue;
      }
      if (entry.kind != kind) {
        open = false;
        continue;
      }
      if (!open || (kind == Kind::kBlockLine &&
                    kind_word(entries_[out.back().back()]) != kind_word(entry))) {
        out.emplace_back();
      }
      out.back().push_back(i);
      open = true;
    }
    return out;
  }

  void align_assignments(const Run& run) {
    int columns = 0;
    bool has_body = false;
    for (const std::size_t i : run) {
      columns = std::max(columns, width(entries_[i].key) + 1 + width(entries_[i].mark));
      has_body = has_body || entries_[i].has_body;
    }
    columns += has_body && run.size() > 1 ? 1 : 0;
    for (const std::size_t i : run) {
      Entry& entry = entries_[i];
      const std::string left = padded(entry.key, columns - width(entry.mark)) + entry.mark;
      entry.lines.front() = left + " " + entry.lines.front();
    }
    align_comments(run);
  }

  void align_comments(const Run& run) {
    int widest = 0;
    for (const std::size_t i : run) {
      const std::vector<std::string>& lines = entries_[i].lines;
      const int columns = width(lines.front());
      widest =
          lines.size() == 1 && columns <= kWidestForComments ? std::max(widest, columns) : widest;
    }
    const int column = (widest + kCommentGap + kCommentStep - 1) / kCommentStep * kCommentStep;
    for (const std::size_t i : run) {
      const std::vector<std::string>& lines = entries_[i].lines;
      if (lines.size() == 1 && run.size() > 1) {
        const int gap = std::max(kCommentGap, column - width(lines.front()));
        comment_gaps_[&entries_[i]] = std::string(static_cast<std::size_t>(gap), ' ');
      }
    }
  }

  void align_blocks(const Run& run) {
    Header columns;  // the widest of each part
    const auto widen = [](std::string& widest, const std::string& part) {
      widest = width(part) > width(widest) ? part : widest;
    };
    for (const std::size_t i : run) {
      widen(columns.names, entries_[i].header.names);
      widen(columns.version, entries_[i].header.version);
      widen(columns.base, entries_[i].header.base);
      widen(columns.on, entries_[i].header.on);
    }
    const std::vector<std::string> bodies = table(run);
    for (std::size_t row = 0; row < run.size(); ++row) {
      Entry& entry = entries_[run[row]];
      std::string line = padded(entry.header.names, width(columns.names));
      for (const auto part : {&Header::version, &Header::base, &Header::on}) {
        if (!(columns.*part).empty()) {
          line += " " + padded(entry.header.*part, width(columns.*part));
        }
      }
      entry.lines = {line + " " + bodies[row]};
    }
  }

  // The bodies of one-line blocks, `{ a = 1; b = 2 }`, with their leading keys in columns.
  std::vector<std::string> table(const Run& run) const {
    std::vector<std::string> out(run.size(), "{");
    std::vector<std::size_t> at(run.size(), 0);  // the next cell of each row
    const auto cell = [&](std::size_t row) -> const Cell* {
      const std::vector<Cell>& cells = entries_[run[row]].cells;
      return at[row] < cells.size() ? &cells[at[row]] : nullptr;
    };
    const auto text = [&](std::size_t row) {
      return " " + cell(row)->text + (at[row] + 1 < entries_[run[row]].cells.size() ? ";" : "");
    };
    for (std::string key = column_key(run, at); !key.empty(); key = column_key(run, at)) {
      int columns = 0;
      for (std::size_t row = 0; row < run.size(); ++row) {
        columns = cell(row) != nullptr && cell(row)->key == key
                      ? std::max(columns, width(text(row)))
                      : columns;
      }
      for (std::size_t row = 0; row < run.size(); ++row) {
        if (cell(row) == nullptr) {
          continue;
        }
        const bool has_key = cell(row)->key == key;
        const bool last = has_key && at[row] + 1 == entries_[run[row]].cells.size();
        out[row] += has_key ? (last ? text(row) : padded(text(row), columns)) : padded("", columns);
        at[row] += has_key ? 1U : 0U;
      }
    }
    for (std::size_t row = 0; row < run.size(); ++row) {
      for (; cell(row) != nullptr; ++at[row]) {
        out[row] += text(row);
      }
      out[row] += out[row] == "{" ? "}" : " }";
    }
    return out;
  }

  // The key that the next column is for: more than half of the rows have it, and all that have it
  // have come to it. Empty: no more columns.
  std::string column_key(const Run& run, const std::vector<std::size_t>& at) const {
    if (run.size() < kTableRows) {
      return {};
    }
    std::map<std::string, std::size_t> rows_with;
    std::vector<std::string> heads;
    for (std::size_t row = 0; row < run.size(); ++row) {
      const std::vector<Cell>& cells = entries_[run[row]].cells;
      for (std::size_t i = at[row]; i < cells.size(); ++i) {
        rows_with[cells[i].key] += 1;
      }
      heads.push_back(at[row] < cells.size() ? cells[at[row]].key : std::string());
    }
    for (const std::string& key : heads) {
      const auto at_head = static_cast<std::size_t>(std::count(heads.begin(), heads.end(), key));
      if (!key.empty() && at_head * 2 > run.size() && rows_with[key] == at_head) {
        return key;
      }
    }
    return {};
  }

  std::vector<Entry> entries_;
  int indent_;
  std::map<const Entry*, std::string> comment_gaps_;
};

}  // namespace

std::vector<std::string> lay_out(const std::vector<Entry>& entries, int indent) {
  return Layout(entries, indent).run();
}

}  // namespace fleet::format_detail
