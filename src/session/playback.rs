//! Play, pause, speed: how virtual time follows the wall clock.
//!
//! A pure reducer. The page calls [`Playback::tick`] once a frame with the wall time that has passed and plays the
//! session to the time it answers.

use serde::{Deserialize, Serialize};

use crate::engine::{Span, Time};

/// Virtual microseconds per wall microsecond, as a fraction of whole numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Speed {
    pub virtual_part: u64,
    pub wall_part: u64,
}

impl Speed {
    /// From 1/100× to 1000×, three stops a decade.
    pub const STOPS: [Self; 16] = [
        Self::slower(100),
        Self::slower(50),
        Self::slower(20),
        Self::slower(10),
        Self::slower(5),
        Self::slower(2),
        Self::faster(1),
        Self::faster(2),
        Self::faster(5),
        Self::faster(10),
        Self::faster(20),
        Self::faster(50),
        Self::faster(100),
        Self::faster(200),
        Self::faster(500),
        Self::faster(1000),
    ];

    const fn slower(times: u64) -> Self {
        Self { virtual_part: 1, wall_part: times }
    }

    const fn faster(times: u64) -> Self {
        Self { virtual_part: times, wall_part: 1 }
    }

    /// "1/20×", "5×".
    #[must_use]
    pub fn label(self) -> String {
        if self.wall_part == 1 {
            format!("{}×", self.virtual_part)
        } else {
            format!("{}/{}×", self.virtual_part, self.wall_part)
        }
    }
}

/// Everything that can be done to the clock; one enum for buttons, keys and lessons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaybackCommand {
    Play,
    Pause,
    Toggle,
    Slower,
    Faster,
    /// One of [`Speed::STOPS`].
    SetStop(usize),
    /// Run quickly over stretches where nothing shown happens.
    SkipWaits(bool),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Playback {
    playing: bool,
    stop: usize,
    skip_waits: bool,
    /// Virtual time owed that was less than a microsecond, in wall parts.
    remainder: u64,
}

impl Default for Playback {
    /// Paused at 1/20×: slow enough to watch a request travel.
    fn default() -> Self {
        Self { playing: false, stop: 2, skip_waits: true, remainder: 0 }
    }
}

impl Playback {
    #[must_use]
    pub fn is_playing(self) -> bool {
        self.playing
    }

    #[must_use]
    pub fn speed(self) -> Speed {
        Speed::STOPS[self.stop]
    }

    #[must_use]
    pub fn stop(self) -> usize {
        self.stop
    }

    #[must_use]
    pub fn skips_waits(self) -> bool {
        self.skip_waits
    }

    #[must_use]
    pub fn after(mut self, command: PlaybackCommand) -> Self {
        match command {
            PlaybackCommand::Play => self.playing = true,
            PlaybackCommand::Pause => self.playing = false,
            PlaybackCommand::Toggle => self.playing = !self.playing,
            PlaybackCommand::Slower => self.stop = self.stop.saturating_sub(1),
            PlaybackCommand::Faster => self.stop = (self.stop + 1).min(Speed::STOPS.len() - 1),
            PlaybackCommand::SetStop(stop) => self.stop = stop.min(Speed::STOPS.len() - 1),
            PlaybackCommand::SkipWaits(skip) => self.skip_waits = skip,
        }
        self
    }

    /// Where the clock should stand after `wall` of wall time, starting from `now`.
    ///
    /// A frame that took long (a hidden tab, a slow machine) counts as at most a quarter of a second: the clock would
    /// otherwise leap when the tab is shown again.
    pub fn tick(&mut self, now: Time, wall: Span) -> Time {
        if !self.playing {
            return now;
        }
        let wall = wall.0.min(250_000);
        let speed = self.speed();
        let owed = wall * speed.virtual_part + self.remainder;
        self.remainder = owed % speed.wall_part;
        now + Span(owed / speed.wall_part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_motion_loses_no_microsecond() {
        let mut playback = Playback::default().after(PlaybackCommand::Play);
        assert_eq!(playback.speed().label(), "1/20×");
        let mut now = Time::ZERO;
        for _ in 0..1_000 {
            now = playback.tick(now, Span::micros(7));
        }
        assert_eq!(now, Time(350));
    }

    #[test]
    fn a_hidden_tab_does_not_leap() {
        let mut playback = Playback::default().after(PlaybackCommand::SetStop(6)).after(PlaybackCommand::Play);
        assert_eq!(playback.tick(Time::ZERO, Span::secs(3600)), Time(250_000));
    }

    #[test]
    fn a_pause_stops_the_clock_where_it_is() {
        let mut playback = Playback::default();
        assert_eq!(playback.tick(Time(5), Span::secs(1)), Time(5));
    }

    #[test]
    fn speed_stays_within_its_stops() {
        let fastest = (0..40).fold(Playback::default(), |p, _| p.after(PlaybackCommand::Faster));
        assert_eq!(fastest.speed().label(), "1000×");
        let slowest = (0..40).fold(fastest, |p, _| p.after(PlaybackCommand::Slower));
        assert_eq!(slowest.speed().label(), "1/100×");
    }
}
