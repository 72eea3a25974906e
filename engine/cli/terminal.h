// Standard output and error, and what they are connected to. Only this folder prints.
#pragma once

#include <string_view>

#include "engine/base/result.h"

namespace fleet::cli {

// Results go to stdout, everything else to stderr. A reader that went away (EPIPE) is not an error.
void print(std::string_view text);
void complain(std::string_view text);
// "fleetc: MESSAGE" on stderr.
void complain(const Error& error);

bool output_is_terminal();
bool errors_are_terminal();
// Colour only on a terminal, and not when NO_COLOR is set or TERM is dumb.
bool output_has_colour();
bool errors_have_colour();
// Columns of the terminal that stdout (else stderr) is, 80 when unknown.
unsigned terminal_columns();

// Asks on the terminal; false when there is none or the answer is not yes.
bool ask(std::string_view question);

}  // namespace fleet::cli
