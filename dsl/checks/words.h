// What can be said of two words at once, before any search: whether some values of their variables
// might make them the same.
#pragma once

#include "dsl/checks/unify.h"

namespace fleet::checks {

bool equal(const Symbol& a, const Symbol& b);

// Whether one letter, or one thing that only the run knows, can begin what stands for both.
bool agree(const Symbol& a, const Symbol& b);

// Whether the engine keeps the letter as it is in the value of such a variable; others it escapes.
bool is_kept(char letter, Letters letters);

// Whether the words differ before any variable, so that no value makes them meet, nor one a
// directory of the other: the common case.
bool part_at_once(const Word& left, const Word& right);

// The last letter that was dropped; `before` where none was, 0 where it was no letter.
char drop_common_beginning(Word& left, Word& right, char before);

// False only when no values make the words equal. Takes each occurrence of a variable for one of
// its own, which a walk through both at once decides, and counts: variables that both sides have
// equally often add the same to both, whatever they are. Exact but for what git refuses where no
// variable repeats. O(|left| × |right|).
bool may_meet(const Word& left, const Word& right);

}  // namespace fleet::checks
