//! The exception handlers of a function, found by position.
//!
//! `try_table`s nest. Their beginnings and ends cut the code into stretches with one innermost `try_table`
//! each; a binary search finds the stretch, and links lead from there to the `try_table`s around it. So what
//! it costs to look for a handler depends on the clauses around an instruction, not on those of the function.

use std::cmp::Reverse;
use std::ops::Range;

/// No `try_table`.
const NONE: u32 = u32::MAX;

/// A clause of a `try_table`: where to go when an exception reaches it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Handler {
    /// The tag caught; `None` catches all.
    pub tag: Option<u32>,
    /// Whether a reference to the exception is passed after the payload.
    pub with_ref: bool,
    /// Where to continue, as an offset in the function's words.
    pub target: u32,
    /// First slot the payload goes to.
    pub slot: u32,
}

/// The code that a `try_table` covers, and its clauses by their numbers.
#[derive(Clone, Debug)]
pub struct TryRange {
    /// Offsets in the function's words; an instruction counts by its first word.
    pub covers: Range<u32>,
    /// Its clauses.
    pub clauses: Range<u32>,
}

/// All handlers of a function.
#[derive(Debug)]
pub struct Handlers {
    /// Where stretches begin, in order, each with its innermost `try_table`.
    stretches: Box<[(u32, u32)]>,
    /// The `try_table`s, each with the one around it and its clauses.
    tables: Box<[(u32, Range<u32>)]>,
    clauses: Box<[Handler]>,
}

impl Handlers {
    /// Those of `try_table`s that are given in the order of their ends, the inner before the outer.
    pub fn new(tables: &[TryRange], clauses: Vec<Handler>) -> Handlers {
        let mut order: Vec<u32> = (0..tables.len() as u32).collect();
        order.retain(|&table| !tables[table as usize].covers.is_empty());
        // The outer before the inner.
        order.sort_unstable_by_key(|&table| {
            let covers = &tables[table as usize].covers;
            (covers.start, Reverse(covers.end), Reverse(table))
        });
        let mut outer = vec![NONE; tables.len()];
        let mut stretches = Stretches(Vec::with_capacity(2 * order.len()));
        let mut open: Vec<u32> = Vec::new();
        for table in order {
            let start = tables[table as usize].covers.start;
            while let Some(innermost) = open.pop_if(|&mut open| tables[open as usize].covers.end <= start) {
                stretches.begin(tables[innermost as usize].covers.end, outer[innermost as usize]);
            }
            outer[table as usize] = open.last().copied().unwrap_or(NONE);
            open.push(table);
            stretches.begin(start, table);
        }
        while let Some(innermost) = open.pop() {
            stretches.begin(tables[innermost as usize].covers.end, outer[innermost as usize]);
        }
        let clauses_of = tables.iter().map(|table| table.clauses.clone());
        Handlers {
            stretches: stretches.0.into_boxed_slice(),
            tables: outer.into_iter().zip(clauses_of).collect(),
            clauses: clauses.into_boxed_slice(),
        }
    }

    /// The handlers that cover the instruction at an offset, innermost first.
    pub fn covering(&self, at: u32) -> impl Iterator<Item = &Handler> {
        let after = self.stretches.partition_point(|&(start, _)| start <= at);
        let mut table = after.checked_sub(1).map_or(NONE, |stretch| self.stretches[stretch].1);
        std::iter::from_fn(move || {
            let (outer, clauses) = self.tables.get(table as usize)?;
            table = *outer;
            Some(&self.clauses[clauses.start as usize..clauses.end as usize])
        })
        .flatten()
    }
}

/// Beginnings of stretches, in order.
struct Stretches(Vec<(u32, u32)>);

impl Stretches {
    /// Another one begins, or the last one, which is empty, becomes this one.
    fn begin(&mut self, start: u32, table: u32) {
        self.0.pop_if(|&mut (last, _)| last == start);
        self.0.push((start, table));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A clause that is told from others by its target.
    fn clause(target: u32) -> Handler {
        Handler { tag: None, with_ref: false, target, slot: 0 }
    }

    fn targets(handlers: &Handlers, at: u32) -> Vec<u32> {
        handlers.covering(at).map(|handler| handler.target).collect()
    }

    /// `try_table`s of one clause each.
    fn handlers(covers: &[Range<u32>]) -> Handlers {
        let tables: Vec<TryRange> = (0u32..)
            .zip(covers)
            .map(|(number, covers)| TryRange { covers: covers.clone(), clauses: number..number + 1 })
            .collect();
        Handlers::new(&tables, (0..covers.len() as u32).map(clause).collect())
    }

    #[test]
    fn the_innermost_comes_first() {
        // Two beside each other in a third, whose end is that of a fourth, and one that covers nothing.
        let handlers = handlers(&[2..4, 4..6, 6..6, 1..8, 0..8, 9..10]);
        for (at, expected) in
            [vec![4], vec![3, 4], vec![0, 3, 4], vec![0, 3, 4], vec![1, 3, 4], vec![1, 3, 4], vec![3, 4]]
                .into_iter()
                .enumerate()
        {
            assert_eq!(targets(&handlers, at as u32), expected, "at {at}");
        }
        assert_eq!(targets(&handlers, 8), []);
        assert_eq!(targets(&handlers, 9), [5]);
        assert_eq!(targets(&handlers, 10), []);
        assert_eq!(targets(&Handlers::new(&[], Vec::new()), 0), []);
    }

    #[test]
    fn of_two_that_cover_the_same_the_one_that_ends_first_is_the_inner() {
        assert_eq!(targets(&handlers(&[3..5, 3..5, 3..9]), 4), [0, 1, 2]);
    }

    #[test]
    fn clauses_keep_their_order() {
        let tables = [
            TryRange { covers: 1..2, clauses: 0..2 },
            TryRange { covers: 1..2, clauses: 2..2 },
            TryRange { covers: 0..3, clauses: 2..5 },
        ];
        let handlers = Handlers::new(&tables, (0..5).map(clause).collect());
        assert_eq!(targets(&handlers, 1), [0, 1, 2, 3, 4]);
        assert_eq!(targets(&handlers, 2), [2, 3, 4]);
    }

    /// Every way to nest is what a look at all of them finds.
    #[test]
    fn what_is_found_is_what_covers_the_place() {
        // A body as a row of numbers: whether the next step opens, closes or goes on.
        for mut shape in 0..3u32.pow(9) {
            let (mut at, mut open, mut covers) = (0, Vec::new(), Vec::new());
            for _ in 0..9 {
                match shape % 3 {
                    0 => open.push(at),
                    1 => covers.extend(open.pop().map(|start| start..at)),
                    _ => at += 1,
                }
                shape /= 3;
            }
            covers.extend(std::iter::from_fn(|| open.pop().map(|start| start..at)));
            let handlers = handlers(&covers);
            for at in 0..=at {
                let expected: Vec<u32> = (0u32..)
                    .zip(&covers)
                    .filter(|(_, covers)| covers.contains(&at))
                    .map(|(n, _)| n)
                    .collect();
                assert_eq!(targets(&handlers, at), expected, "{covers:?} at {at}");
            }
        }
    }
}
