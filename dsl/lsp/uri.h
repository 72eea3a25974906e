// Names of files as editors write them: `file:///home/a/ship.fleet`.
#pragma once

#include <string>
#include <string_view>

namespace fleet::lsp {

// The absolute path of a `file:` URI with its escapes read. Of any other URI (an unsaved buffer,
// `untitled:Untitled-1`) the URI itself, which is then the name of a document that is on no disk.
std::string path_of_uri(std::string_view uri);

// The other way round: a path that begins with `/` becomes a `file:` URI, all else stays.
std::string uri_of_path(std::string_view path);

}  // namespace fleet::lsp
