//! The cluster: brokers as columns, partitions as rows, what each copy is and how far its log reaches in every cell.
//!
//! ```text
//!   cluster   controller 3001   under-replicated 2
//!                        b1 ✕ 9.0 s   b2      b3
//!     orders-0   RF 3    ✕ 4          ● 5 «   ○ 4      ISR {2,3} «   epoch 1 «
//! ```
//!
//! What always holds: a broker keeps its column, a partition its row; only rows in sight are drawn, so ten thousand
//! partitions cost no more than one screenful. Kafka's own topics are one row each unless one of them is in focus.
//! Where the columns do not fit (many brokers, few cells), a row lists its replicas instead; where much room
//! is left, the brokers and the copies follow (`more`).

mod more;

use super::common::{self, Fresh, finish, is_internal, window};
use super::picture::{Canvas, Focus, Line, Picture, Role, Target};
use super::table::{Align, Table};
use crate::cluster::{Lab, NodeState};
use crate::coordination::kraft::{Image, PartitionRegistration, TopicImage};
use crate::types::{NodeId, TopicName, TopicPartition};

enum Row<'a> {
    Partition(&'a TopicName, u32),
    Folded(&'a TopicName),
}

/// The least cells of a broker's column.
const COLUMN: usize = 7;

/// Draws the pane.
pub fn draw(lab: &Lab, focus: &Focus, canvas: &Canvas) -> Picture {
    let title = canvas.word("cluster", "集群");
    let fresh = Fresh::of(lab);
    let mut picture = Picture::new(title).caption(caption(lab, focus, canvas));
    let nothing = Image::default();
    let image = common::image(lab).unwrap_or(&nothing);
    let sight = rows(image, focus, canvas.height.saturating_sub(1));
    let rows = &sight.rows;
    let narrow = lab.cluster().brokers.len() * COLUMN + 30 > canvas.width;
    let lines = if narrow { Vec::new() } else { wide(lab, image, rows, &fresh, canvas) };
    let fits = !narrow && lines.iter().all(|line| line.width() <= canvas.width);
    let lines = if fits { lines } else { compact(lab, image, rows, &fresh, canvas) };
    picture.attention = sight.chosen.map(|row| row + 1);
    picture.extend(lines);
    picture.part = Some((sight.first, rows.len(), sight.total));
    if image.topics.is_empty() {
        let text = canvas.word(
            "no topics yet; `topic create orders partitions=1` makes one",
            "还没有 topic；用 `topic create orders partitions=1` 创建",
        );
        picture.push(Line::of(format!("  {text}"), Role::Dim));
    } else if sight.total == 0 {
        let text = canvas.word("no partition fits the filter", "没有符合过滤条件的分区");
        picture.push(Line::of(format!("  {text}"), Role::Dim));
    }
    if canvas.height < 10_000 && sight.total == rows.len() {
        more::add(lab, image, rows, &fresh, canvas, &mut picture);
    }
    finish(picture, canvas)
}

fn caption(lab: &Lab, focus: &Focus, canvas: &Canvas) -> Line {
    let cluster = lab.cluster();
    let mut line = match cluster.active_controller() {
        Some(controller) => Line::plain(format!("controller {controller}")),
        None => Line::of(canvas.word("no controller", "没有 controller"), Role::Bad),
    };
    let counts = focus.counts.unwrap_or_else(|| super::metrics::counts(lab));
    for (count, english, chinese) in [
        (counts.under_replicated, "under-replicated", "副本不足"),
        (counts.under_min_isr, "under min ISR", "低于 min ISR"),
        (counts.offline, "offline", "无 leader"),
    ] {
        if count > 0 {
            line = line.span(format!("   {} {count}", canvas.word(english, chinese)), Role::Warn);
        }
    }
    line
}

/// The rows in sight, which of them is chosen, the first one's place among all, and how many there are.
struct Sight<'a> {
    rows: Vec<Row<'a>>,
    chosen: Option<usize>,
    first: usize,
    total: usize,
}

/// The partitions of one topic that a filter leaves: all of them, or these.
enum Left {
    All(usize),
    These(Vec<u32>),
}

impl Left {
    fn len(&self) -> usize {
        match self {
            Left::All(count) => *count,
            Left::These(numbers) => numbers.len(),
        }
    }
    fn number(&self, at: usize) -> u32 {
        match self {
            Left::All(_) => at as u32,
            Left::These(numbers) => numbers[at],
        }
    }
    fn place(&self, number: u32) -> Option<usize> {
        match self {
            Left::All(count) => ((number as usize) < *count).then_some(number as usize),
            Left::These(numbers) => numbers.iter().position(|known| *known == number),
        }
    }
}

/// What a filter leaves of a topic: `!` are those that are not well, other text is part of the name.
fn left(name: &TopicName, topic: &TopicImage, filter: &str) -> Left {
    let all = Left::All(topic.partitions.len());
    let unwell = |p: &PartitionRegistration| p.leader.is_none() || p.isr.len() < p.replicas.len();
    let these = |test: &dyn Fn(u32, &PartitionRegistration) -> bool| {
        let numbers = topic.partitions.iter().enumerate();
        let fit = numbers.filter(|(at, p)| test(*at as u32, p)).map(|(at, _)| at as u32);
        Left::These(fit.collect())
    };
    match filter {
        "" => all,
        "!" => these(&|_, partition| unwell(partition)),
        _ if name.as_str().contains(filter) => all,
        _ => match filter.rsplit_once('-') {
            Some((stem, number)) if name.as_str().ends_with(stem) => {
                these(&|at, _| at.to_string().starts_with(number))
            }
            _ => Left::These(Vec::new()),
        },
    }
}

fn rows<'a>(image: &'a Image, focus: &Focus, room: usize) -> Sight<'a> {
    let chosen = match &focus.chosen {
        Some(Target::Partition(partition)) => Some(partition),
        _ => focus.partition.as_ref(),
    };
    let filter = focus.filter.as_deref().unwrap_or_default();
    let focused = focus.partition.as_ref();
    let open = |name: &TopicName| !is_internal(name) || focused.is_some_and(|p| p.topic == *name);
    // Topic, what is left of it, whether its partitions have rows of their own.
    let mut topics: Vec<(&TopicName, Left, bool)> = Vec::with_capacity(image.topics.len());
    for internal in [false, true] {
        for (name, topic) in image.topics.iter().filter(|(name, _)| is_internal(name) == internal) {
            let (left, open) = (left(name, topic, filter), open(name));
            if left.len() > 0 {
                topics.push((name, left, open));
            }
        }
    }
    let count = |(_, left, open): &(&TopicName, Left, bool)| if *open { left.len() } else { 1 };
    let total: usize = topics.iter().map(count).sum();
    let mut at = None;
    let mut before = 0;
    for topic in &topics {
        if let Some(partition) = chosen.filter(|p| p.topic == *topic.0) {
            let place = if topic.2 { topic.1.place(partition.partition) } else { Some(0) };
            at = place.map(|place| before + place);
        }
        before += count(topic);
    }
    let room = room.max(1);
    let visible = match focus.top {
        Some(top) if total > room => {
            let top = top.min(total - room);
            top..top + room
        }
        _ => window(total, at, room),
    };
    let mut out = Vec::with_capacity(visible.len());
    let mut begin = 0;
    for topic in &topics {
        let rows = count(topic);
        let from = visible.start.max(begin);
        let to = visible.end.min(begin + rows);
        for row in from..to {
            out.push(match topic.2 {
                true => Row::Partition(topic.0, topic.1.number(row - begin)),
                false => Row::Folded(topic.0),
            });
        }
        begin += rows;
        if begin >= visible.end {
            break;
        }
    }
    let chosen = at.and_then(|row| row.checked_sub(visible.start)).filter(|row| *row < out.len());
    Sight { rows: out, chosen, first: visible.start, total }
}

/// `b1 ✕ 9.0 s`: how a broker is, if it is not simply well.
fn broker_head(lab: &Lab, image: &Image, id: NodeId, canvas: &Canvas) -> Line {
    let g = &canvas.glyphs;
    let Some(node) = lab.cluster().brokers.get(&id) else {
        return Line::plain(format!("b{id}"));
    };
    let since = common::ago(lab, node.since);
    let line = Line::of(format!("b{id}"), Role::Strong);
    match node.state {
        NodeState::New => {
            line.span(format!(" {}", canvas.word("not started", "未启动")), Role::Dim)
        }
        NodeState::Dead => line.span(format!(" {} {since}", g.dead), Role::Dead),
        NodeState::Stopped => line.span(format!(" {} {since}", g.stopped), Role::Dead),
        NodeState::Paused => line.span(format!(" {} {since}", g.paused), Role::Warn),
        NodeState::Alive => match image.brokers.get(&id) {
            None => line.span(format!(" {}", canvas.word("starting", "启动中")), Role::Dim),
            Some(known) if known.fenced => {
                let word = match lab.cluster().zookeeper() {
                    None => canvas.word("fenced", "被隔离"),
                    Some(_) => canvas.word("has no znode", "无 znode"),
                };
                line.span(format!(" {word}"), Role::Warn)
            }
            Some(known) if known.in_controlled_shutdown => {
                line.span(format!(" {}", canvas.word("stopping", "停机中")), Role::Warn)
            }
            Some(_) => line,
        },
    }
}

fn wide(
    lab: &Lab,
    image: &Image,
    rows: &[Row<'_>],
    fresh: &Fresh<'_>,
    canvas: &Canvas,
) -> Vec<Line> {
    let g = &canvas.glyphs;
    let brokers: Vec<NodeId> = lab.cluster().brokers.keys().copied().collect();
    let mut columns = vec![Align::Left; brokers.len() + 4];
    columns[1] = Align::Left;
    let mut table = Table::new(&columns);
    let mut head = vec![Line::new(), Line::new()];
    for &id in &brokers {
        head.push(broker_head(lab, image, id, canvas).changed(fresh.node(id), g));
    }
    table.row(head);
    for row in rows {
        match row {
            Row::Partition(topic, number) => {
                let partition = TopicPartition::new(topic, *number);
                let Some(registration) = image.partition(&partition) else { continue };
                let mut cells = vec![
                    Line::plain(partition.to_string()),
                    Line::of(format!("RF {}", registration.replicas.len()), Role::Dim),
                ];
                for &id in &brokers {
                    cells.push(cell(lab, &partition, registration, id, fresh, canvas));
                }
                cells.extend(isr_and_epoch(&partition, registration, fresh, canvas));
                table.row_to(cells, Target::Partition(partition));
            }
            Row::Folded(topic) => {
                let Some(registered) = image.topics.get(*topic) else { continue };
                let count = registered.partitions.len();
                let mut cells = vec![
                    Line::of(topic.as_str(), Role::Dim),
                    Line::of(format!("{count} {}", canvas.word("partitions", "分区")), Role::Dim),
                ];
                for &id in &brokers {
                    let leads =
                        registered.partitions.iter().filter(|p| p.leader == Some(id)).count();
                    cells.push(Line::of(format!("{} x{leads}", g.leader), Role::Dim));
                }
                cells.push(folded_isr(registered.partitions.iter().map(AsRef::as_ref), canvas));
                table.row_to(cells, Target::Partition(TopicPartition::new(topic, 0)));
            }
        }
    }
    table.lines(usize::MAX, g.ellipsis)
}

fn folded_isr<'a>(
    partitions: impl Iterator<Item = &'a PartitionRegistration>,
    canvas: &Canvas,
) -> Line {
    let short = partitions.filter(|p| p.isr.len() < p.replicas.len()).count();
    match short {
        0 => Line::of(canvas.word("all in sync", "全部同步"), Role::Dim),
        _ => {
            Line::of(format!("{short} {}", canvas.word("under-replicated", "副本不足")), Role::Warn)
        }
    }
}

fn isr_and_epoch(
    partition: &TopicPartition,
    registration: &PartitionRegistration,
    fresh: &Fresh<'_>,
    canvas: &Canvas,
) -> [Line; 2] {
    let g = &canvas.glyphs;
    let role = match registration.isr.len() < registration.replicas.len() {
        true => Role::Warn,
        false => Role::Plain,
    };
    [
        Line::of("ISR ", Role::Dim)
            .span(common::set(&registration.isr), role)
            .changed(fresh.isr(partition), g),
        Line::of("epoch ", Role::Dim)
            .span(registration.leader_epoch.to_string(), Role::Epoch)
            .changed(fresh.leader(partition), g),
    ]
}

fn cell(
    lab: &Lab,
    partition: &TopicPartition,
    registration: &PartitionRegistration,
    id: NodeId,
    fresh: &Fresh<'_>,
    canvas: &Canvas,
) -> Line {
    let g = &canvas.glyphs;
    if !registration.replicas.contains(&id) {
        return Line::of(g.dash, Role::Dim);
    }
    let (mark, role, _) = common::state_of(lab, id, registration, canvas);
    let end = lab
        .cluster()
        .broker(id)
        .and_then(|broker| broker.replicas.get(partition))
        .map_or("?".to_owned(), |replica| replica.log_end_offset().to_string());
    Line::of(mark, role)
        .text(" ")
        .span(end, Role::Offset)
        .changed(fresh.log_end(partition, id).is_some(), g)
}

/// Few cells or many brokers: the brokers that are not well in one line, then each partition with its own replicas.
fn compact(
    lab: &Lab,
    image: &Image,
    rows: &[Row<'_>],
    fresh: &Fresh<'_>,
    canvas: &Canvas,
) -> Vec<Line> {
    let g = &canvas.glyphs;
    let brokers = &lab.cluster().brokers;
    let well = |id: &NodeId| {
        brokers.get(id).is_some_and(|node| node.state == NodeState::Alive)
            && image.brokers.get(id).is_some_and(|known| known.is_active())
    };
    let up = brokers.keys().filter(|id| well(id)).count();
    let mut head = Line::plain(format!("  {} {up}/{} ", canvas.word("up", "在线"), brokers.len()));
    for &id in brokers.keys().filter(|id| !well(id)) {
        head = head.text(" ").join(broker_head(lab, image, id, canvas)).changed(fresh.node(id), g);
    }
    let mut lines = vec![head];
    let mut table = Table::new(&[Align::Left, Align::Left, Align::Left, Align::Left]).gap(2);
    for row in rows {
        match row {
            Row::Partition(topic, number) => {
                let partition = TopicPartition::new(topic, *number);
                let Some(registration) = image.partition(&partition) else { continue };
                let mut replicas = Line::new();
                for (at, &id) in registration.replicas.iter().enumerate() {
                    let (mark, role, _) = common::state_of(lab, id, registration, canvas);
                    replicas = replicas
                        .text(if at > 0 { " " } else { "" })
                        .span(mark, role)
                        .text(format!("{id}:"));
                    let full = cell(lab, &partition, registration, id, fresh, canvas);
                    replicas.spans.extend(full.spans.into_iter().skip(2).filter(|s| s.text != " "));
                }
                let [isr, epoch] = isr_and_epoch(&partition, registration, fresh, canvas);
                let name = Line::plain(partition.to_string());
                let strip = |mut line: Line| {
                    line.spans.remove(0);
                    line
                };
                let epoch = Line::of("e", Role::Dim).join(strip(epoch));
                table.row_to(vec![name, replicas, strip(isr), epoch], Target::Partition(partition));
            }
            Row::Folded(topic) => {
                let Some(registered) = image.topics.get(*topic) else { continue };
                let count = registered.partitions.len();
                let isr = folded_isr(registered.partitions.iter().map(AsRef::as_ref), canvas);
                let cells = vec![
                    Line::of(topic.as_str(), Role::Dim),
                    Line::of(format!("x{count}"), Role::Dim),
                    isr,
                ];
                table.row_to(cells, Target::Partition(TopicPartition::new(topic, 0)));
            }
        }
    }
    lines.extend(table.lines(canvas.width, g.ellipsis));
    lines
}
