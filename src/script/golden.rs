//! Golden files: scripts with the output that they had when a person last read it.
//!
//! ```text
//! # a comment
//! cluster brokers=3
//! topic create orders
//! ---
//! created orders
//!
//! expect exists(orders)
//! ```
//!
//! A block is some lines of commands, then `---`, then their output, until an empty line or the end. In the output an
//! empty line is written as `.`. A block without `---` prints nothing. `KLAB_UPDATE=1` in a test writes them anew.

/// Commands and what they printed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Block {
    /// The line of the first command, from 1.
    pub line: usize,
    /// The commands, as written, comments too.
    pub source: String,
    /// The recorded output.
    pub output: String,
}

/// Splits a golden file.
pub fn parse_golden(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut block = Block { line: 1, ..Block::default() };
    let mut in_output = false;
    for (i, line) in text.lines().enumerate() {
        if in_output && line.is_empty() {
            blocks.push(std::mem::take(&mut block));
            block.line = i + 2;
            in_output = false;
        } else if !in_output && line == "---" {
            in_output = true;
        } else {
            let (target, line) = match in_output {
                true => (&mut block.output, if line == "." { "" } else { line }),
                false => (&mut block.source, line),
            };
            target.push_str(line);
            target.push('\n');
        }
    }
    if !block.source.trim().is_empty() || in_output {
        blocks.push(block);
    }
    blocks
}

/// Writes a golden file with these outputs.
pub fn render_golden(blocks: &[Block]) -> String {
    let mut text = String::new();
    for (i, block) in blocks.iter().enumerate() {
        text.push_str(&block.source);
        let last = i + 1 == blocks.len();
        if !block.output.is_empty() || !last {
            text.push_str("---\n");
        }
        for line in block.output.lines() {
            text.push_str(if line.is_empty() { "." } else { line });
            text.push('\n');
        }
        if !last {
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::{RunOptions, Session, run_script};
    use crate::types::Language;
    use std::path::{Path, PathBuf};

    /// `src/*/scripts/*.klab`, except the scripts that are only parsed.
    fn scripts() -> Vec<PathBuf> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let entries = |directory: &Path| -> Vec<PathBuf> {
            let entries = std::fs::read_dir(directory).into_iter().flatten();
            entries.map(|entry| entry.unwrap().path()).collect()
        };
        let mut scripts: Vec<PathBuf> = entries(&source)
            .iter()
            .flat_map(|layer| entries(&layer.join("scripts")))
            .filter(|path| path.extension().is_some_and(|extension| extension == "klab"))
            .filter(|path| !path.ends_with("errors_name_the_place_and_the_nearest_word.klab"))
            .collect();
        scripts.sort();
        scripts
    }

    /// One session for all blocks; a block that fails ends there, the next one goes on.
    fn play(name: &str, blocks: &mut [Block]) {
        let mut session = Session::in_memory(Language::English);
        session.inspector = Some(Box::new(crate::inspect::Samples::default()));
        for block in blocks {
            // Empty lines in front, so that messages name the lines of the file.
            let text = format!("{}{}", "\n".repeat(block.line - 1), block.source);
            block.output.clear();
            let mut say = |line: &str| {
                block.output.push_str(line);
                block.output.push('\n');
            };
            run_script(name, &text, &mut session, RunOptions::default(), &mut say, &|| false);
        }
    }

    #[test]
    fn every_golden_script_prints_what_is_recorded() {
        let only = std::env::var("KLAB_SCRIPT").ok();
        let mut wrong = Vec::new();
        for path in scripts() {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
                continue;
            }
            let recorded = std::fs::read_to_string(&path).unwrap();
            let mut blocks = parse_golden(&recorded);
            play(&name, &mut blocks);
            let mut now = render_golden(&blocks);
            if std::env::var_os("KLAB_UPDATE").is_some() {
                // Once more, since messages name lines, and those have moved.
                blocks = parse_golden(&now);
                play(&name, &mut blocks);
                now = render_golden(&blocks);
                std::fs::write(&path, &now).unwrap();
            } else if now != recorded {
                let mut lines = now.lines().zip(recorded.lines()).enumerate();
                let first = lines.find(|(_, (now, recorded))| now != recorded);
                wrong.push(match first {
                    Some((i, (now, recorded))) => {
                        format!("{name}:{}: recorded {recorded:?}, now {now:?}", i + 1)
                    }
                    None => format!("{name}: one is longer than the other"),
                });
            }
        }
        assert!(wrong.is_empty(), "KLAB_UPDATE=1 records anew:\n{}", wrong.join("\n"));
    }

    #[test]
    fn reads_what_it_writes() {
        let text = "# c\na\n\nb\n---\nout\n.\nmore\n\nc\n---\n\nd\n";
        let blocks = parse_golden(text);
        assert_eq!(blocks.len(), 3);
        assert_eq!(blocks[0].source, "# c\na\n\nb\n");
        assert_eq!(blocks[0].output, "out\n\nmore\n");
        assert_eq!(blocks[1], Block { line: 10, source: "c\n".into(), output: "".into() });
        assert_eq!(blocks[2].line, 13);
        assert_eq!(render_golden(&blocks), text);
    }
}
