//! The run as a space-time diagram: time runs to the right, every process has a line, every message is
//! an arrow. Waits are folded: what happens comes in bursts.
//!
//! What is selected in the figure is lit here, and the other way round: a line is its process, an arrow its message. An
//! arrow that has arrived leads to the moment of its arrival.

use wasm_bindgen::JsCast;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::events_tab::LANES;
use crate::app::components::stage::class_filter::{ClassFilter, class_name};
use crate::app::i18n::{Text, use_text};
use crate::app::selection::Selection;
use crate::app::state::action::UiAction;
use crate::app::state::page::{Page, use_page};
use crate::engine::common::{Span, Time};
use crate::view::space_time::{Arrow, ArrowFate, Lifeline, Mark, SPANS, SpaceTime, space_time};

/// Between two lines there is at least so much room, and no more than this.
const PITCH: (usize, usize) = (17, 34);

/// What a label takes of the width, and behind which place there is no room for one; in ten-thousandths.
const LABEL: u64 = 700;
const LAST_LABEL: u64 = 9_300;

/// What the drawing has of the drawer's height for its lines.
const ROOM: usize = 150;

#[component]
pub fn ArrowsTab() -> Html {
    let (page, text) = (use_page(), use_text());
    let span = use_state_eq(|| None::<Span>);
    let classes = page.ui.classes;
    let seen = {
        let model = page.model();
        let session = model.session();
        space_time(session.world(), session.past(), *span, &|class| classes.has(class))
    };
    let pitch = (ROOM / seen.lifelines.len().max(1)).clamp(PITCH.0, PITCH.1);
    let drawing = Drawing { page: &page, seen: &seen, pitch };
    let height = seen.lifelines.len() * pitch + 18;
    let title = text.get_with(
        "ui-arrows-summary",
        &[
            ("messages", seen.arrows.len().into()),
            ("from", seen.from.to_string().into()),
            ("now", seen.now.to_string().into()),
        ],
    );
    html! {
        <div class="arrows">
            <div class="arrows__bar">
                <ClassFilter shown={classes} on_change={page.sender().reform(UiAction::Classes)} />
                { span_choice(&text, &span) }
                <span class="arrows__key">{ text.get("ui-arrows-key") }</span>
            </div>
            <div class="arrows__field" tabindex="0" role="region" aria-label={text.get("ui-tab-arrows")}>
                <div class="arrows__names" style={format!("height:{height}px")}>
                    { for seen.lifelines.iter().enumerate().map(|(row, line)| drawing.name(row, line)) }
                </div>
                <svg class="arrows__plane" role="img" aria-label={title} style={format!("height:{height}px")}>
                    { for seen.scale.folds().map(|fold| drawing.fold(fold)) }
                    { for drawing.hours() }
                    { for seen.lifelines.iter().enumerate().map(|(row, line)| drawing.lifeline(row, line)) }
                    { for seen.arrows.iter().map(|arrow| drawing.arrow(&text, arrow)) }
                    { for seen.marks.iter().map(|mark| drawing.mark(mark)) }
                    <line class="arrows__now" x1={drawing.x(seen.now)} x2={drawing.x(seen.now)} y1="0" y2="100%" />
                </svg>
            </div>
        </div>
    }
}

/// How much of the past is looked at.
fn span_choice(text: &Text, span: &UseStateHandle<Option<Span>>) -> Html {
    let onchange = {
        let span = span.setter();
        Callback::from(move |event: Event| {
            let select = event.target().and_then(|target| target.dyn_into::<HtmlSelectElement>().ok());
            let chosen = select.and_then(|select| usize::try_from(select.selected_index()).ok());
            span.set(chosen.and_then(|index| index.checked_sub(1)).and_then(|index| SPANS.get(index)).copied());
        })
    };
    html! {
        <label class="arrows__span">
            { text.get("ui-arrows-span") }
            <select {onchange}>
                <option selected={span.is_none()}>{ text.get("ui-arrows-fitting") }</option>
                { for SPANS.iter().map(|one| html! { <option selected={**span == Some(*one)}>{ one.to_string() }</option> }) }
            </select>
        </label>
    }
}

/// Where things stand: time across, in hundredths of the width; processes down, in pixels.
struct Drawing<'a> {
    page: &'a Page,
    seen: &'a SpaceTime,
    pitch: usize,
}

impl Drawing<'_> {
    fn x(&self, at: Time) -> String {
        let place = self.seen.scale.place(at);
        format!("{}.{:02}%", place / 100, place % 100)
    }

    fn y(&self, row: usize) -> usize {
        row * self.pitch + self.pitch / 2
    }

    fn is_lit(&self, thing: &Selection) -> bool {
        self.page.ui.selected.as_ref() == Some(thing) || self.page.ui.pointed.as_ref() == Some(thing)
    }

    fn name(&self, row: usize, line: &Lifeline) -> Html {
        let thing = Selection::Node(line.node);
        let lit = self.is_lit(&thing).then_some("is-lit");
        html! {
            <button key={line.name.clone()} type="button" class={classes!("arrows__name", lit)}
                style={format!("top:{}px", self.y(row))} title={line.name.clone()}
                onclick={self.page.on_click(UiAction::Select(thing))}>{ &line.name }</button>
        }
    }

    fn lifeline(&self, row: usize, line: &Lifeline) -> Html {
        let y = self.y(row).to_string();
        let lit = self.is_lit(&Selection::Node(line.node)).then_some("is-lit");
        html! {
            <g key={line.name.clone()} class={classes!("lifeline", lit)}>
                <line x1="0" x2={self.x(self.seen.now)} y1={y.clone()} y2={y.clone()} />
                { for line.gaps.iter().flat_map(|(since, until)| ["lifeline__gap", "lifeline__down"].map(|class| html! {
                    <line {class} x1={self.x(*since)} x2={self.x(*until)} y1={y.clone()} y2={y.clone()} />
                })) }
            </g>
        }
    }

    fn arrow(&self, text: &Text, arrow: &Arrow) -> Html {
        let Arrow { rows, sent, end, .. } = arrow;
        let thing = Selection::Message(arrow.id);
        let fate = match arrow.fate {
            ArrowFate::Arrived => "arrow--arrived",
            ArrowFate::Lost => "arrow--lost",
            ArrowFate::UnderWay => "arrow--under-way",
            ArrowFate::Held => "arrow--held",
        };
        let class = classes!(
            "arrow",
            class_name(arrow.class),
            fate,
            arrow.is_response.then_some("arrow--answer"),
            arrow.is_cause.then_some("arrow--cause"),
            self.is_lit(&thing).then_some("is-lit"),
        );
        let action = match arrow.ended_in {
            Some(step) => UiAction::SeekStep(step),
            None => UiAction::Select(thing),
        };
        let (from, to) = (&self.seen.lifelines[rows.0].name, &self.seen.lifelines[rows.1].name);
        let took = end.since(*sent).to_string();
        let title = text.get_with(
            "ui-arrow",
            &[
                ("what", arrow.label.as_str().into()),
                ("from", from.as_str().into()),
                ("to", to.as_str().into()),
                ("sent", sent.to_string().into()),
                ("took", took.into()),
            ],
        );
        // The line ends short of the lifeline, where its head touches it.
        let (x1, x2, y1) = (self.x(*sent), self.x(*end), self.y(rows.0));
        let y2 = if rows.1 > rows.0 { self.y(rows.1) - 3 } else { self.y(rows.1) + 3 };
        let head = if rows.1 > rows.0 { "M-3.5 -6L0 0L3.5 -6Z" } else { "M-3.5 6L0 0L3.5 6Z" };
        html! {
            <g key={arrow.id.to_string()} {class} onclick={self.page.on_click(action)}>
                <title>{ title }</title>
                <line class="arrow__reach" x1={x1.clone()} x2={x2.clone()} y1={y1.to_string()} y2={y2.to_string()} />
                <line class="arrow__line" {x1} x2={x2.clone()} y1={y1.to_string()} y2={y2.to_string()} />
                <svg x={x2} y={y2.to_string()} overflow="visible"><path class="arrow__head" d={head} /></svg>
            </g>
        }
    }

    fn mark(&self, mark: &Mark) -> Html {
        let class = LANES.iter().find(|(lane, ..)| *lane == mark.lane).map(|(_, class, ..)| *class);
        html! {
            <circle class={classes!("arrows__mark", class)} cx={self.x(mark.at)} cy={self.y(mark.row).to_string()} r="3"
                onclick={self.page.on_click(UiAction::SeekStep(mark.step))} />
        }
    }

    /// When bursts begin, as far as their labels have room.
    fn hours(&self) -> Vec<Html> {
        let scale = &self.seen.scale;
        let mut free_from = 0;
        let mut hours = Vec::new();
        for at in std::iter::once(self.seen.from).chain(scale.beginnings()) {
            let place = scale.place(at);
            if place < free_from || place > LAST_LABEL {
                continue;
            }
            free_from = place + LABEL;
            let x = self.x(at);
            hours.push(html! {
                <g key={at.to_string()} class="arrows__hour">
                    <line x1={x.clone()} x2={x.clone()} y1="0" y2="100%" />
                    <text {x} y={(self.seen.lifelines.len() * self.pitch + 13).to_string()}>{ at.to_string() }</text>
                </g>
            });
        }
        hours
    }

    /// What is drawn shorter than it was, with how long it was.
    fn fold(&self, (since, until): (Time, Time)) -> Html {
        let (left, right) = (self.seen.scale.place(since), self.seen.scale.place(until));
        let wide = right.saturating_sub(left);
        let height = (self.seen.lifelines.len() * self.pitch).to_string();
        html! {
            <g key={since.to_string()} class="arrows__fold">
                <title>{ until.since(since).to_string() }</title>
                <rect x={self.x(since)} width={format!("{}.{:02}%", wide / 100, wide % 100)} y="0" {height} />
            </g>
        }
    }
}
