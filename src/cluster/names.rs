//! What people read of an event: its sentence, in which clients have their names.
//!
//! Processes know each other by number, and so do their events. Brokers are known to people by their numbers too; a
//! client is known by the name that it was started with, also once it is gone.

use super::event::Stamped;
use super::world::Cluster;
use crate::types::{Language, NodeId};

impl Cluster {
    /// An event's sentence.
    pub fn sentence(&self, event: &Stamped, language: Language) -> String {
        self.with_names(event.body.sentence(language))
    }

    /// The numbers of clients, standing alone, become their names.
    fn with_names(&self, text: String) -> String {
        let named = |word: &str| -> Option<String> {
            let number = word.trim_end_matches([',', ':', ';', '：', '，']);
            let id = number.parse().ok().map(NodeId).filter(|id| id.is_client())?;
            let name = self.client_names.get(&id)?;
            Some(format!("{name}{}", &word[number.len()..]))
        };
        if !text.split(' ').any(|word| named(word).is_some()) {
            return text;
        }
        let mut words: Vec<String> = Vec::new();
        for word in text.split(' ') {
            match named(word) {
                Some(name) => {
                    // Faults speak of brokers.
                    words.pop_if(|before| before == "broker");
                    words.push(name);
                }
                None => words.push(word.to_owned()),
            }
        }
        words.join(" ")
    }
}
