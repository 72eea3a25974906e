// `fleet.lock`, beside the fleet's file: which documents and which standard library it was checked
// with. A document that changes has to change its version as well; the lock is how anybody can
// tell.
//
//   # Written by `fleetc lock`: what the fleets of this folder were checked with.
//   std std.roles sha256:…
//   identity v4 sha256:… identity/core.md
//
// Lines are sorted, so that two branches that lock different things merge.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dsl/base/diagnostic.h"
#include "dsl/driver/files.h"
#include "dsl/sema/analyze.h"

namespace fleet {

struct Lock {
  struct Document {
    std::uint32_t version = 0;
    std::string sha256;
  };
  std::map<std::string, std::string> library;  // hash by module: "std.roles"
  std::map<std::string, Document> documents;   // by path, from the lock's folder
};

// nullopt: `problem` says which line is none of a lock's.
std::optional<Lock> read_lock(std::string_view text, std::string& problem);
std::string to_text(const Lock& lock);

// Where the lock of a fleet's file is.
std::string lock_path(const std::string& fleet_file);

// F411 for a document that is not what its version was locked as, F413 for another standard
// library. Without a lock nothing is compared. Returns what the lock should say now: what it says
// of other fleets in the folder is kept. REQUIRES: read_documents was called.
Lock check_lock(FileReader& files, const std::string& fleet_file,
                const std::vector<sema::Module>& modules, const sema::Model& model,
                DiagnosticSink& sink);

}  // namespace fleet
