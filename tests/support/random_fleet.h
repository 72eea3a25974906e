// Texts for property tests: well-formed ones in wild layouts, and damaged ones. The same seed gives
// the same text.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace fleet::testing {

// Well-formed by grammar, meaningless otherwise. Blanks, line breaks and comments stand wherever
// the language allows them.
class RandomFleet {
 public:
  explicit RandomFleet(std::uint32_t seed) : random_(seed) {}

  std::string file() {
    std::string out = chance(10) ? "\xEF\xBB\xBF" : "";
    for (int i = below(3); i > 0; --i) {
      out += trivia_lines() + use() + line_end();
    }
    for (int i = 1 + below(4); i > 0; --i) {
      out += trivia_lines() + item(3) + line_end();
    }
    out += trivia_lines();
    return chance(8) ? with_crlf(out) : out;
  }

 private:
  int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  bool chance(int one_in) { return below(one_in) == 0; }
  template <std::size_t N>
  std::string pick(const std::array<std::string_view, N>& from) {
    return std::string(from[static_cast<std::size_t>(below(static_cast<int>(N)))]);
  }

  static std::string with_crlf(const std::string& text) {
    std::string out;
    for (const char c : text) {
      out += c == '\n' ? "\r\n" : std::string(1, c);
    }
    return out;
  }

  std::string blank() {
    return std::string(static_cast<std::size_t>(1 + below(3)), chance(6) ? '\t' : ' ');
  }
  std::string maybe_blank() { return chance(3) ? blank() : ""; }
  std::string comment() {
    return pick(
        std::array<std::string_view, 5>{"// why", "/// doc", "//", "//// many", "/// été  "});
  }
  std::string line_break() {
    return maybe_blank() + (chance(5) ? comment() : "") + "\n" +
           (chance(6) ? maybe_blank() + comment() + "\n" : "") + (chance(8) ? "\n" : "") +
           maybe_blank();
  }
  std::string trivia_lines() {
    std::string out;
    for (int i = below(4); i > 0; --i) {
      out += maybe_blank() + (chance(2) ? comment() : "") + "\n";
    }
    return out + maybe_blank();
  }
  std::string line_end() {
    return maybe_blank() + (chance(4) ? ";" + maybe_blank() : "") + (chance(4) ? comment() : "") +
           "\n";
  }
  // Between atoms of a bracket, where a line break is a blank.
  std::string pad(bool brackets) { return brackets && chance(5) ? line_break() : maybe_blank(); }

  std::string name() {
    return pick(std::array<std::string_view, 12>{"a", "build", "review", "fix_a", "f", "x1", "_",
                                                 "verdict", "some", "v", "retry", "in"});
  }
  std::string plain_name() {
    return pick(
        std::array<std::string_view, 6>{"alpha", "beta", "gamma", "delta_1", "escalate", "diff"});
  }
  std::string path() {
    std::string out = plain_name();
    for (int i = below(3); i > 0; --i) {
      out += "." + name();
    }
    return out + (chance(6) ? "@v4" : "") + (chance(8) ? "/day" : "");
  }
  std::string literal() {
    return pick(std::array<std::string_view, 15>{"8", "0.5", "90s", "15min", "1.5h", "300ms", "$3",
                                                 "$1.50/task", "200ktok", "5GiB", "80%", "12",
                                                 "2027-01-31", "5/h", "2d"});
  }
  std::string string() {
    return pick(std::array<std::string_view, 8>{
        R"("")", R"("sh a.sh {item}")", R"("{{literal}} // no comment")",
        R"("a \"quoted\" \\ \n \u{e9}")", R"("{x.y}{z}")",
        "\"\"\"\n      two\n        lines {x}\n      \"\"\"", "\"\"\"beside \\ \"\"\"",
        "\"\"\"beside\n  and below\"\"\""});
  }

  std::string arguments(int depth, char open, char close) {
    std::string out(1, open);
    const int count = below(4);
    for (int i = 0; i < count; ++i) {
      out += pad(true) + (chance(4) ? name() + maybe_blank() + ":" + pad(true) : "") +
             run(depth, true) + pad(true);
      out += i + 1 < count || chance(4) ? "," : "";
    }
    return out + pad(true) + close;
  }

  std::string atom(int depth, bool brackets) {
    switch (below(depth > 0 ? (brackets ? 5 : 6) : 3)) {
      case 0: return literal();
      case 1: return string();
      case 3: return arguments(depth - 1, '[', ']');
      case 4: return path_without_per() + arguments(depth - 1, '(', ')');
      case 5: return chance(3) ? "loop until " + path() + " " + body(depth - 1) : path();
      default: return path();
    }
  }
  std::string path_without_per() { return plain_name() + (chance(2) ? "." + name() : ""); }

  // Atoms that need no comma between them, even inside brackets: words, operators and one value a
  // word.
  std::string run(int depth, bool brackets) {
    std::string out = atom(depth, brackets);
    for (int i = below(4); i > 0; --i) {
      switch (below(brackets ? 3 : 4)) {
        case 0: out += gap(brackets) + plain_name(); break;
        case 1:
          out += gap(brackets) +
                 pick(std::array<std::string_view, 8>{"->", "..", "<", "<=", "==", "&", "|", ">"});
          out += (brackets || !chance(4) ? gap(brackets) : line_break()) + atom(depth, brackets);
          break;
        case 2: out += gap(brackets) + plain_name() + gap(brackets) + literal(); break;
        default:
          out += (chance(2) ? line_break() : blank()) +
                 pick(std::array<std::string_view, 6>{"retry", "timeout", "else", "after", "to",
                                                      "max"}) +
                 blank() + atom(depth, brackets);
      }
    }
    return out;
  }
  std::string gap(bool brackets) { return brackets && chance(6) ? line_break() : blank(); }

  std::string use() {
    std::string out =
        "use " + (chance(3) ? std::string("\"./roles.fleet\"") : "std." + plain_name());
    out += chance(3) ? ""
                     : blank() + "(" + pad(true) + plain_name() + pad(true) + "," + pad(true) +
                           plain_name() + ")";
    return out + (chance(3) ? " as " + name() : "");
  }

  std::string item(int depth) {
    if (depth == 0 || chance(2)) {
      const std::string mark = chance(4) ? "+=" : "=";
      return name() + maybe_blank() + mark + (chance(8) ? line_break() : maybe_blank()) +
             run(depth, false);
    }
    std::string out = plain_name();
    if (!chance(6)) {
      out += blank() + (chance(6) ? std::string("\"a test\"") : plain_name());
      out += chance(5) && out.back() != '"'
                 ? maybe_blank() + "," + (chance(3) ? line_break() : blank()) + plain_name()
                 : "";
      out += chance(3) ? " v" + std::to_string(below(20)) : "";
      out += chance(5) ? maybe_blank() + "(" + pad(true) + plain_name() + pad(true) + ")" : "";
      out += chance(3) ? maybe_blank() + ":" + maybe_blank() + plain_name() : "";
      out += chance(6) ? blank() + "on " + path() : "";
    }
    return out + maybe_blank() + body(depth - 1);
  }

  std::string body(int depth) {
    std::string out = "{";
    const int count = below(4);
    if (chance(2)) {
      for (int i = 0; i < count; ++i) {
        out +=
            maybe_blank() + item(depth) + maybe_blank() + (i + 1 < count || chance(4) ? ";" : "");
      }
      return out + maybe_blank() + "}";
    }
    out += (chance(4) ? maybe_blank() + ";" : "") + line_break();
    for (int i = 0; i < count; ++i) {
      out += trivia_lines() + item(depth) + line_end();
    }
    return out + trivia_lines() + "}";
  }

  std::mt19937 random_;
};

// `text` with a few random changes: bytes lost, doubled, swapped, replaced by what the grammar
// minds most.
inline std::string damaged(std::string text, std::uint32_t seed) {
  constexpr std::array<std::string_view, 24> kPieces = {"{",    "}",
                                                        "[",    "]",
                                                        "(",    ")",
                                                        "\"",   "\"\"\"",
                                                        "//",   "\n",
                                                        "\r",   ";",
                                                        ",",    "=",
                                                        ":",    "->",
                                                        "..",   "@",
                                                        "/",    "\\",
                                                        "\xff", "\xE2\x80\xAE",
                                                        "x = ", std::string_view("\0", 1)};
  std::mt19937 random(seed);
  const auto below = [&](std::size_t n) {
    return static_cast<std::size_t>(random() % n);
  };
  for (std::size_t i = 1 + below(6); i > 0; --i) {
    const std::size_t at = below(text.size() + 1);
    const std::size_t length = std::min(below(random() % 4 == 0 ? 200 : 4) + 1, text.size() - at);
    const std::string taken = text.substr(at, length);
    switch (below(4)) {
      case 0: text.erase(at, length); break;
      case 1: text.insert(below(text.size() + 1), taken); break;
      case 2: text.insert(at, kPieces[below(kPieces.size())]); break;
      default: text.replace(at, std::min<std::size_t>(1, length), kPieces[below(kPieces.size())]);
    }
  }
  return text;
}

}  // namespace fleet::testing
