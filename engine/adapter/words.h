// What the adapters share: JSON lines one by one, and the meaning of a status or of an error's
// words. Private to the room.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "engine/adapter/adapter.h"

namespace fleet::adapter {

using Json = nlohmann::json;

// Calls `take` with each line that is a JSON object; answers the last line that is not, made one
// line of at most 300 bytes.
std::string each_object(std::string_view output, const std::function<void(const Json&)>& take);

// Members of whatever kind the CLI gave them: "" or 0 where it is another.
std::string text_at(const Json& object, std::initializer_list<const char*> path);
std::uint64_t number_at(const Json& object, std::initializer_list<const char*> path);
bool true_at(const Json& object, const char* name);
const Json* find(const Json& object, std::initializer_list<const char*> path);

// By the HTTP status when there is one (0: none), else by the words of the error.
Cause cause_of(std::uint64_t status, std::string_view words);

// Seconds since 1970 at the end of "…limit reached|1755806400"; 0: not said.
std::int64_t until_of(std::string_view words);

std::string one_line(std::string_view text);

// Dollars as the CLIs print them to micro-dollars; negative and absurd values are none.
std::optional<std::int64_t> micros_of(double dollars);

// The call's program, or `usual`, and the arguments.
std::vector<std::string> command_line(const Call& call, const char* usual,
                                      std::initializer_list<std::string> arguments);

// One file a CLI.
Start start_claude(const Call& call);
Ending read_claude(std::string_view output, int exit_code);
Start start_codex(const Call& call);
Ending read_codex(std::string_view output, int exit_code);
Start start_gemini(const Call& call);
Ending read_gemini(std::string_view output, int exit_code);
Start start_opencode(const Call& call);
Ending read_opencode(std::string_view output, int exit_code);

}  // namespace fleet::adapter
