// Identity documents: each is read where its declaration says, and its YAML front matter has to
// agree with that. yaml-cpp stays in documents.cc.
#pragma once

#include "dsl/base/diagnostic.h"
#include "dsl/driver/files.h"
#include "dsl/sema/model.h"

namespace fleet {

// Fills Identity::document. F410: the front matter lacks a version, or says another one; F411: its
// log does not end with that version; F412, a warning: there is no such document, which only the
// repository's base can decide.
void read_documents(FileReader& files, sema::Model& model, DiagnosticSink& sink);

}  // namespace fleet
