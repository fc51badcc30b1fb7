//! Which way a message takes across the figure.
//!
//! Followers copy along arcs at the right of the log strips; clients reach brokers through the gutters; controllers
//! reach brokers around the right edge. Requests and answers of one pair run a little apart, so that both are seen.

use super::anchor::OFFSETS_ANCHOR;
use super::geometry::{Curve, Point, Rect};
use super::layout::{Anchored, Layout};
use crate::engine::common::{NodeId, TopicPartition};
use crate::engine::protocol::Class;

/// Requests and answers run this far apart at a strip, at the size of a desk.
const LANE: f64 = 8.0;
/// How far an arc between two strips swings out.
const SWING: f64 = 84.0;
/// How far an arc between two cards swings out into the gutter, which is as wide on a projector as on a desk.
const GUTTER_SWING: f64 = 25.0;

/// What decides the way of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Way {
    pub from: NodeId,
    pub to: NodeId,
    pub class: Class,
    pub is_response: bool,
    pub partition: Option<TopicPartition>,
}

/// The curve of a message; `None` when one of its ends is not drawn.
#[must_use]
pub fn route(layout: &Layout, way: Way) -> Option<Curve> {
    let (from, to) = (layout.node(way.from)?, layout.node(way.to)?);
    match (is_server(way.from), is_server(way.to)) {
        (true, true) => Some(between_servers(layout, way, from, to)),
        (false, true) => client_to_server(layout, way, from, to),
        (true, false) => {
            let back = Way { from: way.to, to: way.from, ..way };
            client_to_server(layout, back, to, from).map(reversed)
        }
        (false, false) => None,
    }
}

/// The line that joins a request waiting on a broker to its owner. It ends at the broker.
#[must_use]
pub fn waiting_line(layout: &Layout, owner: NodeId, broker: NodeId, row: usize) -> Option<Curve> {
    let purgatory = layout.purgatory(broker)?;
    let owner = layout.node(owner)?;
    let card = layout.node(broker)?.card;
    let y = purgatory.rect.centre().y + (row as f64 * LANE - LANE / 2.0) * layout.scale;
    let side = Side::of(owner.card, card)?;
    let start = Point::new(side.near(owner.card), client_y(owner, layout.scale, 0.0));
    let end = Point::new(side.far(card), y);
    Some(gutter_curve(start, end))
}

fn is_server(node: NodeId) -> bool {
    !node.is_client()
}

fn between_servers(layout: &Layout, way: Way, from: &Anchored, to: &Anchored) -> Curve {
    let strips = way
        .partition
        .and_then(|partition| Some((layout.strip(way.from, partition)?, layout.strip(way.to, partition)?)));
    match strips {
        Some((from_strip, to_strip)) => {
            // The leader's end of the pair of lanes is spread; a follower has one leader and needs no room.
            let lane = LANE * layout.scale;
            let (leave, arrive) = if way.is_response { (-lane, 0.0) } else { (0.0, lane) };
            let start = shifted(from_strip.log_end(), leave);
            let end = shifted(to_strip.log_end(), arrive);
            let furthest = start.x.max(end.x);
            let limit = from_strip.card.right() - 34.0 * layout.scale;
            let middle = (furthest + SWING * layout.scale).min(limit).max(furthest + 24.0 * layout.scale);
            swing(start, end, middle)
        }
        None if matches!(
            (way.from, way.to),
            (NodeId::Controller(_), NodeId::Controller(_)) | (NodeId::ZooKeeper(_), NodeId::ZooKeeper(_))
        ) =>
        {
            over(from.rect, to.rect)
        }
        None => {
            let start = server_edge(way.from, from, layout.scale);
            let end = server_edge(way.to, to, layout.scale);
            let lane = if way.is_response { 4.0 } else { -4.0 } * layout.scale;
            let (start, end) = (shifted(start, lane), shifted(end, lane));
            swing(start, end, start.x.max(end.x) + GUTTER_SWING)
        }
    }
}

/// Where a message between cards leaves a server: its right edge, at the height of its head.
fn server_edge(node: NodeId, anchored: &Anchored, scale: f64) -> Point {
    let card = anchored.card;
    let y = match node {
        NodeId::Controller(_) | NodeId::ZooKeeper(_) => card.centre().y,
        NodeId::Broker(_) | NodeId::QueueBroker | NodeId::Client(_) => card.y + 14.0 * scale,
    };
    Point::new(card.right(), y)
}

fn client_to_server(layout: &Layout, way: Way, client: &Anchored, server: &Anchored) -> Option<Curve> {
    let lane = match (way.class, way.is_response) {
        (Class::Group | Class::Liveness, false) => 0.9,
        (Class::Group | Class::Liveness, true) => 1.4,
        (_, false) => -0.5,
        (_, true) => 0.5,
    } * LANE
        * layout.scale;
    let strip = way.partition.and_then(|partition| layout.strip(server_of(way), partition));
    let card = server.card;
    let offsets = layout.anchors.get(OFFSETS_ANCHOR).filter(|_| way.class == Class::Group);
    let y = match strip.or(offsets) {
        Some(strip) => strip.rect.centre().y + lane,
        None if matches!(way.class, Class::Group | Class::Liveness | Class::Control) && !is_queue(way) => {
            card.y + 14.0 * layout.scale + lane
        }
        // A queue takes and gives at the height of whoever asks, as far as its card reaches.
        None => {
            let margin = (card.height / 3.0).min(28.0 * layout.scale);
            let reachable = client.card.centre().y.clamp(card.y + margin, card.bottom() - margin);
            (reachable + card.centre().y) / 2.0 + lane
        }
    };
    match Side::of(client.card, card) {
        Some(side) => {
            let start = Point::new(side.near(client.card), client_y(client, layout.scale, lane));
            Some(gutter_curve(start, Point::new(side.far(card), y)))
        }
        None => {
            // One above the other, as on a phone: from the client's edge to the strip. What concerns no strip in
            // view would only cross the figure, and is left out.
            let above = client.card.y < card.y;
            let start = Point::new(
                client.rect.centre().x.clamp(card.x, card.right()),
                if above { client.card.bottom() } else { client.card.y },
            );
            let end = shifted(strip?.log_end(), lane);
            let middle = (start.y + end.y) / 2.0;
            Some(Curve { from: start, leave: Point::new(start.x, middle), arrive: Point::new(end.x, middle), to: end })
        }
    }
}

fn server_of(way: Way) -> NodeId {
    if is_server(way.to) { way.to } else { way.from }
}

fn is_queue(way: Way) -> bool {
    server_of(way) == NodeId::QueueBroker
}

/// A client's card is left at the row that sends, kept away from the card's corners.
fn client_y(client: &Anchored, scale: f64, lane: f64) -> f64 {
    let row = client.rect;
    let y = if row.height > 70.0 * scale { row.y + 30.0 * scale } else { row.centre().y };
    y + lane
}

/// On which side of a server a client stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

impl Side {
    /// `None` when one stands above the other.
    fn of(client: Rect, server: Rect) -> Option<Self> {
        if client.right() <= server.x + 1.0 {
            Some(Self::Left)
        } else if client.x >= server.right() - 1.0 {
            Some(Self::Right)
        } else {
            None
        }
    }

    /// The client's edge that faces the server.
    fn near(self, client: Rect) -> f64 {
        match self {
            Self::Left => client.right(),
            Self::Right => client.x,
        }
    }

    /// The server's edge that faces the client.
    fn far(self, server: Rect) -> f64 {
        match self {
            Self::Left => server.x,
            Self::Right => server.right(),
        }
    }
}

/// Through a gutter: out of one card, up or down, into the other.
fn gutter_curve(start: Point, end: Point) -> Curve {
    let middle = (start.x + end.x) / 2.0;
    Curve { from: start, leave: Point::new(middle, start.y), arrive: Point::new(middle, end.y), to: end }
}

/// An arc that swings out to the right and has its middle at `middle`.
fn swing(start: Point, end: Point, middle: f64) -> Curve {
    // A cubic's middle is (from + 3·leave + 3·arrive + to) / 8.
    let out = (8.0 * middle - start.x - end.x) / 6.0;
    Curve { from: start, leave: Point::new(out, start.y), arrive: Point::new(out, end.y), to: end }
}

/// From pill to pill, over the top.
fn over(from: Rect, to: Rect) -> Curve {
    let (start, end) = (Point::new(from.centre().x, from.y), Point::new(to.centre().x, to.y));
    let lift = 18.0 + (end.x - start.x).abs() / 12.0;
    Curve { from: start, leave: Point::new(start.x, start.y - lift), arrive: Point::new(end.x, end.y - lift), to: end }
}

fn shifted(point: Point, down: f64) -> Point {
    Point::new(point.x, point.y + down)
}

fn reversed(curve: Curve) -> Curve {
    Curve { from: curve.to, leave: curve.arrive, arrive: curve.leave, to: curve.from }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::canvas::anchor::{node_anchor, purgatory_anchor, strip_anchor};
    use crate::app::canvas::layout::StripColumns;
    use crate::engine::common::{BrokerId, ClientId, Offset, TopicId};

    fn rect(x: f64, y: f64, width: f64, height: f64) -> Rect {
        Rect { x, y, width, height }
    }

    /// A producer at the left, two brokers with a strip each, a group member at the right.
    fn layout() -> Layout {
        let partition = TopicPartition::new(TopicId(0), 0);
        let plain = |rect| Anchored { rect, card: rect, columns: None };
        let mut layout = Layout { width: 840.0, height: 600.0, scale: 1.0, ..Layout::default() };
        layout.anchors.insert(node_anchor(producer()), plain(rect(16.0, 100.0, 112.0, 120.0)));
        for (id, y, used) in [(1, 100.0, 6), (2, 260.0, 8)] {
            let node = NodeId::broker(id);
            let card = rect(172.0, y, 428.0, 150.0);
            let strip = rect(249.0, y + 42.0, 342.0, 44.0);
            let columns = StripColumns { from: Offset(0), fold: 0, count: 12, used };
            layout.anchors.insert(node_anchor(node), plain(card));
            layout
                .anchors
                .insert(strip_anchor(node, partition), Anchored { rect: strip, card, columns: Some(columns) });
            let row = Anchored { rect: rect(182.0, y + 124.0, 408.0, 24.0), card, columns: None };
            layout.anchors.insert(purgatory_anchor(node), row);
        }
        let group = rect(656.0, 100.0, 168.0, 180.0);
        let row = Anchored { rect: rect(666.0, 170.0, 148.0, 50.0), card: group, columns: None };
        layout.anchors.insert(node_anchor(member()), row);
        layout
    }

    fn producer() -> NodeId {
        NodeId::Client(ClientId(0))
    }

    fn member() -> NodeId {
        NodeId::Client(ClientId(1))
    }

    fn way(from: NodeId, to: NodeId, class: Class, is_response: bool) -> Way {
        Way { from, to, class, is_response, partition: Some(TopicPartition::new(TopicId(0), 0)) }
    }

    #[test]
    fn a_copy_runs_from_log_end_to_log_end_and_stays_on_the_cards() {
        let curve = route(&layout(), way(NodeId::broker(2), NodeId::broker(1), Class::Replicate, true)).expect("drawn");
        assert!(curve.from.x > 249.0 + 8.0 * 28.0, "behind the leader's last cell");
        assert!(curve.to.y < curve.from.y);
        assert!(curve.at(0.5).x <= 600.0 - 34.0 + 1e-9, "an envelope in the middle does not leave the card");
    }

    #[test]
    fn a_producer_reaches_the_left_edge_and_a_member_the_right_edge() {
        let produce = route(&layout(), way(producer(), NodeId::broker(1), Class::Produce, false)).expect("drawn");
        assert_eq!((produce.from.x, produce.to.x), (128.0, 172.0));
        let fetch = route(&layout(), way(member(), NodeId::broker(2), Class::Fetch, false)).expect("drawn");
        assert_eq!((fetch.from.x, fetch.to.x), (656.0, 600.0));
    }

    #[test]
    fn an_answer_runs_backwards_beside_its_request() {
        let request = route(&layout(), way(producer(), NodeId::broker(1), Class::Produce, false)).expect("drawn");
        let answer = route(&layout(), way(NodeId::broker(1), producer(), Class::Produce, true)).expect("drawn");
        assert_eq!((answer.from.x, answer.to.x), (request.to.x, request.from.x));
        assert!((answer.to.y - request.from.y).abs() >= LANE, "apart");
    }

    #[test]
    fn nothing_is_drawn_to_what_is_not_there() {
        let unknown = NodeId::Broker(BrokerId(9));
        assert_eq!(route(&layout(), way(producer(), unknown, Class::Produce, false)), None);
    }

    #[test]
    fn a_waiting_request_is_joined_to_its_owner_at_the_row_it_waits_in() {
        let line = waiting_line(&layout(), producer(), NodeId::broker(2), 0).expect("drawn");
        assert_eq!(line.to.x, 172.0);
        assert!((384.0..=408.0).contains(&line.to.y), "{line:?}");
    }
}
