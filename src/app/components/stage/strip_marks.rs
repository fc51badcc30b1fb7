//! Where the marks below a log strip stand: group badges on their boundaries, and the log end's caret with its label.
//!
//! A badge keeps its boundary; a badge that would cover another is pushed to the right, and the log end's label moves
//! behind the badges that stand at its place. Lengths are in columns, so that one answer serves every size of type.

use super::columns::Columns;
use crate::engine::common::Offset;
use crate::view::scene::{Cursor, CursorKind, GroupBadge};

/// Width of a badge with its gap.
const BADGE: f64 = 0.57;
/// The caret stands so far left of its boundary.
const CARET: f64 = 0.2;
/// Width of one character of the label.
const CHARACTER: f64 = 0.24;

/// Badges that stand at one offset.
#[derive(Clone, Debug, PartialEq)]
pub struct BadgeStack {
    pub offset: Offset,
    /// Left edge, in columns.
    pub left: f64,
    /// Second and further rows are used where each group has a row of its own.
    pub row: usize,
    pub badges: Vec<(GroupBadge, CursorKind)>,
}

/// The label of the log end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EndLabel {
    /// Where the caret's tip stands, in columns.
    pub at: f64,
    /// The label stands left of the caret, because there is no room at its right.
    pub flipped: bool,
}

/// Stacks the badges. With `row_per_group`, each group gets its own row and nothing is pushed.
#[must_use]
pub fn place_badges(cursors: &[Cursor], columns: Columns, row_per_group: bool) -> Vec<BadgeStack> {
    let mut rows: Vec<&GroupBadge> = Vec::new();
    for cursor in cursors {
        if !rows.contains(&&cursor.badge) {
            rows.push(&cursor.badge);
        }
    }
    let row_of =
        |badge: &GroupBadge| if row_per_group { rows.iter().position(|&row| row == badge).unwrap_or(0) } else { 0 };

    let mut stacks: Vec<BadgeStack> = Vec::new();
    for cursor in merged(cursors) {
        let row = row_of(&cursor.badge);
        let mark = (cursor.badge, cursor.kind);
        match stacks.iter_mut().find(|stack| stack.offset == cursor.offset && stack.row == row) {
            Some(stack) => stack.badges.push(mark),
            None => stacks.push(BadgeStack { offset: cursor.offset, left: 0.0, row, badges: vec![mark] }),
        }
    }
    stacks.sort_by_key(|stack| (stack.row, stack.offset));
    let mut free_from = (0, f64::MIN);
    for stack in &mut stacks {
        let wanted = column(columns, stack.offset) - BADGE / 2.0;
        let least = if free_from.0 == stack.row { free_from.1 } else { f64::MIN };
        stack.left = wanted.max(least);
        free_from = (stack.row, right_of(stack));
    }
    stacks
}

/// Places the label `LEO 8`, so that it covers no badge.
#[must_use]
pub fn place_end(log_end: Offset, columns: Columns, stacks: &[BadgeStack]) -> EndLabel {
    let boundary = column(columns, log_end);
    let width = CARET + CHARACTER * (5 + log_end.0.to_string().len()) as f64;
    let room = columns.count as f64 + 0.5;
    let in_the_way = |stack: &&BadgeStack| right_of(stack) > boundary - CARET && stack.left < boundary + width;
    let behind = stacks.iter().filter(in_the_way).map(right_of).fold(boundary - CARET, f64::max) + CARET;
    if behind + width <= room {
        return EndLabel { at: behind, flipped: false };
    }
    let before = stacks.iter().filter(in_the_way).map(|stack| stack.left - CARET).fold(boundary, f64::min);
    EndLabel { at: before, flipped: true }
}

/// A group whose position is also its committed offset has one mark: a solid square.
fn merged(cursors: &[Cursor]) -> Vec<Cursor> {
    let doubled = |cursor: &Cursor| {
        cursor.kind == CursorKind::Committed
            && cursors.iter().any(|other| {
                other.kind == CursorKind::Position && other.badge == cursor.badge && other.offset == cursor.offset
            })
    };
    let mut marks: Vec<Cursor> = cursors.iter().filter(|cursor| !doubled(cursor)).cloned().collect();
    marks.sort_by(|a, b| (a.offset, &a.badge, a.kind).cmp(&(b.offset, &b.badge, b.kind)));
    marks.dedup();
    marks
}

fn right_of(stack: &BadgeStack) -> f64 {
    stack.left + BADGE * stack.badges.len() as f64
}

fn column(columns: Columns, offset: Offset) -> f64 {
    columns.at(offset) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWELVE: Columns = Columns { from: Offset(0), count: 12, folded: false };

    fn cursor(letter: &str, offset: u64, kind: CursorKind) -> Cursor {
        let badge = GroupBadge { group: letter.to_lowercase(), letter: letter.to_owned() };
        Cursor { badge, offset: Offset(offset), kind }
    }

    #[test]
    fn a_group_that_committed_what_it_read_has_one_solid_square() {
        let stacks =
            place_badges(&[cursor("B", 6, CursorKind::Committed), cursor("B", 6, CursorKind::Position)], TWELVE, false);
        let marks: Vec<_> = stacks.iter().flat_map(|stack| &stack.badges).map(|(_, kind)| *kind).collect();
        assert_eq!(marks, [CursorKind::Position]);
    }

    #[test]
    fn no_badge_covers_another() {
        let letters = ["A", "B", "C", "D", "E"];
        for near in 3..7 {
            let cursors: Vec<_> = letters
                .iter()
                .enumerate()
                .map(|(index, letter)| cursor(letter, if index < 3 { 4 } else { near }, CursorKind::Position))
                .collect();
            let stacks = place_badges(&cursors, TWELVE, false);
            for pair in stacks.windows(2) {
                assert!(right_of(&pair[0]) <= pair[1].left + 1e-9, "{pair:?}");
            }
        }
    }

    #[test]
    fn the_log_end_moves_behind_badges_at_its_place_and_else_keeps_it() {
        let at_the_end = place_badges(&[cursor("B", 8, CursorKind::Position)], TWELVE, false);
        assert!(place_end(Offset(8), TWELVE, &at_the_end).at > 8.0);
        let elsewhere = place_badges(&[cursor("B", 4, CursorKind::Position)], TWELVE, false);
        let end = place_end(Offset(8), TWELVE, &elsewhere);
        assert!((end.at - 8.0).abs() < 1e-9 && !end.flipped);
    }

    #[test]
    fn a_label_without_room_at_its_right_stands_left_of_the_caret() {
        assert!(place_end(Offset(12), TWELVE, &[]).flipped);
        let stacks = place_badges(
            &[cursor("B", 10, CursorKind::Position), cursor("S", 10, CursorKind::Position)],
            TWELVE,
            false,
        );
        let end = place_end(Offset(10), TWELVE, &stacks);
        assert!(end.flipped && end.at < stacks[0].left, "left of the badges too: {end:?}");
    }

    #[test]
    fn with_a_row_per_group_the_rows_follow_the_order_of_the_groups() {
        let cursors = [cursor("B", 3, CursorKind::Position), cursor("A", 3, CursorKind::Position)];
        let rows: Vec<_> = place_badges(&cursors, TWELVE, true)
            .into_iter()
            .map(|stack| (stack.badges[0].0.letter.clone(), stack.row))
            .collect();
        assert_eq!(rows, [("B".to_owned(), 0), ("A".to_owned(), 1)]);
    }
}
