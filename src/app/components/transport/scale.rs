//! From virtual time to a place on the timeline and back.

use crate::engine::common::Time;

/// Ends that a timeline may have and the distance of its labels, in seconds: it grows by leaps, so that marks do not
/// creep while the clock runs.
const ENDS_SECS: [(u64, u64); 20] = [
    (5, 1),
    (10, 2),
    (15, 5),
    (20, 5),
    (30, 10),
    (45, 15),
    (60, 15),
    (90, 30),
    (120, 30),
    (180, 60),
    (300, 60),
    (600, 120),
    (1_200, 300),
    (1_800, 300),
    (3_600, 900),
    (7_200, 1_800),
    (14_400, 3_600),
    (43_200, 10_800),
    (86_400, 21_600),
    (259_200, 86_400),
];

const SECOND: u64 = 1_000_000;

/// The time that a timeline covers, from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    end: Time,
    label_every: u64,
}

impl Scale {
    /// Covers `furthest` with some room ahead.
    #[must_use]
    pub fn covering(furthest: Time) -> Self {
        let wanted = furthest.0 + furthest.0 / 12;
        let fits = ENDS_SECS.iter().find(|(end, _)| end * SECOND >= wanted);
        let (end, every) = fits.map_or_else(
            || {
                let end = wanted.next_multiple_of(86_400 * SECOND);
                (end, end / 4)
            },
            |(end, every)| (end * SECOND, every * SECOND),
        );
        Self { end: Time(end), label_every: every }
    }

    /// In thousandths of the line's length.
    #[must_use]
    pub fn permille(self, time: Time) -> u64 {
        (time.0.min(self.end.0) * 1_000) / self.end.0
    }

    /// As CSS has it: a share of the line's length with enough digits for a smooth move.
    #[must_use]
    pub fn share(self, time: Time) -> String {
        let millionths = u128::from(time.0.min(self.end.0)) * 1_000_000 / u128::from(self.end.0);
        format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000)
    }

    /// The time at a share of the line, 0 to 1.
    #[must_use]
    pub fn time_at(self, share: f64) -> Time {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=1e6 just before")]
        let millionths = (share.clamp(0.0, 1.0) * 1e6) as u64;
        Time(u64::try_from(u128::from(self.end.0) * u128::from(millionths) / 1_000_000).unwrap_or(u64::MAX))
    }

    /// Times to write under the line, from zero to before its end.
    pub fn labels(self) -> impl Iterator<Item = (Time, String)> {
        (0..self.end.0.div_ceil(self.label_every)).map(move |number| {
            let time = Time(self.label_every * number);
            (time, label(time))
        })
    }
}

/// `0 s`, `45`, `2:30`, `1 h 10`.
fn label(time: Time) -> String {
    match time.0 / SECOND {
        0 => "0 s".to_owned(),
        seconds @ ..60 => seconds.to_string(),
        seconds @ ..3_600 => format!("{}:{:02}", seconds / 60, seconds % 60),
        seconds => format!("{} h {:02}", seconds / 3_600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_ahead_of_what_was_played_and_moves_in_leaps() {
        let scale = |seconds: u64| Scale::covering(Time(seconds * 1_000_000));
        assert_eq!(scale(0), scale(4));
        assert_eq!(scale(28).end, Time(45_000_000));
        assert!(scale(400_000).end > Time(400_000_000_000));
    }

    #[test]
    fn places_and_times_agree() {
        let scale = Scale::covering(Time(50_000_000));
        assert_eq!(scale.end, Time(60_000_000));
        assert_eq!(scale.permille(Time(15_000_000)), 250);
        assert_eq!(scale.share(Time(15_000_000)), "0.250000");
        assert_eq!(scale.time_at(0.25), Time(15_000_000));
        assert_eq!(scale.time_at(7.0), Time(60_000_000));
    }

    #[test]
    fn labels_read_as_times() {
        for (seconds, expected) in [(0, "0 s"), (45, "45"), (150, "2:30"), (4_200, "1 h 10")] {
            assert_eq!(label(Time(seconds * 1_000_000)), expected);
        }
        let labels: Vec<String> = Scale::covering(Time(50 * SECOND)).labels().map(|(_, label)| label).collect();
        assert_eq!(labels, ["0 s", "15", "30", "45"]);
    }
}
