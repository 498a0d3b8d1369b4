//! What an administrator does meanwhile: partitions move and grow, leaders go home, topics come and go.
//!
//! ```text
//!   partition reassign t1-0 replicas=4,2,1 &     topic alter t1 partitions=4 &     elect leader t1-0 type=preferred &
//!   topic create x3 … &  …  topic delete x3 &    a topic of its own: nobody writes to what is deleted
//! ```

use super::chance::Chance;
use super::plan::Move;
use super::wish::Wish;

/// So many acts, spread over the schedule; when and what.
pub(super) fn acts(
    count: u64,
    end: u64,
    first_group: u32,
    seed: u64,
    (brokers, topics): (u64, u64),
    wish: &Wish,
) -> Vec<(u64, Move)> {
    let mut chance = Chance::new(seed, 4);
    let mut moves = Vec::new();
    let factor = wish.number("replication.factor", 3).min(brokers);
    for number in 0..count {
        let group = first_group + number as u32;
        let at = chance.below(end.max(1));
        let mut push = |at: u64, text: String| moves.push((at, Move { gap_ms: 0, text, group }));
        let topic = chance.within(1, topics);
        match chance.below(8) {
            0..4 => {
                let replicas = some_of(brokers, factor, &mut chance);
                push(at, format!("partition reassign t{topic}-0 replicas={replicas} &"));
                if chance.happens(25) {
                    let later = at + chance.within(5, 1_500);
                    push(later, format!("partition reassign cancel t{topic}-0 &"));
                }
            }
            4 => push(at, format!("elect leader t{topic}-0 type=preferred &")),
            5 => {
                push(at, format!("topic alter t{topic} partitions={} &", chance.within(2, 6)));
            }
            _ => {
                let words =
                    format!("partitions={} replication-factor={factor}", chance.within(1, 4));
                push(at, format!("topic create x{number} {words} &"));
                let later = at + chance.within(100, 4_000);
                push(later, format!("topic delete x{number} &"));
            }
        }
    }
    moves
}

/// So many different brokers, in any order.
fn some_of(brokers: u64, count: u64, chance: &mut Chance) -> String {
    let mut left: Vec<u64> = (1..=brokers).collect();
    let chosen = (0..count).map(|_| {
        let at = chance.below(left.len() as u64) as usize;
        left.remove(at).to_string()
    });
    chosen.collect::<Vec<_>>().join(",")
}
