//! The table of all commands.
//!
//! Read it from the top: it is the language. Rows of one verb stand together; a row with `.later(word)` is understood
//! and answered with "needs word". Longer rows of words win over shorter ones (`message drop next` over `message
//! drop`).

mod data;
mod disk;
mod looking;
mod world;

use super::form::Form;

/// All forms, in the order in which `help` lists them.
pub fn forms() -> impl Iterator<Item = &'static Form> + Clone {
    [data::FORMS, world::FORMS, disk::FORMS, looking::FORMS].into_iter().flatten()
}

/// The verbs, each once, in the table's order.
pub fn verbs() -> Vec<&'static str> {
    let mut verbs: Vec<&'static str> = Vec::new();
    for form in forms() {
        if !verbs.contains(&form.verb()) {
            verbs.push(form.verb());
        }
    }
    verbs
}

/// The capabilities of this version, as the heads of twins name them, and those that come later with what they bring.
pub fn later() -> Vec<&'static str> {
    let mut words: Vec<&'static str> = forms().filter_map(|form| form.needs).collect();
    words.extend(super::functions::FUNCTIONS.iter().filter_map(|function| function.needs));
    words.sort_unstable();
    words.dedup();
    words
}
