//! `degrader check`.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use scoring_rules::degrader::reference::{self, Vector};

use super::{output, tune};

/// The longest line of a file of vectors, in bytes.
const MOST_BYTES: u64 = 4 << 20;

#[derive(Args)]
pub(crate) struct DegraderArgs {
    #[command(subcommand)]
    command: DegraderCommand,
}

#[derive(Subcommand)]
enum DegraderCommand {
    /// Run recorded courses of Rest.li's degrader and balancers again, and compare bit for bit
    ///
    /// Each line of a FILE is a JSON object of the kind `interval`, `trace`, `drop`, `d2v3` or `relative`. Every
    /// difference is printed with file, line, id, place, what was expected and what came out; the last line counts.
    Check {
        /// Files of vectors, one JSON object a line; `-` is standard input
        #[arg(required = true)]
        files: Vec<String>,
    },
    /// Judge degrader settings on a traffic profile, and print better ones to paste
    Tune(tune::TuneArgs),
}

/// Works on degrader settings.
pub(crate) fn degrader(args: &DegraderArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        DegraderCommand::Tune(args) => tune::tune(args),
        DegraderCommand::Check { files } => {
            let mut count = Count::default();
            for file in files {
                if let Err(error) = check_file(file, &mut count) {
                    count.failed += 1;
                    output::complain(&format!("{error:#}"));
                }
            }
            output::say(&format!("{} passed, {} failed", count.passed, count.failed));
            Ok(if count.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}

#[derive(Default)]
struct Count {
    passed: u64,
    failed: u64,
}

fn check_file(file: &str, count: &mut Count) -> anyhow::Result<()> {
    let mut reader: Box<dyn BufRead> = match file {
        "-" => Box::new(io::stdin().lock()),
        path => Box::new(BufReader::new(File::open(path).with_context(|| path.to_owned())?)),
    };
    let mut line = Vec::new();
    let before = count.passed + count.failed;
    for number in 1_u64.. {
        let place = format!("{file}:{number}");
        match read_line(&mut reader, &mut line).with_context(|| place.clone())? {
            Next::End => break,
            Next::Line if line.trim_ascii().is_empty() => {}
            Next::Line => check_line(&place, &line, count),
            Next::TooLong => {
                count.failed += 1;
                output::say(&format!(
                    "{place}: longer than {} MiB, the most a vector may be",
                    MOST_BYTES >> 20
                ));
            }
        }
    }
    anyhow::ensure!(count.passed + count.failed > before, "{file}: there is no vector in it");
    Ok(())
}

fn check_line(place: &str, line: &[u8], count: &mut Count) {
    let vector: Vector = match serde_json::from_slice(line) {
        Ok(vector) => vector,
        Err(error) => {
            count.failed += 1;
            output::say(&format!(
                "{place}: no vector of a kind that is known: {}",
                plain(&error.to_string())
            ));
            return;
        }
    };
    let found = reference::check(&vector);
    for difference in &found {
        output::say(&format!(
            "{place}: {} {}: expected {}, got {}",
            plain(vector.id()),
            difference.place,
            plain(&difference.expected),
            plain(&difference.got)
        ));
    }
    if found.is_empty() {
        count.passed += 1;
    } else {
        count.failed += 1;
    }
}

enum Next {
    Line,
    TooLong,
    End,
}

/// Reads the next line into `line`. One that is too long is passed over, never held.
fn read_line(reader: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<Next> {
    line.clear();
    let read = reader.take(MOST_BYTES + 1).read_until(b'\n', line)?;
    if read == 0 {
        return Ok(Next::End);
    }
    if line.last() == Some(&b'\n') || line.len() as u64 <= MOST_BYTES {
        return Ok(Next::Line);
    }
    reader.skip_until(b'\n')?;
    Ok(Next::TooLong)
}

/// A text of a file as one line, without what would steer a terminal.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
