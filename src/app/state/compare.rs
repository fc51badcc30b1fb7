//! Two runs under one clock: the reader drives the left one, and the right one keeps up.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::OnceLock;

use super::action::Landmark;
use super::clock::Watch;
use super::landmark;
use super::model::Model;
use crate::console::query::Kind;
use crate::console::{Expression, Scope, Value, query};
use crate::engine::Refusal;
use crate::engine::common::Time;
use crate::scenario::{Comparison, Language, Measure};
use crate::session::{BranchId, Session};
use crate::view::scene::Scene;

/// What is compared with what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compared {
    /// One of those that come with the page, by its id.
    Ready(String),
    /// Two branches of one run, by their names.
    Branches([String; 2]),
    /// A run and the same with one thing changed, by what was changed; the left one may be as it was by default.
    Turned { left: Option<String>, right: String },
}

/// Which of the two runs what is done by hand is done to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hand {
    #[default]
    Both,
    Left,
    Right,
}

impl Hand {
    pub const ALL: [Self; 3] = [Self::Both, Self::Left, Self::Right];

    #[must_use]
    pub fn reaches(self, other: Self) -> bool {
        self == Self::Both || self == other
    }
}

/// The right run with its picture.
#[derive(Clone, Debug)]
pub struct Rival {
    pub model: Rc<RefCell<Model>>,
    pub scene: Rc<Scene>,
}

impl Rival {
    #[must_use]
    pub fn new(model: Model) -> Self {
        Self { model: Rc::new(RefCell::new(model)), scene: Rc::default() }
    }
}

/// The comparisons that come with the page, the first one first.
#[must_use]
pub fn comparisons() -> &'static [Comparison] {
    static COMPARISONS: OnceLock<Vec<Comparison>> = OnceLock::new();
    COMPARISONS.get_or_init(Comparison::builtin)
}

#[must_use]
pub fn comparison(id: &str) -> Option<&'static Comparison> {
    comparisons().iter().find(|comparison| comparison.id == id)
}

/// Both sides of a comparison, where it begins.
///
/// # Errors
/// If there is none of this name, or a side is refused.
pub fn open(id: &str) -> Result<[Model; 2], Refusal> {
    let comparison = comparison(id).ok_or_else(|| {
        let known: Vec<&str> = comparisons().iter().map(|one| one.id.as_str()).collect();
        Refusal(format!("there is no comparison called {id}: take one of {}", known.join(", ")))
    })?;
    let [left, right] = comparison.sides();
    let side = |side| Session::of_side(comparison, side, None).map(Model::new);
    Ok([side(left)?, side(right)?])
}

/// This run as it is, beside one of its other branches.
#[must_use]
pub fn branches(session: &Session, other: BranchId) -> ([Model; 2], Compared) {
    let mut rival = session.clone();
    rival.switch_to(other);
    rival.seek(session.now().min(rival.furthest()));
    let names = [session.branch().name.clone(), rival.branch().name.clone()];
    ([Model::new(session.clone()), Model::new(rival)], Compared::Branches(names))
}

impl Model {
    /// Does this run's clock stand anywhere else?
    #[must_use]
    pub fn lags(&self, leader: &Self) -> bool {
        self.session().now() != leader.session().now()
    }

    /// Puts the clock where another run's stands, as far as the frame's time goes.
    pub fn keep_up(&mut self, leader: &Self, is_spent: &mut Watch<'_>) {
        let to = leader.session().now();
        if to < self.session().now() {
            self.session.seek(to);
        } else {
            let _ = self.advance(to, is_spent);
        }
        self.observe();
    }

    /// Plays to the first such thing, but no further than `until`; true if there is one on the way.
    pub fn first(&mut self, wanted: Landmark, until: Time) -> bool {
        loop {
            if self.session.world().next_event_at().is_none_or(|next| next > until) {
                return false;
            }
            self.session.step();
            if self.session.here().any(|record| landmark::is(wanted, record)) {
                return true;
            }
        }
    }
}

/// One measure with its value on either side.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// In the page's language, or a formula, which needs none.
    pub label: String,
    pub formulas: [String; 2],
    pub values: [Value; 2],
    pub kind: Kind,
}

impl Measured {
    #[must_use]
    pub fn differs(&self) -> bool {
        self.values[0] != self.values[1]
    }

    /// Has this side lost more, or done more twice? Everything else is a trade, not a fault.
    #[must_use]
    pub fn is_worse(&self, side: usize) -> bool {
        let [own, other] = [side, 1 - side].map(|side| magnitude(&self.values[side]));
        matches!(self.kind, Kind::Lost | Kind::ReadTwice) && own.zip(other).is_some_and(|(own, other)| own > other)
    }

    /// How long a bar for this side is, in thousandths of the longer one's; `None` if it is no quantity.
    #[must_use]
    pub fn permille(&self, side: usize) -> Option<u64> {
        if matches!(self.kind, Kind::Broker | Kind::Epoch) {
            return None;
        }
        let [left, right] = [magnitude(&self.values[0])?, magnitude(&self.values[1])?];
        let most = left.max(right).max(1);
        Some(if side == 0 { left } else { right } * 1_000 / most)
    }
}

fn magnitude(value: &Value) -> Option<u64> {
    match value {
        Value::Int(number) => u64::try_from(*number).ok(),
        Value::Time(micros) => Some(*micros),
        _ => None,
    }
}

/// The rows of the table: a comparison's own measures, or what can be asked of any run and differs.
#[must_use]
pub fn measured(what: &Compared, language: Language, scopes: [Scope<'_>; 2]) -> Vec<Measured> {
    let value = |expression: &Expression, side: usize| expression.evaluate(scopes[side]).unwrap_or(Value::None);
    match what {
        Compared::Ready(id) => {
            let measures = comparison(id).map(|one| one.measures.as_slice()).unwrap_or_default();
            let row = |measure: &Measure| {
                let [left, right] = measure.asked();
                Measured {
                    label: measure.label.get(language).clone(),
                    formulas: [left, right].map(|asked| asked.text().to_owned()),
                    values: [value(left, 0), value(right, 1)],
                    kind: left.kind(),
                }
            };
            measures.iter().map(row).collect()
        }
        Compared::Branches(_) | Compared::Turned { .. } => {
            let row = |formula: String| {
                let asked = query::expression(&formula).ok()?;
                let (values, kind) = ([value(&asked, 0), value(&asked, 1)], asked.kind());
                Some(Measured { label: formula.clone(), formulas: [formula.clone(), formula], values, kind })
            };
            let rows = anything(scopes[0]).into_iter().filter_map(row);
            rows.filter(Measured::differs).take(MOST_ROWS).collect()
        }
    }
}

/// More rows than this are not read at a glance.
const MOST_ROWS: usize = 6;

/// What can be asked of any run, the worst first.
fn anything(scope: Scope<'_>) -> Vec<String> {
    let world = scope.world;
    let mut asked = vec!["lost_acked()".to_owned()];
    for (_, producer) in world.producers() {
        let name = &producer.name();
        asked.extend([format!("acked({name})"), format!("failed({name})")]);
    }
    let groups: std::collections::BTreeSet<_> = world.consumers().map(|(_, consumer)| consumer.group()).collect();
    for group in groups {
        asked.push(format!("lag({group})"));
        asked.push(format!("read_twice({group})"));
        asked.push(format!("skipped({group})"));
        asked.push(format!("processed({group})"));
    }
    let own = world.image().topics().filter(|(_, topic)| !topic.name.starts_with("__"));
    for (_, topic) in own {
        let name = &topic.name;
        asked.push(format!("under_replicated({name})"));
        asked.push(format!("stored({name})"));
        for partition in topic.partitions.keys() {
            asked.push(format!("leader({name}-{partition})"));
            asked.push(format!("epoch({name}-{partition})"));
        }
    }
    asked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::state::action::UiAction;
    use crate::engine::command::{Command, Target};
    use crate::engine::common::{BrokerId, Span};
    use crate::engine::runtime::Crash;

    #[test]
    fn the_right_clock_stands_where_the_left_one_does() {
        let [mut left, mut right] = open("acks").expect("it is there");
        for to in [9_000_000, 4_000_000, 20_000_000] {
            left.perform(&UiAction::SeekTime(Time(to)));
            while left.is_at_work() {
                left.frame(Span::ZERO, &mut || false);
            }
            right.keep_up(&left, &mut || false);
            assert_eq!((left.session().now(), right.lags(&left)), (Time(to), false));
        }
        let [left, right] = [&left, &right].map(Model::scope);
        let rows = measured(&Compared::Ready("acks".to_owned()), Language::En, [left, right]);
        let lost = rows.iter().find(|row| row.formulas[0] == "lost_acked()").expect("it is measured");
        assert!(lost.differs() && lost.is_worse(0) && !lost.is_worse(1), "{lost:?}");
        assert_eq!((lost.permille(0), lost.permille(1)), (Some(1_000), Some(0)));
    }

    #[test]
    fn a_name_that_nothing_has_is_answered_with_those_there_are() {
        let refusal = open("acks-2").expect_err("there is none").0;
        assert!(refusal.contains("acks-2") && refusal.contains("queue-or-topic"), "{refusal}");
    }

    #[test]
    fn a_branch_stands_beside_the_one_it_left() {
        let template = super::super::sandbox::template("");
        let session = super::super::sandbox::session(template, template.setup.clone()).expect("the sandbox stands");
        let mut model = Model::new(session);
        let end = model.session().furthest();
        model.perform(&UiAction::SeekTime(Time(5_000_000)));
        let node = Target::Broker(BrokerId(1));
        model.perform(&UiAction::Run(Command::Crash { node, how: Crash::Process }));
        model.perform(&UiAction::SeekTime(end));
        while model.is_at_work() {
            model.frame(Span::ZERO, &mut || false);
        }
        let ([left, right], what) = branches(model.session(), BranchId(0));
        assert!(!right.lags(&left), "{} and {}", left.session().now(), right.session().now());
        let rows = measured(&what, Language::En, [left.scope(), right.scope()]);
        assert!(!rows.is_empty() && rows.iter().all(Measured::differs), "{rows:?}");
        assert!(left.session().world().is_down(crate::engine::common::NodeId::broker(1)));
        assert!(!right.session().world().is_down(crate::engine::common::NodeId::broker(1)));
    }
}
