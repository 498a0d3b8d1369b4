//! `help`, from the tables.

use super::form::Form;
use super::forms::{forms, verbs};
use super::functions::FUNCTIONS;
use crate::types::Language;

fn sentence(form: &Form, language: Language) -> &'static str {
    language.pick(form.english, form.chinese)
}

/// What a command as written does, in one sentence.
pub fn sentence_of(line: &str, language: Language) -> Option<&'static str> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let fits = |form: &&Form| {
        form.parts().zip(words.iter().copied().chain(std::iter::repeat(""))).all(|(a, b)| a == b)
    };
    let found = forms().filter(fits).max_by_key(|form| form.parts().count());
    found.map(|form| sentence(form, language))
}

/// The forms that begin with these words.
pub fn help(words: &[String]) -> Vec<&'static Form> {
    let begins = |form: &&Form| {
        let mut parts = form.parts();
        words.iter().all(|word| parts.next() == Some(word.as_str()))
    };
    forms().filter(begins).collect()
}

/// What `help WORDS` prints: all verbs without words, every form of a verb with them, `help conditions` the functions.
pub fn help_lines(words: &[String], language: Language) -> Vec<String> {
    if words.is_empty() {
        // What a later version brings stands behind everything that can be used now.
        let (later, now): (Vec<&str>, Vec<&str>) = verbs().into_iter().partition(|verb| {
            forms().filter(|form| form.verb() == *verb).all(|form| form.needs.is_some())
        });
        let mut lines: Vec<String> = now.iter().map(|verb| overview(verb, language)).collect();
        let mark = language.pick("(later)", "（以后的版本）");
        lines.extend(later.iter().map(|verb| format!("{} {mark}", overview(verb, language))));
        let more = language.pick(
            "help VERB explains one; help conditions lists what until, expect and predict can ask.",
            "help VERB 解释一个命令；help conditions 列出 until、expect、predict 可用的函数。",
        );
        lines.push(more.to_string());
        return lines;
    }
    if words.len() == 1 && matches!(words[0].as_str(), "conditions" | "condition") {
        let row = |f: &super::functions::Function| {
            format!("{:<32}  {}", f.usage(), language.pick(f.english, f.chinese))
        };
        return FUNCTIONS.iter().map(row).collect();
    }
    if let [name] = words
        && let Some(function) = super::functions::function(name)
        && help(words).is_empty()
    {
        return vec![format!(
            "{}  {}",
            function.usage(),
            language.pick(function.english, function.chinese)
        )];
    }
    let found = help(words);
    if found.is_empty() {
        let word = words.join(" ");
        let near = super::error::nearest(&word, forms().map(|form| form.words).chain(verbs()));
        let advice = near.map_or("'help' lists all commands".to_string(), |near| {
            format!("did you mean 'help {near}'?")
        });
        return vec![format!("there is no command '{}': {advice}", super::error::clip(&word, 40))];
    }
    let mut lines = Vec::new();
    for form in found {
        lines.push(form.usage());
        lines.push(format!("    {}", sentence(form, language)));
        lines.push(format!("    {}", form.example));
        if form.words == words.join(" ") {
            lines.extend(settings(form));
        }
    }
    lines
}

/// The settings that a form takes, a few to a line.
fn settings(form: &Form) -> Vec<String> {
    const WIDTH: usize = 96;
    let mut lines: Vec<String> = Vec::new();
    for name in form.configs.names() {
        match lines.last_mut() {
            Some(line) if line.len() + name.len() + 1 < WIDTH => *line += &format!(" {name}"),
            _ => lines.push(format!("    {name}")),
        }
    }
    lines
}

/// One line for a verb: its objects, or its sentence when it has none.
fn overview(verb: &str, language: Language) -> String {
    let mut objects: Vec<&str> = Vec::new();
    for object in forms().filter(|form| form.verb() == verb).filter_map(|form| form.parts().nth(1))
    {
        if !objects.contains(&object) {
            objects.push(object);
        }
    }
    let first = forms().find(|form| form.words == verb);
    match (objects.is_empty(), first) {
        (true, Some(form)) => format!("{verb:<11} {}", sentence(form, language)),
        _ => format!("{verb:<11} {}", objects.join(" | ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::parse_line;

    #[test]
    fn every_example_parses_or_says_what_it_needs() {
        for form in forms() {
            match parse_line(form.example, 1) {
                Ok(Some(_)) => {}
                Err(fault) if fault.needs == form.needs && fault.needs.is_some() => {}
                other => panic!("{}: {other:?}", form.example),
            }
            assert!(form.example.starts_with(form.verb()), "{}", form.words);
        }
    }

    #[test]
    fn every_form_is_told_in_both_languages() {
        for form in forms() {
            assert!(form.english.ends_with('.') && form.chinese.ends_with('。'), "{}", form.words);
        }
    }

    #[test]
    fn help_knows_verbs_forms_and_functions() {
        let words = |text: &str| text.split(' ').map(str::to_string).collect::<Vec<_>>();
        assert!(help_lines(&[], Language::English).iter().any(|l| l.starts_with("broker ")));
        let all = help_lines(&[], Language::English);
        let marked = all.iter().position(|line| line.ends_with("(later)")).unwrap();
        assert!(all[marked..all.len() - 1].iter().all(|line| line.ends_with("(later)")));
        assert!(all[..marked].contains(
            &"message     deliver | drop | corrupt | hold | release | delay".to_string()
        ));
        let lines = help_lines(&words("topic delete"), Language::English);
        assert_eq!(
            lines,
            ["topic delete TOPIC", "    Deletes a topic.", "    topic delete orders"]
        );
        assert_eq!(help_lines(&words("leo"), Language::English).len(), 1);
        assert_eq!(
            help_lines(&words("brokr"), Language::English),
            ["there is no command 'brokr': did you mean 'help broker'?"]
        );
    }
}
