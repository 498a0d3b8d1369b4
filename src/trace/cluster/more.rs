//! Where a small cluster leaves room: what each broker carries, and how far each copy of the partitions in sight
//! reaches.
//!
//! ```text
//!   broker   rack   replicas   skewed   leaders   …
//!   b1 ●        a          3   no             2
//!
//!   copies   █ committed   ░ not yet
//!   orders-0   b1 ● ████████░░   HW 4   LEO 5
//!              b2 ○ ████████     HW 3   LEO 4   1 behind
//! ```

use super::Row;
use crate::cluster::Lab;
use crate::coordination::kraft::{Image, PartitionRegistration};
use crate::trace::common::{self, Fresh};
use crate::trace::overview;
use crate::trace::picture::{Canvas, Line, Picture, Role, Target};
use crate::trace::width;
use crate::types::{Language, TopicPartition};

/// The least rows for either part, its heads included.
const LEAST: usize = 3;
/// Brokers beyond which the table of brokers is a pane of its own.
const MOST_BROKERS: usize = 12;

/// Adds what there is room for.
pub(super) fn add(
    lab: &Lab,
    image: &Image,
    rows: &[Row<'_>],
    fresh: &Fresh<'_>,
    canvas: &Canvas,
    picture: &mut Picture,
) {
    let brokers = lab.cluster().brokers.len();
    let left = |picture: &Picture| canvas.height.saturating_sub(picture.lines.len() + 1);
    if brokers <= MOST_BROKERS && left(picture) > brokers + LEAST && canvas.width >= 60 {
        picture.blank();
        picture.extend(overview::broker_rows(lab, canvas));
    }
    let partitions = rows.iter().filter_map(|row| match row {
        Row::Partition(topic, number) => {
            let partition = TopicPartition::new(topic, *number);
            Some((image.partition(&partition)?, partition))
        }
        Row::Folded(_) => None,
    });
    let mut headed = false;
    for (registration, partition) in partitions {
        let least = registration.replicas.len() + if headed { 0 } else { 2 };
        if left(picture) <= least.max(LEAST) {
            break;
        }
        if !headed {
            headed = true;
            picture.blank();
            let g = &canvas.glyphs;
            let text = canvas.word("copies", "副本");
            let (committed, not_yet) =
                (canvas.word("committed", "已提交"), canvas.word("not yet", "尚未"));
            let head = Line::of(format!("  {text}"), Role::Heading)
                .span(format!("   {} ", g.flushed), Role::Flushed)
                .span(committed, Role::Dim)
                .span(format!("   {} ", g.empty), Role::Cached)
                .span(not_yet, Role::Dim);
            picture.push(head);
        }
        picture.extend(copies(lab, &partition, registration, fresh, canvas));
    }
}

/// The copies of a partition as bars on one scale.
fn copies(
    lab: &Lab,
    partition: &TopicPartition,
    registration: &PartitionRegistration,
    fresh: &Fresh<'_>,
    canvas: &Canvas,
) -> Vec<Line> {
    let g = &canvas.glyphs;
    let copy = |id| lab.cluster().broker(id)?.replicas.get(partition);
    let ends = registration.replicas.iter().filter_map(|&id| Some(copy(id)?.log_end_offset().0));
    let longest = ends.max().unwrap_or(0);
    let name = partition.to_string();
    let wide = width::of(&name).clamp(10, 24);
    let cells = canvas.width.saturating_sub(wide + 48).clamp(8, 60);
    let digits = longest.to_string().len();
    let ids = registration.replicas.iter().map(|id| id.to_string().len()).max().unwrap_or(1);
    let mut lines = Vec::new();
    for (at, &id) in registration.replicas.iter().enumerate() {
        let (mark, role, _) = common::state_of(lab, id, registration, canvas);
        let name = if at == 0 { name.as_str() } else { "" };
        let mut line = Line::plain(format!("  {}  ", width::pad(name, wide)))
            .text(format!("b{id:<ids$} "))
            .span(format!("{mark} "), role);
        if let Some(replica) = copy(id) {
            let (end, mark) = (replica.log_end_offset().0, replica.high_watermark().0);
            let cell = |offset: i64| {
                let scaled = i128::from(offset.max(0)) * cells as i128;
                (scaled + i128::from(longest.max(1)) - 1).div_euclid(i128::from(longest.max(1)))
                    as usize
            };
            let (all, solid) = (cell(end), cell(mark.min(end)));
            line = line
                .span(g.flushed.repeat(solid), Role::Flushed)
                .span(g.empty.repeat(all.saturating_sub(solid)), Role::Cached)
                .text(" ".repeat(cells.saturating_sub(all)))
                .span("   HW ", Role::Dim)
                .span(format!("{mark:>digits$}"), Role::HighWatermark)
                .changed(fresh.high_watermark(partition, id), g)
                .span("   LEO ", Role::Dim)
                .span(format!("{end:>digits$}"), Role::Offset)
                .changed(fresh.log_end(partition, id).is_some(), g);
            if end < longest {
                let behind = longest - end;
                let text = match canvas.language {
                    Language::English => format!("   {behind} behind"),
                    Language::Chinese => format!("   落后 {behind}"),
                };
                line = line.span(text, Role::Warn);
            }
        }
        lines.push(line.to(Target::Replica(partition.clone(), id)));
    }
    lines
}
