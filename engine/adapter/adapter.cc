#include "engine/adapter/adapter.h"

#include "engine/adapter/words.h"

namespace fleet::adapter {

Start start(Kind kind, const Call& call) {
  switch (kind) {
    case Kind::kClaude: return start_claude(call);
    case Kind::kCodex: return start_codex(call);
    case Kind::kGemini: return start_gemini(call);
    case Kind::kOpencode: return start_opencode(call);
  }
  return {};
}

Ending read_output(Kind kind, std::string_view output, int exit_code) {
  switch (kind) {
    case Kind::kClaude: return read_claude(output, exit_code);
    case Kind::kCodex: return read_codex(output, exit_code);
    case Kind::kGemini: return read_gemini(output, exit_code);
    case Kind::kOpencode: return read_opencode(output, exit_code);
  }
  return {};
}

}  // namespace fleet::adapter
