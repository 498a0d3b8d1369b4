//! `--help` and the errors of wrong arguments, in both languages.
//!
//! ```text
//!   klab --lang zh lesson --help ─▶ language before anything is parsed ─▶ the same command tree, its texts exchanged
//! ```
//!
//! The English texts stand beside the arguments (`arguments.rs`), the Chinese ones in one table (`help/texts.rs`).
//! What always holds: both trees take the same arguments; a test holds that every command and every argument has a
//! Chinese text. Left out: a Chinese text for rare mistakes of the shell; those are told in English.

mod texts;

use super::arguments::{Arguments, of_locale};
use crate::types::Language;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, CommandFactory, FromArgMatches};

/// What stands in place of clap's own layout: its headings are English.
const TEMPLATE: &str = "\
{before-help}{about-with-newline}
用法：{usage}

{all-args}{after-help}";

/// The language of help, before the arguments are parsed: the last `--lang`, or the environment's.
pub fn language(arguments: &[String]) -> Language {
    let mut asked = None;
    for (at, word) in arguments.iter().enumerate() {
        if let Some(value) = word.strip_prefix("--lang=") {
            asked = Some(value);
        } else if word == "--lang" {
            asked = arguments.get(at + 1).map(String::as_str);
        } else if word == "--" {
            break;
        }
    }
    match asked {
        Some("zh") => Language::Chinese,
        Some(_) => Language::English,
        None => of_locale(|name| std::env::var(name).ok()),
    }
}

/// The command tree in this language.
pub fn command(language: Language) -> Command {
    let mut command = Arguments::command();
    if language == Language::English {
        return command;
    }
    // Built, so that clap's own `help` and `--help` are there to be told as well.
    command.build();
    told(command, "")
}

fn told(command: Command, path: &str) -> Command {
    let own = path.split(' ').next().unwrap_or_default().to_owned();
    let is_help = own == "help";
    let mut command = command
        .help_template(TEMPLATE)
        .subcommand_help_heading("命令")
        .mut_args(|arg| argument(arg, &own))
        .mut_subcommands(|inner| {
            let name = match path {
                "" => inner.get_name().to_owned(),
                _ => format!("{path} {}", inner.get_name()),
            };
            told(inner, &name)
        });
    // Below `help` the commands stand a second time, with the same sentence.
    let about = if is_help { path.rsplit(' ').next().unwrap_or_default() } else { path };
    if let Some(text) = texts::about(about) {
        command = command.about(text).long_about(None::<&str>);
    }
    match texts::examples(path) {
        Some(text) => command.after_help(text),
        None => command,
    }
}

fn argument(arg: Arg, command: &str) -> Arg {
    let id = arg.get_id().to_string();
    let heading = match texts::argument("", &id) {
        Some(_) if texts::argument(command, &id).is_none() && id != "help" && id != "version" => {
            "所有命令的选项"
        }
        _ if arg.is_positional() => "参数",
        _ => "选项",
    };
    let Some(text) = texts::argument(command, &id).or_else(|| texts::argument("", &id)) else {
        return arg.help_heading(heading);
    };
    let mut text = text.to_owned();
    let defaults: Vec<String> =
        arg.get_default_values().iter().map(|value| value.to_string_lossy().into()).collect();
    let takes_value = arg.get_action().takes_values();
    if takes_value && !defaults.is_empty() {
        text.push_str(&format!(" [默认：{}]", defaults.join(" ")));
    }
    let values: Vec<String> =
        arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    if takes_value && !values.is_empty() {
        text.push_str(&format!(" [可选：{}]", values.join("、")));
    }
    arg.help(text)
        .long_help(None::<&str>)
        .help_heading(heading)
        .hide_default_value(true)
        .hide_possible_values(true)
}

/// Parses the arguments; help and version are errors as well, as clap has it.
pub fn parse(arguments: &[String], language: Language) -> Result<Arguments, clap::Error> {
    let mut matches = command(language).try_get_matches_from(arguments)?;
    Arguments::from_arg_matches_mut(&mut matches)
}

/// What is wrong with the arguments, in this language.
pub fn error(error: &clap::Error, language: Language) -> String {
    let english = error.to_string();
    let Some(sentence) = sentence(error).filter(|_| language == Language::Chinese) else {
        return english;
    };
    let usage = english.lines().find_map(|line| line.strip_prefix("Usage: "));
    let usage = usage.map(|usage| format!("\n用法：{usage}\n")).unwrap_or_default();
    format!("错误：{sentence}\n{usage}\n更多信息请用 '--help'。\n")
}

/// One of the usual mistakes.
fn sentence(error: &clap::Error) -> Option<String> {
    let of = |kind: ContextKind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(all)) if !all.is_empty() => Some(all.join("、")),
        _ => None,
    };
    let what = || of(ContextKind::InvalidArg).unwrap_or_default();
    let value = || of(ContextKind::InvalidValue).unwrap_or_default();
    let mut text = match error.kind() {
        ErrorKind::UnknownArgument => format!("没有参数 '{}'", what()),
        ErrorKind::InvalidSubcommand => {
            format!("没有命令 '{}'", of(ContextKind::InvalidSubcommand)?)
        }
        ErrorKind::MissingRequiredArgument => format!("缺少参数：{}", what()),
        ErrorKind::InvalidValue if value().is_empty() => format!("'{}' 需要一个值", what()),
        ErrorKind::InvalidValue => format!("'{}' 不接受值 '{}'", what(), value()),
        ErrorKind::ValueValidation => {
            let why = std::error::Error::source(error).map(crate::chinese::of);
            let why = why.map(|why| format!("：{why}")).unwrap_or_default();
            format!("'{}' 的值 '{}' 无效{why}", what(), value())
        }
        ErrorKind::ArgumentConflict => {
            let other = of(ContextKind::PriorArg).unwrap_or_default();
            format!("'{}' 不能与 '{other}' 同时使用", what())
        }
        ErrorKind::TooManyValues => format!("'{}' 的值太多：'{}'", what(), value()),
        _ => return None,
    };
    let near =
        [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    if let Some(near) = near.into_iter().find_map(of) {
        text.push_str(&format!("；是否想写 '{near}'？"));
    }
    if let (ErrorKind::InvalidValue, Some(valid)) = (error.kind(), of(ContextKind::ValidValue)) {
        text.push_str(&format!(" [可选：{valid}]"));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::width;
    use crate::untold::english;
    use std::collections::BTreeSet;

    fn each(command: &Command, path: &str, look: &mut dyn FnMut(&Command, &str)) {
        look(command, path);
        for inner in command.get_subcommands() {
            let name = format!("{path} {}", inner.get_name());
            each(inner, name.trim(), look);
        }
    }

    #[test]
    fn every_command_and_every_argument_has_a_chinese_text() {
        let mut missing = Vec::new();
        each(&Arguments::command(), "", &mut |command, path| {
            if texts::about(path).is_none() {
                missing.push(format!("klab {path}: about"));
            }
            if command.get_after_help().is_some() && texts::examples(path).is_none() {
                missing.push(format!("klab {path}: examples"));
            }
            for arg in command.get_arguments() {
                let id = arg.get_id().as_str();
                if texts::argument(path, id).or_else(|| texts::argument("", id)).is_none() {
                    missing.push(format!("klab {path}: argument {id}"));
                }
            }
        });
        assert!(missing.is_empty(), "{}", missing.join("\n"));
    }

    #[test]
    fn no_text_speaks_of_what_is_not_there() {
        let mut known =
            BTreeSet::from([("".to_owned(), "help".to_owned()), ("".into(), "version".into())]);
        let mut paths = BTreeSet::from(["help".to_owned()]);
        each(&Arguments::command(), "", &mut |command, path| {
            paths.insert(path.to_owned());
            for arg in command.get_arguments() {
                known.insert((path.to_owned(), arg.get_id().to_string()));
            }
        });
        let odd = texts::ARGUMENTS
            .iter()
            .filter(|(path, id, _)| !known.contains(&((*path).to_owned(), (*id).to_owned())));
        let odd: Vec<_> = odd.map(|(path, id, _)| format!("{path} {id}")).collect();
        assert!(odd.is_empty(), "{odd:?}");
        let named = texts::ABOUTS.iter().chain(texts::EXAMPLES).map(|(path, _)| path);
        let odd: Vec<_> = named.filter(|path| !paths.contains(**path)).collect();
        assert!(odd.is_empty(), "{odd:?}");
    }

    #[test]
    fn help_is_chinese_and_fits_a_terminal() {
        let commands = texts::ABOUTS.iter().map(|(path, _)| *path);
        let arguments = texts::ARGUMENTS.iter().map(|(_, id, _)| *id);
        let names: BTreeSet<String> = commands.chain(arguments).map(str::to_owned).collect();
        let mut left = Vec::new();
        let mut tree = command(Language::Chinese);
        tree.build();
        let mut paths = Vec::new();
        each(&tree, "", &mut |_, path| paths.push(path.to_owned()));
        for path in paths.iter().filter(|path| !path.starts_with("help")) {
            let mut words = vec!["klab".to_owned(), "--lang".into(), "zh".into()];
            words.extend(path.split_whitespace().map(str::to_owned));
            words.push("--help".into());
            let told = parse(&words, Language::Chinese).expect_err("help ends the parsing");
            let help = told.to_string();
            assert!(help.contains("用法：") && !help.contains("Usage:"), "{help}");
            for line in help.lines() {
                assert!(width::of(line) <= 110, "klab {path}: {} cells: {line}", width::of(line));
                // Commands as they are typed stand in examples; sentences are Chinese.
                let is_example = line.trim_start().starts_with("klab ");
                let words = english(line, &names);
                let speaks = ["the", "of", "a", "with", "and", "is"].iter();
                let speaks = speaks.filter(|word| words.iter().any(|left| left == *word)).count();
                if !is_example && speaks > 0 && words.len() > 1 {
                    left.push(format!("klab {path}: {line}   {words:?}"));
                }
            }
        }
        assert!(left.is_empty(), "{}", left.join("\n"));
    }

    #[test]
    fn a_wrong_argument_is_told_in_chinese() {
        for (words, part) in [
            (&["lessen"][..], "没有命令 'lessen'"),
            (&["run"], "缺少参数"),
            (&["run", "a", "--no-such"], "没有参数 '--no-such'"),
            (&["lesson", "h01", "--play", "--speed", "fast"], "无效"),
            (&["lesson", "--list", "h01"], "同时使用"),
            (&["simulate", "--config", "acks"], "请写 NAME=VALUE"),
        ] {
            let all: Vec<String> =
                ["klab"].iter().chain(words).map(|word| (*word).to_owned()).collect();
            let told = parse(&all, Language::Chinese).expect_err("it is wrong");
            let text = error(&told, Language::Chinese);
            assert!(text.contains(part) && text.starts_with("错误："), "{words:?}: {text}");
        }
    }

    #[test]
    fn the_language_is_known_before_the_arguments() {
        let of = |words: &[&str]| {
            language(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(of(&["klab", "--lang", "zh", "--help"]), Language::Chinese);
        assert_eq!(of(&["klab", "lesson", "--lang=zh"]), Language::Chinese);
        assert_eq!(of(&["klab", "--lang", "zh", "--lang", "en"]), Language::English);
    }
}
