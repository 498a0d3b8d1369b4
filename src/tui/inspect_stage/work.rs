//! Search, check and watching, a piece at a time; and what their rows lead to.

use super::{InspectStage, Results};
use crate::inspect::{Finding, Grown, Weight};
use crate::trace::{Canvas, Focus, Line, Picture, Role};
use crate::tui::stage::Pane;
use crate::types::{Language, NodeId};

/// Bytes of one piece: some milliseconds of work, so that keys are answered at once.
const PIECE_BYTES: u64 = 2 << 20;
/// Most segments that are verified within one command.
pub(super) const MOST_VERIFIED: usize = 200;

/// Of several news the heaviest is told, of equal ones the last.
fn weight(news: &Grown) -> u8 {
    match news {
        Grown::Partition { directory, .. }
            if directory.ends_with("-delete") || directory.ends_with("-stray") =>
        {
            3
        }
        Grown::Batch { wrong: Some(_), .. } | Grown::Cut { .. } => 2,
        Grown::PartitionGone { .. } => 1,
        _ => 0,
    }
}

impl InspectStage {
    /// What is under way, for the prompt's row.
    pub(super) fn under_way(&self) -> Option<String> {
        let share = |(done, all): (u64, u64)| done.min(all) * 100 / all.max(1);
        if let (true, Results::Find(find)) = (self.finding, &self.results) {
            return Some(format!("find {}  {} %", find.wanted.text, share(find.progress)));
        }
        let check = self.check.as_ref().filter(|_| self.checking)?;
        Some(format!("check  {} %", share(check.progress)))
    }

    pub(super) fn piece(&mut self) {
        if self.finding
            && let Results::Find(find) = &mut self.results
        {
            self.finding = find.piece(&self.inspection, PIECE_BYTES);
        } else if let Some(check) = self.check.as_mut().filter(|_| self.checking) {
            self.checking = check.piece(&self.inspection, PIECE_BYTES);
        } else {
            (self.finding, self.checking) = (false, false);
        }
    }

    /// What a running broker added since.
    pub(super) fn look_again(&mut self) {
        let grown = self.inspection.refresh();
        // What went or was cut is told before what grew.
        let Some(last) = grown.iter().max_by_key(|one| weight(one)) else { return };
        self.news_count += grown.len() as u64;
        let batches = grown.iter().filter(|one| matches!(one, Grown::Batch { .. })).count();
        let segments = grown.iter().filter(|one| matches!(one, Grown::Segment { .. })).count();
        let (english, chinese) = match last {
            Grown::Batch { partition, row, wrong: Some(_), .. } => (
                format!(
                    "{partition}: the batch at offset {} has a wrong checksum",
                    row.base_offset
                ),
                format!("{partition}：偏移量 {} 处的批次校验和有误", row.base_offset),
            ),
            Grown::Cut { partition, base_offset, bytes: (seen, now), .. } => (
                format!("{partition}: segment {base_offset} was cut from {seen} to {now} bytes"),
                format!("{partition}：段 {base_offset} 由 {seen} 字节截短为 {now} 字节"),
            ),
            Grown::Batch { partition, row, .. } => (
                format!("{partition} grew to offset {}", row.last_offset),
                format!("{partition} 增长到偏移量 {}", row.last_offset),
            ),
            Grown::Segment { partition, base_offset, .. } => (
                format!("{partition} began segment {base_offset}"),
                format!("{partition} 开始了新段 {base_offset}"),
            ),
            Grown::SegmentGone { partition, base_offset, .. } => (
                format!("{partition} lost segment {base_offset}"),
                format!("{partition} 的段 {base_offset} 已删除"),
            ),
            Grown::Partition { directory, partition } if directory.ends_with("-delete") => (
                format!("{partition} was renamed for deletion"),
                format!("{partition} 已改名，等待删除"),
            ),
            Grown::Partition { directory, partition } if directory.ends_with("-stray") => (
                format!("{partition} was set aside as stray"),
                format!("{partition} 已作为 stray 搁置"),
            ),
            Grown::Partition { partition, .. } => {
                (format!("{partition} is new"), format!("新分区 {partition}"))
            }
            Grown::PartitionGone { partition, .. } => {
                (format!("{partition} went"), format!("{partition} 已消失"))
            }
        };
        self.news = Some((
            format!("{english}   (new: {batches} batches, {segments} segments)"),
            format!("{chinese}   （新增 {batches} 个批次，{segments} 个段）"),
        ));
    }

    fn all_findings(&self) -> Vec<&Finding> {
        match &self.check {
            Some(check) => check.findings.sorted(),
            None => self.inspection.findings.sorted(),
        }
    }

    pub(super) fn findings_picture(&self, canvas: &Canvas) -> Picture {
        let findings = self.all_findings();
        let progress = self.check.as_ref().filter(|_| self.checking).map(|check| check.progress);
        let checked = self.check.is_some();
        self.inspection.findings_picture(&findings, progress, checked, canvas)
    }

    pub(super) fn results_picture(&self, canvas: &Canvas) -> Picture {
        match &self.results {
            Results::Find(find) => self.inspection.hits_picture(find, self.finding, canvas),
            Results::Verify(place, all) => self.inspection.verify_picture(*place, all, canvas),
            Results::Nothing => {
                let mut picture = Picture::new(canvas.word("results", "结果"));
                let rows = match canvas.language {
                    Language::English => [
                        ("/ key=alice", "records with this key, in all partitions"),
                        ("/ value~apples", "records whose value has a part like this"),
                        ("/ time=2026-09-21T10:00..", "records from a time on"),
                        (": verify T-P", "rebuild the indexes from the log and compare"),
                        (": lookup T-P offset=N", "walk an offset lookup step by step"),
                        (": check", "read every log and tell what is wrong"),
                    ],
                    Language::Chinese => [
                        ("/ key=alice", "所有分区中键为此值的记录"),
                        ("/ value~apples", "值中含有此内容的记录"),
                        ("/ time=2026-09-21T10:00..", "某时间之后的记录"),
                        (": verify T-P", "由日志重建索引并比较"),
                        (": lookup T-P offset=N", "逐步查找一个偏移量"),
                        (": check", "读取所有日志并报告问题"),
                    ],
                };
                picture.blank();
                for (command, about) in rows {
                    let command = Line::of(format!("  {command}"), Role::Code).pad_to(32);
                    picture.push(command.text(about).cut(canvas.width, &canvas.glyphs));
                }
                picture
            }
        }
    }

    /// Where a finding leads: into the bytes that it is about.
    pub(super) fn finding_focus(&self, at: usize, focus: &Focus) -> Option<(Pane, Focus)> {
        let all = self.all_findings();
        let finding = all.get(at)?;
        let of_file = finding.range.is_some() || finding.weight != Weight::Note;
        let place = self.inspection.places().find(|place| {
            let files = self.inspection.partition(*place);
            files.is_some_and(|files| finding.place.starts_with(&files.directory))
        });
        let base = place.map_or_else(|| focus.clone(), |place| self.focus_on(place, None));
        let byte = finding.range.map(|(from, _)| from).unwrap_or(0);
        match of_file && self.inspection.is_file(&finding.place) {
            true => Some((
                Pane::Bytes,
                Focus { file: Some(finding.place.clone()), byte: Some(byte), ..base },
            )),
            false => place.map(|_| (Pane::Partition, base)),
        }
    }

    /// Where a hit leads: to its record.
    pub(super) fn hit_focus(&self, at: usize) -> Option<(Pane, Focus)> {
        let Results::Find(find) = &self.results else { return None };
        let hit = find.hits.get(at)?;
        let focus = Focus {
            partition: Some(hit.partition.clone()),
            node: hit.node.map(NodeId),
            offset: Some(hit.offset),
            ..Focus::default()
        };
        Some((Pane::Bytes, focus))
    }
}
