// Which headers pass from one side to the other, and in which a session shows its token. Pure.
#pragma once

#include <string>

#include "engine/broker/beast.h"

namespace fleet::broker {

// Not what concerns one hop only, what names the session, and what the broker says itself.
void copy_request_fields(const Request& from, Request& to);

// The same of an answer; where one repeats `secret`, stars stand in its place.
void copy_answer_fields(const http::fields& from, http::fields& to, const std::string& secret);

// What the CLIs show as their key, in whichever way. Empty: nothing.
std::string token_in(const Request& request);

}  // namespace fleet::broker
