//! The rules of the house, held by reading the sources: `lib.rs` says the order of modules, this test holds them to it.
//!
//! ```text
//!   lib.rs   types  clock  prng  disk  batch … script │ fidelity … inspect  lesson  tui  cli
//!            ─────────────── the core ─────────────── │ ───── may touch files, clock, threads ─────
//!            a file of `batch` may say `crate::disk`, `crate::types`; never `crate::script`
//! ```
//!
//! What always holds: a message names file and line and says what to do. Test code (files declared under
//! `#[cfg(test)]`, and what follows `#[cfg(test)]` in a file) may import upwards and use the whole standard library.
//!
//! Left out: this reads text, not syntax; comments are cut off, but a forbidden name inside a string is found too.

use crate::trace::width;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Modules above the core.
const UPPER: &[&str] = &["lesson", "inspect", "simulate", "tui", "wire", "cli", "main"];

/// Modules that may read and write files: `disk` for the cluster, the upper ones for lessons, progress and arguments.
const FILES: &[&str] = &["disk", "lesson", "inspect", "simulate", "tui", "wire", "cli", "main"];

/// What the core may not say, and what to do instead.
const CORE_FORBIDS: &[(&str, &str)] = &[
    ("HashMap", "its order differs from run to run: use BTreeMap"),
    ("HashSet", "its order differs from run to run: use BTreeSet"),
    ("Instant::now", "time is clock::Instant, handed in by the caller"),
    ("SystemTime", "time is clock::Timestamp, handed in by the caller"),
    ("std::thread", "the core is one thread; `simulate` runs many of it"),
    ("std::net", "the network is `cluster`'s, a queue of values"),
    ("println!", "the core returns what it has to say"),
];

/// The source tree's root.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files under a directory, in order.
fn files(directory: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(directory) else { return found };
    for entry in entries {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// A source file.
struct Source {
    /// Its path from the root, with `/`.
    path: String,
    /// All of it.
    text: String,
    /// The module of `lib.rs` that it belongs to.
    module: String,
    /// Its code without comments and without tests; lines keep their numbers.
    code: String,
}

impl Source {
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(at, line)| (at + 1, line))
    }
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).expect("under the root").to_string_lossy().replace('\\', "/")
}

/// All sources; those that are test code as a whole have no `code`.
fn sources() -> Vec<Source> {
    let paths = files(&root().join("src"), ".rs");
    let texts: Vec<(String, String)> = paths
        .iter()
        .map(|path| (relative(path), fs::read_to_string(path).expect("a text file")))
        .collect();
    let tests: BTreeSet<String> =
        texts.iter().flat_map(|(path, text)| test_files(path, text)).collect();
    texts
        .into_iter()
        .map(|(path, text)| {
            let module = path.trim_start_matches("src/").trim_end_matches(".rs");
            let module = module.split('/').next().expect("a first part").to_owned();
            let folder = path.trim_end_matches(".rs");
            let is_test = tests.iter().any(|t| folder == t || folder.starts_with(&format!("{t}/")));
            let code = if is_test { String::new() } else { code_of(&text) };
            Source { path, text, module, code }
        })
        .collect()
}

/// The files that this one declares under `#[cfg(test)]`, without `.rs`.
fn test_files(path: &str, text: &str) -> Vec<String> {
    let folder = match path {
        "src/lib.rs" | "src/main.rs" => "src",
        _ => path.trim_end_matches(".rs"),
    };
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines
        .windows(2)
        .filter(|pair| pair[0] == "#[cfg(test)]")
        .filter_map(|pair| {
            let declared = pair[1].split(" //").next().unwrap_or_default().trim();
            let declared = declared.trim_start_matches("pub(crate) ").trim_start_matches("pub ");
            let name = declared.strip_prefix("mod ")?.strip_suffix(';')?;
            Some(format!("{folder}/{name}"))
        })
        .collect()
}

/// The code of a file: comments emptied, everything from its inline tests on left out.
fn code_of(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let end = lines
        .windows(2)
        .position(|p| p[0].trim() == "#[cfg(test)]" && p[1].trim_end().ends_with('{'))
        .unwrap_or(lines.len());
    let code = lines[..end].iter().map(|line| {
        let cut = if line.trim_start().starts_with("//") { Some(0) } else { line.find(" // ") };
        &line[..cut.unwrap_or(line.len())]
    });
    code.collect::<Vec<_>>().join("\n")
}

/// The modules that `code` names as `crate::name` or `crate::{name, …}`, with the line.
fn imports(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let line = code[..at].matches('\n').count() + 1;
        let rest = &code[at + "crate::".len()..];
        let word = |text: &str| -> String {
            text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
        };
        let Some(group) = rest.strip_prefix('{') else {
            found.push((line, word(rest)));
            continue;
        };
        let (mut depth, mut start) = (0, 0);
        for (i, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth > 0 => depth -= 1,
                ',' | '}' if depth == 0 => {
                    found.push((line, word(&group[start..i])));
                    start = i + 1;
                }
                _ => {}
            }
            if c == '}' && depth == 0 && start == i + 1 {
                break;
            }
        }
    }
    found.retain(|(_, name)| !name.is_empty());
    found
}

/// The modules of `lib.rs` in their order.
fn modules() -> Vec<String> {
    let text = fs::read_to_string(root().join("src/lib.rs")).expect("lib.rs");
    text.lines()
        .filter_map(|line| {
            let line = line.trim_start_matches("pub(crate) ").trim_start_matches("pub ");
            Some(line.strip_prefix("mod ")?.split(';').next()?.to_owned())
        })
        .collect()
}

fn report(faults: Vec<String>) {
    assert!(faults.is_empty(), "{} to mend:\n{}\n", faults.len(), faults.join("\n"));
}

#[test]
fn a_module_imports_only_modules_above_it() {
    let modules = modules();
    let place: BTreeMap<&str, usize> =
        modules.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
    let mut faults = Vec::new();
    for source in sources() {
        let Some(&own) = place.get(source.module.as_str()) else { continue };
        for (line, name) in imports(&source.code) {
            if place.get(name.as_str()).is_some_and(|&other| other > own) {
                faults.push(format!(
                    "{}:{line}: `{}` imports `{name}`, which lib.rs declares below it",
                    source.path, source.module
                ));
            }
        }
    }
    report(faults);
}

#[test]
fn the_readme_lists_the_modules_in_their_order() {
    let library = fs::read_to_string(root().join("src/lib.rs")).expect("lib.rs");
    let name = |line: &str| Some(line.strip_prefix("pub mod ")?.split(';').next()?.to_owned());
    let declared: Vec<String> = library.lines().filter_map(name).collect();
    let readme = fs::read_to_string(root().join("README.md")).expect("README.md");
    let part = readme.split("\n## ").find(|part| part.starts_with("How to read the code"));
    let rows = part.unwrap_or_default().lines().filter(|line| line.starts_with("| `"));
    let first = rows.filter_map(|row| row.split('|').nth(1));
    let listed: Vec<String> =
        first.flat_map(|cell| cell.split_whitespace().map(|word| word.replace('`', ""))).collect();
    assert_eq!(listed, declared, "the table of README.md (left) and src/lib.rs (right)");
}

#[test]
fn every_file_begins_with_its_story() {
    let mut faults = Vec::new();
    for source in sources() {
        if !source.text.starts_with("//! ") {
            faults.push(format!(
                "{}:1: begin with `//!`: what this file is, what always holds, what is left out",
                source.path
            ));
        }
    }
    for path in files(&root().join("benches"), ".rs") {
        if !fs::read_to_string(&path).expect("a text file").starts_with("//! ") {
            faults.push(format!("{}:1: begin with `//!`: what is measured", relative(&path)));
        }
    }
    report(faults);
}

#[test]
fn the_core_has_no_order_clock_or_thread_of_its_own() {
    let mut faults = Vec::new();
    for source in sources().iter().filter(|s| !UPPER.contains(&s.module.as_str())) {
        for (at, line) in source.code.lines().enumerate() {
            for (name, instead) in CORE_FORBIDS.iter().filter(|(name, _)| line.contains(name)) {
                faults.push(format!("{}:{}: `{name}`: {instead}", source.path, at + 1));
            }
        }
    }
    report(faults);
}

#[test]
fn only_the_disk_touches_files() {
    let mut faults = Vec::new();
    for source in sources() {
        let module = source.module.as_str();
        for (at, line) in source.code.lines().enumerate() {
            let mut refuse = |name: &str| {
                faults.push(format!("{}:{}: `{name}` belongs to `disk`", source.path, at + 1));
            };
            let words = || line.split(|c: char| !c.is_alphanumeric() && c != '_');
            if module != "disk" {
                ["memmap2", "unsafe"]
                    .into_iter()
                    .filter(|name| words().any(|word| word == *name))
                    .for_each(&mut refuse);
            }
            if !FILES.contains(&module) && line.contains("std::fs") {
                refuse("std::fs");
            }
        }
    }
    report(faults);
}

#[test]
fn files_and_lines_are_short_enough_to_read() {
    let mut faults = Vec::new();
    for source in sources() {
        let count = source.text.lines().count();
        if count > 500 {
            faults.push(format!("{}: {count} lines; 500 at most, so make it two", source.path));
        }
        for (at, line) in source.lines() {
            // rustfmt holds code to 100; what it cannot break is a long sentence or a macro's row.
            let most = if line.trim_start().starts_with("//") { 120 } else { 165 };
            let wide = line.chars().count();
            if wide > most {
                let path = &source.path;
                faults.push(format!("{path}:{at}: {wide} characters; {most} at most"));
            }
        }
    }
    report(faults);
}

#[test]
fn markdown_fits_a_terminal() {
    let mut paths = files(&root().join("lessons"), ".md");
    paths.extend(files(&root().join("data"), ".md"));
    paths.extend(["README.md", "benches/README.md"].map(|name| root().join(name)));
    paths.retain(|path| !relative(path).starts_with("data/twins/")); // as it came with the scenarios
    let mut faults = Vec::new();
    for path in paths.iter().filter(|path| path.is_file()) {
        let text = fs::read_to_string(path).expect("a text file");
        for (at, line) in text.lines().enumerate() {
            let wide = width::of(line);
            let table = line.starts_with('|');
            if wide > 120 && !table {
                let path = relative(path);
                faults.push(format!("{path}:{}: {wide} cells wide; 120 at most", at + 1));
            }
        }
    }
    report(faults);
}

#[test]
fn every_lesson_has_its_chinese_twin() {
    let mut faults = Vec::new();
    for path in files(&root().join("lessons"), ".md") {
        let name = relative(&path);
        let Some(stem) = name.strip_suffix(".md").filter(|s| !s.ends_with("README")) else {
            continue;
        };
        let other = match stem.strip_suffix(".zh") {
            Some(english) => format!("{english}.md"),
            None => format!("{stem}.zh.md"),
        };
        if !root().join(&other).is_file() {
            faults.push(format!("{name}: {other} is missing"));
        }
    }
    report(faults);
}

#[test]
fn no_file_names_a_package_registry() {
    let hosts = [concat!("crates", ".io"), concat!("npm", "js."), concat!("py", "pi.org")];
    let mut paths = files(&root().join("src"), "");
    for folder in ["lessons", "benches", ".ci"] {
        paths.extend(files(&root().join(folder), ""));
    }
    paths.extend(files(&root().join("data"), ".md"));
    paths.extend(["README.md", "Cargo.toml", "clippy.toml"].map(|name| root().join(name)));
    let mut faults = Vec::new();
    for path in paths.iter().filter(|path| path.is_file()) {
        let text = String::from_utf8_lossy(&fs::read(path).expect("a file")).into_owned();
        for (at, line) in text.lines().enumerate() {
            for host in hosts.iter().filter(|host| line.contains(**host)) {
                faults.push(format!("{}:{}: names {host}", relative(path), at + 1));
            }
        }
    }
    report(faults);
}

#[test]
fn the_top_level_is_what_the_design_says() {
    const KNOWN: &[&str] = &[
        "Cargo.toml",
        "Cargo.lock",
        "README.md",
        "DESIGN.md",
        "CHANGELOG.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
        "rustfmt.toml",
        "clippy.toml",
        "rust-toolchain.toml",
        "src",
        "lessons",
        "data",
        "benches",
    ];
    let mut faults = Vec::new();
    for entry in fs::read_dir(root()).expect("the root") {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        // What begins with a dot is git's, the editor's and `.ci`; `target` is cargo's.
        if !name.starts_with('.') && name != "target" && !KNOWN.contains(&name.as_str()) {
            faults.push(format!("{name}: nothing of this name belongs to the top level"));
        }
    }
    report(faults);
}

#[test]
fn the_reader_of_sources_sees_what_it_should() {
    let code =
        "use crate::disk::Disk;\nuse crate::{\n    batch::{Batch, Header},\n    types,\n};\n";
    let names: Vec<String> = imports(code).into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["disk", "batch", "types"]);
    let text = "//! HashMap\nlet a = 1; // HashSet\n#[cfg(test)]\nmod tests {\nprintln!();\n}\n";
    assert_eq!(code_of(text), "\nlet a = 1;");
    let declared = "#[cfg(test)]\nmod tests; // HW\n#[cfg(test)]\npub(crate) mod testing;\nmod a;";
    assert_eq!(test_files("src/disk.rs", declared), ["src/disk/tests", "src/disk/testing"]);
}
