//! The `waterbear` binary: reads the command line and runs one command.

use std::process::ExitCode;

mod cli;

// Grading allocates many small values that live briefly; the system's allocator spends a fifth of a run on them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::run()
}
