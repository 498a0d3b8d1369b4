//! `message deliver|drop|hold|release|delay|corrupt next KIND`: waits until one is sent, then does it to that one. With
//! `&` it does not wait: a snare is laid that catches the next one when a later command makes somebody send it.

use super::{Execution, PATIENCE, State, Step, failed, wrong};
use crate::clock::Instant;
use crate::cluster::{Act, Happening, Lab};
use crate::script::acts::{About, Acts, message_act, name_of};
use crate::script::broker_acts::node_of;
use crate::script::command::{Command, MessageAct, MessageTarget, NodeWord};
use crate::script::execute::{Progress, done};
use crate::script::say::Said;
use crate::script::session::Session;
use crate::types::NodeId;
use serde_json::json;

impl Execution {
    /// Waits for the next message of a kind, then does to it what was asked.
    pub(super) fn message(&mut self, session: &mut Session, since: Instant) -> Step {
        let Command::Message { act, target: MessageTarget::Next { kind, from, to } } =
            &self.statement.command
        else {
            return Ok(done(Said::default()));
        };
        let Some(lab) = session.lab.as_mut() else { return Ok(wrong("there is no cluster")) };
        let named = |word: &Option<NodeWord>, lab: &Lab| {
            word.as_ref().map(|word| node_of(word, Some(lab))).transpose()
        };
        let (from, to) = match (named(from, lab), named(to, lab)) {
            (Ok(from), Ok(to)) => (from, to),
            (Err(error), _) | (_, Err(error)) => return Ok(wrong(error)),
        };
        let released = matches!(act, MessageAct::Release);
        let fits = |happening: &Happening| match happening {
            Happening::Deliver { from: sender, to: receiver, message } => {
                message.kind() == kind
                    && from.is_none_or(|id| *sender == id)
                    && to.is_none_or(|id| *receiver == id)
            }
            _ => false,
        };
        let found = lab
            .cluster()
            .network
            .pending()
            .find(|pending| fits(&pending.happening) && (pending.held || !released));
        if let Some(pending) = found {
            return match message_act(*act, pending.id, &name_of(&pending, lab.cluster())) {
                Ok(Acts { acts, about }) => self.act(session, acts.into(), about),
                Err(error) => Ok(wrong(error)),
            };
        }
        if self.statement.background {
            let cluster = lab.cluster();
            let between = |word: &str, node: Option<NodeId>| {
                node.map(|node| format!(" {word} {}", cluster.name(node))).unwrap_or_default()
            };
            let what = format!("the next {kind}{}{}", between("from", from), between("to", to));
            return match snare(*act, kind, from, to) {
                Some((act, will)) => {
                    self.act(session, [act].into(), About::Words(format!("{what} {will}")))
                }
                None => Ok(wrong(format!("no {kind} is there yet: leave '&' off to wait for it"))),
            };
        }
        if released {
            return Ok(failed(format!("no {kind} is held"), json!({ "message": null })));
        }
        if lab.now() >= since + PATIENCE || !lab.step()? {
            let line = format!("no {kind} was sent within {PATIENCE}");
            return Ok(failed(line, json!({ "message": null })));
        }
        self.state = State::Message { since };
        Ok(Progress::Stepped)
    }
}

/// The snare for the next message of a kind, and what will happen to it; nothing for what can only be done to one that
/// is there.
fn snare(
    act: MessageAct,
    kind: &str,
    from: Option<NodeId>,
    to: Option<NodeId>,
) -> Option<(Act, String)> {
    Some(match act {
        MessageAct::Hold => (Act::hold_next(kind, from, to), "will be held".into()),
        MessageAct::Drop => (Act::drop_next(kind, from, to), "will be lost".into()),
        MessageAct::Corrupt => {
            (Act::corrupt_next(kind, from, to), "will have a bit flipped".into())
        }
        MessageAct::Delay(by) => {
            (Act::delay_next(by, kind, from, to), format!("will arrive {by} later"))
        }
        MessageAct::Deliver | MessageAct::Release => return None,
    })
}
