//! A producer: what waits in its accumulator, what is under way, what became of the rest.
//!
//! ```text
//!   producer   p1   acks=all   linger.ms 5   batch.size 16 384 B
//!     waiting     orders-0   3 records   294 B
//!     in flight   orders-1   1 record    72 B    → b2
//!     acknowledged 12 records, given up 0
//! ```

use super::common::{self, bytes, finish};
use super::picture::{Canvas, Focus, Line, Picture, Role, Target};
use super::table::{Align, Table};
use super::width::number;
use crate::client::{Client, Producer};
use crate::cluster::Lab;
use crate::types::Language;

fn producers(lab: &Lab) -> impl Iterator<Item = &Producer> {
    lab.cluster().clients.values().filter_map(|client| match client.as_ref() {
        Client::Producer(producer) => Some(producer),
        _ => None,
    })
}

/// Draws the pane; the focus names the producer by its node.
pub fn draw(lab: &Lab, focus: &Focus, canvas: &Canvas) -> Picture {
    let title = canvas.word("producer", "生产者");
    let wanted = producers(lab).find(|producer| Some(producer.id()) == focus.node);
    match wanted.or_else(|| producers(lab).last()) {
        Some(producer) => one(lab, producer, canvas),
        None => {
            let text = canvas.word(
                "no producer yet; `producer start p1` begins one",
                "还没有生产者；用 `producer start p1` 启动",
            );
            common::nothing(title, text, canvas)
        }
    }
}

/// `show producer P`.
pub fn named(lab: &Lab, name: &str, canvas: &Canvas) -> Result<Picture, String> {
    match producers(lab).find(|producer| producer.name() == name) {
        Some(producer) => Ok(one(lab, producer, canvas)),
        None => {
            let known: Vec<&str> = producers(lab).map(Producer::name).collect();
            Err(super::show::unknown("producer", name, &known))
        }
    }
}

fn one(lab: &Lab, producer: &Producer, canvas: &Canvas) -> Picture {
    let g = &canvas.glyphs;
    let config = producer.config();
    let acks = match config.acks {
        -1 => "all".to_owned(),
        acks => acks.to_string(),
    };
    let caption = Line::of(producer.name(), Role::Strong)
        .text(format!("   acks={acks}   linger.ms {}   batch.size ", config.linger_ms))
        .text(bytes(config.batch_size));
    let mut picture = Picture::new(canvas.word("producer", "生产者")).caption(caption);
    let records = |count: u32| match canvas.language {
        Language::English if count == 1 => "1 record".to_owned(),
        Language::English => crate::types::counted(count, "record"),
        Language::Chinese => format!("{count} 条记录"),
    };
    let columns = [Align::Left, Align::Left, Align::Right, Align::Right, Align::Left];
    let mut table = Table::new(&columns);
    let room = canvas.height.saturating_sub(4).clamp(2, 40);
    for (partition, count, size, attempts) in producer.queued().take(room) {
        let tries = match (attempts, canvas.language) {
            (0, _) => String::new(),
            (1, Language::English) => "tried once".to_owned(),
            (_, Language::English) => format!("tried {attempts} times"),
            (_, Language::Chinese) => format!("已尝试 {attempts} 次"),
        };
        table.row_to(
            vec![
                Line::of(canvas.word("waiting", "等待"), Role::Dim),
                Line::plain(partition.to_string()),
                Line::plain(records(count)),
                Line::plain(bytes(size as u64)),
                Line::of(tries, Role::Warn),
            ],
            Target::Partition(partition.clone()),
        );
    }
    for (to, partition, count, size) in producer.in_flight().take(room) {
        table.row_to(
            vec![
                Line::of(canvas.word("in flight", "在途"), Role::Accent),
                Line::plain(partition.to_string()),
                Line::plain(records(count)),
                Line::plain(bytes(size as u64)),
                Line::plain(format!("{} {}", g.message, common::node_name(lab, to))),
            ],
            Target::Partition(partition.clone()),
        );
    }
    if table.is_empty() {
        picture.push(Line::of(
            canvas.word("  nothing waits, nothing is under way", "  没有等待或在途的批次"),
            Role::Dim,
        ));
    } else {
        picture.extend(table.lines(canvas.width, g.ellipsis));
    }
    let (acknowledged, failed) = producer.totals();
    let memory = (bytes(producer.memory_used()), bytes(config.buffer_memory));
    let (done, lost) = (number(acknowledged as i64), number(failed as i64));
    let text = match canvas.language {
        Language::English => format!(
            "  acknowledged {done}, given up {lost}; buffer.memory {} of {}",
            memory.0, memory.1
        ),
        Language::Chinese => format!(
            "  已确认 {done}，已放弃 {lost}；buffer.memory 已用 {}，共 {}",
            memory.0, memory.1
        ),
    };
    picture.push(Line::plain(text));
    let error = producer.last_error();
    if !error.is_none() {
        let text = canvas.word("  last error ", "  最近的错误 ");
        picture.push(Line::of(text, Role::Dim).span(error.to_string(), Role::Bad));
    }
    finish(picture, canvas)
}
