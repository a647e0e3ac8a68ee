//! Where things are: the workspace, the sample inputs, the binary under test.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

/// The root of the workspace.
pub fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        here.parent().map(Path::to_path_buf).unwrap_or_default()
    })
}

/// The recorded and composed inputs that lie beside the repository, in `../shared/samples`.
pub fn samples_dir() -> PathBuf {
    shared("samples", "sample inputs")
}

/// The recorded behaviour of the reference implementation, in `../shared/vectors`.
pub fn vectors_dir() -> PathBuf {
    shared("vectors", "reference vectors")
}

fn shared(name: &str, what: &str) -> PathBuf {
    let dir = root().join("../shared").join(name);
    assert!(
        dir.is_dir(),
        "the {what} are missing: expected a directory {} (see tests/README.md)",
        dir.display()
    );
    dir
}

/// One sample, as bytes.
pub fn sample(path: &str) -> Vec<u8> {
    let file = samples_dir().join(path);
    std::fs::read(&file).unwrap_or_else(|e| panic!("cannot read the sample {}: {e}", file.display()))
}

/// One sample, as JSON.
pub fn sample_json(path: &str) -> Value {
    serde_json::from_slice(&sample(path)).unwrap_or_else(|e| panic!("the sample {path} is not JSON: {e}"))
}

/// A new folder with these files, each path and text.
pub(crate) fn folder_with(files: &[(String, String)]) -> TempDir {
    let dir = TempDir::new().unwrap_or_else(|e| panic!("no temporary directory: {e}"));
    for (path, text) in files {
        let file = dir.path().join(path);
        let made = file.parent().map_or(Ok(()), std::fs::create_dir_all);
        made.and_then(|()| std::fs::write(&file, text)).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    }
    dir
}

/// Every file under `dir` whose name ends in `ending`, sorted.
pub fn files_under(dir: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(dir) else { return found };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() {
            if !matches!(name.as_str(), "target" | "node_modules" | ".git" | "data") {
                found.extend(files_under(&path, ending));
            }
        } else if name.ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The binary under test: `WATERBEAR_BIN`, or the one that cargo put beside this test.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(named) = std::env::var_os("WATERBEAR_BIN") {
            let path = PathBuf::from(named);
            assert!(path.is_file(), "WATERBEAR_BIN names no file: {}", path.display());
            return path;
        }
        let test = std::env::current_exe().unwrap_or_default();
        let profile = test.parent().and_then(Path::parent).unwrap_or(Path::new("."));
        let path = profile.join("waterbear");
        assert!(
            path.is_file(),
            "there is no {}: run `cargo build --workspace` first (tests/run does)",
            path.display()
        );
        path
    })
}
