//! The connections between brokers: thin lines in the left gutter, to be pointed at, cut and held.
//!
//! Neighbours are joined next to the cards, brokers further apart further out. A line that is cut or held says so in
//! form and colour.

use std::rc::Rc;

use yew::prelude::*;

use super::broker_card::short_name;
use super::hands::Hands;
use super::icon::Icon;
use crate::app::canvas::layout::Layout;
use crate::app::i18n::use_text;
use crate::app::selection::Selection;
use crate::engine::common::NodeId;
use crate::view::scene::LinkMark;

/// With more brokers than this, only lines that are cut or held are drawn.
const ALL_LINES_UP_TO: usize = 5;

#[derive(Properties, PartialEq)]
pub struct LinkLinesProps {
    pub layout: Rc<Layout>,
    /// From the top down.
    pub brokers: Vec<NodeId>,
    pub marks: Vec<LinkMark>,
    pub hands: Hands,
}

#[component]
pub fn LinkLines(props: &LinkLinesProps) -> Html {
    let text = use_text();
    let LinkLinesProps { layout, brokers, marks, hands } = props;
    let pairs = (0..brokers.len()).flat_map(|a| (a + 1..brokers.len()).map(move |b| (a, b)));
    let line = |(a, b): (usize, usize)| {
        let (upper, lower) = (layout.node(brokers[a])?.card, layout.node(brokers[b])?.card);
        let is = |link: &&LinkMark| {
            let (x, y) = (brokers[a], brokers[b]);
            (link.a, link.b) == (x, y) || (link.a, link.b) == (y, x)
        };
        let mark = marks.iter().find(is);
        if brokers.len() > ALL_LINES_UP_TO && mark.is_none() {
            return None;
        }
        let scale = layout.scale;
        let tracks = (b - a) as f64;
        let out = upper.x - (2.0 + 4.5 * tracks) * scale;
        // Each broker's lines leave its card one below the other.
        let from = upper.bottom() - (8.0 + 5.0 * tracks) * scale;
        let to = lower.y + (8.0 + 5.0 * tracks) * scale;
        let bend = (4.0 * scale).min(upper.x - out);
        let path = format!(
            "M{x} {from}H{}Q{out} {from} {out} {}V{}Q{out} {to} {} {to}H{x}",
            out + bend,
            from + bend,
            to - bend,
            out + bend,
            x = upper.x
        );
        let (form, icon, key) = match mark {
            Some(mark) if mark.cut => (Some("link--cut"), Some(Icon::Cross), "stage-connection-cut"),
            Some(mark) if mark.held => (Some("link--held"), Some(Icon::Clamp), "stage-connection-held"),
            _ => (None, None, "stage-connection"),
        };
        let label = text.get_with(key, &[("a", short_name(brokers[a]).into()), ("b", short_name(brokers[b]).into())]);
        let thing = Selection::link(brokers[a], brokers[b]);
        let middle = (from + to) / 2.0;
        Some(html! {
            <g key={format!("{}-{}", brokers[a], brokers[b])} class={classes!("link", form, hands.ring(&thing))} role="button"
                tabindex="-1" data-roving="" aria-label={label.clone()} onclick={hands.pick(thing)}>
                <title>{ label }</title>
                <path class="link__target" d={path.clone()} />
                <path class="link__line" d={path} />
                if let Some(icon) = icon {
                    <circle class="link__badge" cx={out.to_string()} cy={middle.to_string()} r={(7.0 * scale).to_string()} />
                    <svg x={(out - 4.5 * scale).to_string()} y={(middle - 4.5 * scale).to_string()}
                        width={(9.0 * scale).to_string()} height={(9.0 * scale).to_string()} class="link__icon">
                        { icon.html() }
                    </svg>
                }
            </g>
        })
    };
    html! {
        <svg class="links" width={layout.width.to_string()} height={layout.height.to_string()}
            aria-label={text.get("stage-connections")} role="group">
            { for pairs.filter_map(line) }
        </svg>
    }
}
