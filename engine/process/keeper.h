// The keeper: one small single-threaded process for all local jobs of one state directory. It
// starts, reaps and records them, so that the engine may die at any instant and lose no exit. Where
// the platform allows it is PID 1 of a PID namespace of its own; else a subreaper whose successor
// finds and kills what it left. Exits of a batch share one fdatasync, which comes before anybody is
// told of them.
#pragma once

namespace fleet::process {

// The command `fleetc keeper --state DIR [--idle MS] [--no-namespaces]`: argv[0] is "keeper".
// Returns in the calling process once the keeper listens in the background (exit code 0), or says
// on stderr why it does not (70, 2 for wrong usage). A keeper that already listens is success.
int keeper_main(int argc, char** argv);

}  // namespace fleet::process
