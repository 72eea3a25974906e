// Jobs and reports as bytes. What decode yields from bytes that encode did not write is well-formed
// or marks the reader as failed; it is never trusted to mean anything.
#pragma once

#include "engine/process/job.h"
#include "engine/process/launcher.h"
#include "engine/process/wire.h"

namespace fleet::process {

void put_key(Writer& out, const JobKey& key);
JobKey get_key(Reader& in);

void put_job(Writer& out, const JobSpec& job);
JobSpec get_job(Reader& in);

void put_report(Writer& out, const JobReport& report);
JobReport get_report(Reader& in);

void put_status(Writer& out, const JobStatus& status);
JobStatus get_status(Reader& in);

void put_capabilities(Writer& out, const Capabilities& capabilities);
Capabilities get_capabilities(Reader& in);

}  // namespace fleet::process
