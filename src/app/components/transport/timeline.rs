//! The timeline: what happened, lane by lane; faults as bolts on the line; branches that leave it; the playhead.
//!
//! Also the scrubber: pointer and keys move the clock to any moment that was played.

use web_sys::{Element, HtmlElement, PointerEvent};
use yew::prelude::*;

use super::scale::Scale;
use crate::app::components::compare::side::name as side_name;
use crate::app::components::stage::icon::Icon;
use crate::app::i18n::{Text, use_text};
use crate::app::state::action::UiAction;
use crate::app::state::lesson::{Mark, MarkState};
use crate::app::state::model::Model;
use crate::app::state::page::{Page, use_page};
use crate::engine::common::{Span, Time};
use crate::session::{BranchId, Session};
use crate::view::explain::Lane;

/// Lanes that are drawn as rows above the line; faults stand on the line itself.
const ROWS: [(Lane, &str, Icon); 5] = [
    (Lane::Produce, "class-produce", Icon::Produce),
    (Lane::Replicate, "class-replicate", Icon::Replicate),
    (Lane::Fetch, "class-fetch", Icon::Fetch),
    (Lane::Group, "class-group", Icon::Heads),
    (Lane::Control, "class-control", Icon::Nut),
];

/// Heights in the drawing's own units, which are pixels downwards.
const FIRST_ROW: u64 = 24;
const ROW: u64 = 8;
const LINE: u64 = 70;

#[component]
pub fn Timeline() -> Html {
    let (page, text) = (use_page(), use_text());
    let (line, head) = (use_node_ref(), use_node_ref());
    let scale = Scale::covering(page.model().session().furthest());
    let current = use_mut_ref(|| scale);
    current.replace(scale);
    let place = {
        let (model, head, current) = (page.shared_model(), head.clone(), current.clone());
        Callback::from(move |()| {
            if let Some(head) = head.cast::<HtmlElement>() {
                let share = current.borrow().share(model.borrow().session().now());
                // Fails for an unknown property only.
                let _ = head.style().set_property("--at", &share);
            }
        })
    };
    {
        let (place, frames) = (place.clone(), page.frames.clone());
        use_effect_with(page.run(), move |_| {
            let listening = frames.listen(place);
            move || drop(listening)
        });
    }
    use_effect(move || place.emit(()));

    let model = page.model();
    let right = page.right_model();
    let runs: Vec<&Model> = [&*model].into_iter().chain(right.as_deref()).collect();
    let session = model.session();
    let (now, furthest) = (session.now(), session.furthest());
    let value = text.get_with(
        "ui-timeline-value",
        &[("time", now.to_string().into()), ("event", session.world().step_count().0.into())],
    );
    let marks = model.lesson().map(|lesson| lesson.marks()).unwrap_or_default();
    html! {
        <div class={classes!("timeline", right.is_some().then_some("timeline--pair"))}>
            <div class="timeline__lanes" aria-hidden="true">
                if right.is_some() {
                    { for [0, 1].map(|side| html! { <b>{ side_name(&page, side) }</b> }) }
                } else {
                    { for ROWS.iter().map(|(_, class, icon)| html! { <span class={*class}>{ icon.html() }</span> }) }
                }
            </div>
            <div ref={line.clone()} class="timeline__line" role="slider" tabindex="0" aria-label={text.get("ui-timeline")}
                aria-valuemin="0" aria-valuemax={furthest.as_millis().to_string()}
                aria-valuenow={now.as_millis().to_string()} aria-valuetext={value} data-timeline=""
                onpointerdown={scrub(&page, &line, scale, furthest)} onpointermove={scrub(&page, &line, scale, furthest)}
                onkeydown={keys(&page)}>
                <svg class="timeline__ticks" viewBox="0 0 1000 92" preserveAspectRatio="none" aria-hidden="true">
                    { lanes(&runs, scale) }
                    <path class="timeline__ahead" d={format!("M{} {LINE}H1000", scale.permille(furthest))} />
                    <path class="timeline__past" d={format!("M0 {LINE}H{}", scale.permille(furthest))} />
                </svg>
                { for scale.labels().map(|(time, label)| html! {
                    <span key={label.clone()} class="timeline__label" style={at(scale, time)}>{ label.clone() }</span>
                }) }
                { for bolts(model.ticks().faults(), scale) }
                { for lesson_marks(&text, &marks, scale) }
                <i ref={head} class="timeline__head" aria-hidden="true" />
            </div>
            { bookmarks(&page, &text, session, scale) }
            { branches(&page, &text, session, scale) }
        </div>
    }
}

fn at(scale: Scale, time: Time) -> String {
    format!("--at:{}", scale.share(time))
}

/// All lanes: one run has the whole height; of two, each has its half, with lanes half as high.
fn lanes(runs: &[&Model], scale: Scale) -> Html {
    let pitch = ROW / runs.len() as u64;
    let half = ROWS.len() as u64 * pitch + 2;
    let of = |(number, run): (u64, &&Model)| {
        let lane = |(row, (lane, class, _)): (u64, &(Lane, &'static str, Icon))| {
            ticks(run.ticks().of(*lane), (FIRST_ROW + number * half + row * pitch, pitch.max(5) - 2), class, scale)
        };
        (0..).zip(&ROWS).map(lane).collect::<Html>()
    };
    (0..).zip(runs).map(of).collect()
}

/// One path for a lane: a bar for each thousandth of the line in which something happened.
fn ticks(times: &[Time], (top, height): (u64, u64), class: &'static str, scale: Scale) -> Html {
    let mut path = String::new();
    let mut last = None;
    for time in times {
        let x = scale.permille(*time);
        if last != Some(x) {
            path.push_str(&format!("M{x} {top}v{height}"));
            last = Some(x);
        }
    }
    html! {
        <g {class}>
            <path class="timeline__rail" d={format!("M0 {}H1000", top + height / 2)} />
            <path class="timeline__tick" d={path} />
        </g>
    }
}

/// Faults that are close together share one bolt, whose title lists them.
fn bolts(faults: &[(Time, String)], scale: Scale) -> Vec<Html> {
    let mut places: Vec<(u64, Time, Vec<&str>)> = Vec::new();
    for (time, command) in faults {
        let x = scale.permille(*time) / 8;
        match places.last_mut().filter(|(last, ..)| *last == x) {
            Some((_, _, commands)) => commands.push(command),
            None => places.push((x, *time, vec![command])),
        }
    }
    let bolt = |(x, time, commands): &(u64, Time, Vec<&str>)| {
        let title = format!("{time} s\n{}", commands.join("\n"));
        html! { <span key={*x} class="timeline__bolt" style={at(scale, *time)} {title}>{ Icon::Bolt.html() }</span> }
    };
    places.iter().map(bolt).collect()
}

/// Steps of the lesson where they happened; those to come stand at the right end, since their time is not known.
fn lesson_marks(text: &Text, marks: &[Mark], scale: Scale) -> Vec<Html> {
    let ahead = marks.iter().filter(|mark| mark.at.is_none()).count();
    let mut waiting = 0;
    marks
        .iter()
        .map(|mark| {
            let class = match mark.state {
                MarkState::Done => "timeline__mark",
                MarkState::Current => "timeline__mark timeline__mark--now",
                MarkState::Ahead => "timeline__mark timeline__mark--ahead",
            };
            let style = match mark.at {
                Some(time) => at(scale, time),
                None => {
                    waiting += 1;
                    format!("--from-end:{}", ahead - waiting)
                }
            };
            let title = text.get_with("ui-mark", &[("step", mark.number.into())]);
            html! { <span key={mark.number} {class} {style} {title}>{ mark.number }</span> }
        })
        .collect()
}

/// Moments that the reader marked; a click goes there.
fn bookmarks(page: &Page, text: &Text, session: &Session, scale: Scale) -> Html {
    let reached: Vec<Time> = session.bookmarks().iter().copied().filter(|at| *at <= session.furthest()).collect();
    if reached.is_empty() {
        return Html::default();
    }
    html! {
        <ul class="timeline__bookmarks" aria-label={text.get("ui-bookmarks")}>
            { for reached.into_iter().map(|time| {
                let label = text.get_with("ui-bookmark-to", &[("time", time.to_string().into())]);
                html! {
                    <li key={time.0} style={at(scale, time)}>
                        <button type="button" title={label.clone()} aria-label={label}
                            onclick={page.on_click(UiAction::SeekTime(time))}>{ Icon::Bookmark.html() }</button>
                    </li>
                }
            }) }
        </ul>
    }
}

/// Where other branches leave this one, or it left them.
fn branches(page: &Page, text: &Text, session: &Session, scale: Scale) -> Html {
    let current = session.current_branch();
    let all: Vec<(BranchId, &crate::session::Branch)> = session.branches().collect();
    if all.len() < 2 {
        return Html::default();
    }
    let leaves_at = |id: BranchId, branch: &crate::session::Branch| match (branch.parent, session.branch().parent) {
        (_, Some((parent, time))) if parent == id => time,
        (Some((_, time)), _) => time,
        (None, own) => own.map_or(Time::ZERO, |(_, time)| time),
    };
    html! {
        <ul class="timeline__branches" aria-label={text.get("ui-branches")}>
            { for all.into_iter().filter(|(id, _)| *id != current).enumerate().map(|(row, (id, branch))| {
                let label = text.get_with("ui-branch-to", &[("name", branch.name.as_str().into())]);
                let style = format!("{};--row:{}", at(scale, leaves_at(id, branch)), row.min(2));
                html! {
                    <li key={id.0} class="timeline__branch" {style}>
                        <button type="button" title={label.clone()} aria-label={label}
                            onclick={page.on_click(UiAction::SwitchBranch(id))}>
                            { Icon::Branch.html() }{ &branch.name }
                        </button>
                    </li>
                }
            }) }
        </ul>
    }
}

/// A press, or a move with the button down, puts the clock there.
fn scrub(page: &Page, line: &NodeRef, scale: Scale, furthest: Time) -> Callback<PointerEvent> {
    let (send, line) = (page.sender(), line.clone());
    Callback::from(move |event: PointerEvent| {
        if event.buttons() & 1 == 0 {
            return;
        }
        let Some(element) = line.cast::<Element>() else { return };
        if event.type_() == "pointerdown" {
            // Without capture the scrubbing merely ends at the line's edge.
            let _ = element.set_pointer_capture(event.pointer_id());
        }
        let rect = element.get_bounding_client_rect();
        let share = (f64::from(event.client_x()) - rect.left()) / rect.width().max(1.0);
        send.emit(UiAction::SeekTime(scale.time_at(share).min(furthest)));
    })
}

/// Arrows step as everywhere; with Shift a second, with PageUp and PageDown ten.
fn keys(page: &Page) -> Callback<KeyboardEvent> {
    let page = page.clone();
    Callback::from(move |event: KeyboardEvent| {
        let (now, furthest) = {
            let model = page.model();
            (model.session().now(), model.session().furthest())
        };
        let to = |time: Time| UiAction::SeekTime(time.min(furthest));
        let action = match (event.key().as_str(), event.shift_key()) {
            ("ArrowLeft", true) => to(now - Span::secs(1)),
            ("ArrowRight", true) => to(now + Span::secs(1)),
            ("ArrowLeft" | "ArrowDown", false) => UiAction::StepBack,
            ("ArrowRight" | "ArrowUp", false) => UiAction::Step,
            ("PageUp", _) => to(now + Span::secs(10)),
            ("PageDown", _) => to(now - Span::secs(10)),
            ("Home", _) => UiAction::ToStart,
            ("End", _) => UiAction::ToLatest,
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        page.send(action);
    })
}
