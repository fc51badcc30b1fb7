//! Points, boxes and cubic curves, in CSS pixels of the figure.

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

impl Point {
    #[must_use]
    pub fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }

    #[must_use]
    pub fn distance(self, other: Self) -> f64 {
        (self.x - other.x).hypot(self.y - other.y)
    }

    #[must_use]
    fn towards(self, other: Self, share: f64) -> Self {
        Self { x: self.x + (other.x - self.x) * share, y: self.y + (other.y - self.y) * share }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rect {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

impl Rect {
    #[must_use]
    pub fn right(self) -> f64 {
        self.x + self.width
    }

    #[must_use]
    pub fn bottom(self) -> f64 {
        self.y + self.height
    }

    #[must_use]
    pub fn centre(self) -> Point {
        Point { x: self.x + self.width / 2.0, y: self.y + self.height / 2.0 }
    }

    #[must_use]
    pub fn around(centre: Point, width: f64, height: f64) -> Self {
        Self { x: centre.x - width / 2.0, y: centre.y - height / 2.0, width, height }
    }

    #[must_use]
    pub fn contains(self, point: Point) -> bool {
        (self.x..=self.right()).contains(&point.x) && (self.y..=self.bottom()).contains(&point.y)
    }
}

/// A cubic Bézier curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Curve {
    pub from: Point,
    pub leave: Point,
    pub arrive: Point,
    pub to: Point,
}

/// Pieces a curve is measured by; at the sizes of the figure the error is far below a pixel.
const PIECES: u32 = 32;

impl Curve {
    #[must_use]
    pub fn at(&self, t: f64) -> Point {
        self.split(t).0.to
    }

    /// The two parts before and after parameter `t` (de Casteljau).
    #[must_use]
    pub fn split(&self, t: f64) -> (Self, Self) {
        let ab = self.from.towards(self.leave, t);
        let bc = self.leave.towards(self.arrive, t);
        let cd = self.arrive.towards(self.to, t);
        let abc = ab.towards(bc, t);
        let bcd = bc.towards(cd, t);
        let on = abc.towards(bcd, t);
        (
            Self { from: self.from, leave: ab, arrive: abc, to: on },
            Self { from: on, leave: bcd, arrive: cd, to: self.to },
        )
    }

    /// The parameter at which `share` of the curve's length lies behind: equal times are equal distances.
    #[must_use]
    pub fn parameter_at(&self, share: f64) -> f64 {
        let point = |piece: u32| self.at(f64::from(piece) / f64::from(PIECES));
        let lengths: Vec<f64> = (0..PIECES).map(|piece| point(piece).distance(point(piece + 1))).collect();
        let whole: f64 = lengths.iter().sum();
        let mut left = whole * share.clamp(0.0, 1.0);
        for (piece, length) in (0..PIECES).zip(lengths) {
            if left <= length {
                let within = if length > 0.0 { left / length } else { 0.0 };
                return (f64::from(piece) + within) / f64::from(PIECES);
            }
            left -= length;
        }
        1.0
    }

    /// The direction of travel at the end, as a unit vector.
    #[must_use]
    pub fn arrival(&self) -> Point {
        let before = [self.arrive, self.leave, self.from].into_iter().find(|point| point.distance(self.to) > 1e-6);
        let Some(before) = before else { return Point::new(1.0, 0.0) };
        let length = before.distance(self.to);
        Point::new((self.to.x - before.x) / length, (self.to.y - before.y) / length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arc() -> Curve {
        Curve {
            from: Point::new(0.0, 0.0),
            leave: Point::new(100.0, 0.0),
            arrive: Point::new(100.0, 80.0),
            to: Point::new(0.0, 80.0),
        }
    }

    #[test]
    fn the_two_parts_of_a_split_meet_and_keep_the_ends() {
        let (before, after) = arc().split(0.3);
        assert_eq!(before.to, after.from);
        assert_eq!((before.from, after.to), (arc().from, arc().to));
    }

    #[test]
    fn equal_shares_are_equal_distances() {
        let curve = arc();
        let steps: Vec<Point> = (0..=10).map(|step| curve.at(curve.parameter_at(f64::from(step) / 10.0))).collect();
        let lengths: Vec<f64> = steps.windows(2).map(|pair| pair[0].distance(pair[1])).collect();
        let mean = lengths.iter().sum::<f64>() / 10.0;
        // Straight lines between far points are a little shorter than the curve where it bends.
        assert!(lengths.iter().all(|length| (length - mean).abs() < 0.06 * mean), "{lengths:?}");
    }

    #[test]
    fn a_curve_is_left_at_its_start_and_reached_at_its_end() {
        assert_eq!(arc().at(arc().parameter_at(0.0)), arc().from);
        assert!(arc().at(arc().parameter_at(1.0)).distance(arc().to) < 1e-9);
        assert_eq!(arc().arrival(), Point::new(-1.0, 0.0));
    }
}
