// The files that the server sees: what the editor has open, before what is on the disk. An open
// document that was never saved is a file like any other.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "dsl/driver/files.h"
#include "dsl/lsp/position.h"

namespace fleet::lsp {

// The file system, so that tests can put texts in its place.
class Disk : public FileReader {
 public:
  // Changes when the file does; empty: there is no such file.
  virtual std::string stamp(const std::string& path) = 0;
  // The names in a folder, sorted; a folder's name ends with `/`. Empty for what is none.
  virtual std::vector<std::string> list(const std::string& folder) = 0;
};

// The real one.
class SystemDisk : public Disk {
 public:
  FileText read(const std::string& path) override;
  std::string stamp(const std::string& path) override;
  std::vector<std::string> list(const std::string& folder) override;
};

struct Document {
  std::string uri;  // as the client writes it
  std::int64_t version = 0;
  std::string text;
  // Of this text among all that the server was told: a number that no other text has.
  std::uint64_t revision = 0;
};

// One change of a document: the new text of a range, or without one the whole text.
struct Change {
  bool whole = true;
  Range range;
  std::string text;
};

class Files : public FileReader {
 public:
  explicit Files(Disk& disk) : disk_(disk) {}

  void open(const std::string& path, Document document);
  // False, and nothing changes: no such document is open.
  bool change(const std::string& path, std::int64_t version, const std::vector<Change>& changes,
              Encoding encoding);
  void close(const std::string& path);

  // nullptr: not open.
  const Document* document(const std::string& path) const;
  const std::map<std::string, Document>& documents() const { return documents_; }

  FileText read(const std::string& path) override;
  // Changes when what `read` gives does; empty: there is no such file.
  std::string stamp(const std::string& path) const;
  std::vector<std::string> list(const std::string& folder) const { return disk_.list(folder); }

 private:
  Disk& disk_;
  std::map<std::string, Document> documents_;  // by path
  std::uint64_t revisions_ = 0;
};

}  // namespace fleet::lsp
