//! A text with numbered lines and keys that complete themselves. Arrows choose among the keys offered, Enter or Tab
//! takes one, Escape puts the offer away; the offer is a listbox that the text area points at.

use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, HtmlTextAreaElement};
use yew::prelude::*;

use crate::app::i18n::use_text;
use crate::engine::config::{KafkaVersion, Key};
use crate::view::properties::{Place, complete, offers, place};

/// How bad the worst remark on a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    Told,
    Refused,
}

/// The height of a line; the style sheet has the same.
const LINE_PX: i32 = 18;

#[derive(Properties, PartialEq)]
pub struct EditorProps {
    pub value: AttrValue,
    pub version: KafkaVersion,
    /// Lines with a remark, by number.
    pub marks: Vec<(u32, Mark)>,
    pub onchange: Callback<String>,
    pub onplace: Callback<Place>,
}

#[component]
pub fn PropertiesEditor(props: &EditorProps) -> Html {
    let text = use_text();
    let (area, gutter) = (use_node_ref(), use_node_ref());
    let caret = use_state_eq(|| 0_usize);
    let chosen = use_state_eq(|| 0_usize);
    let put_away = use_state_eq(|| true);
    let scrolled = use_state_eq(|| 0_i32);
    // A caret to be put somewhere once the new text is in the area.
    let pending = use_mut_ref(|| None::<usize>);
    let here = place(&props.value, *caret);
    let offered = if *put_away { Vec::new() } else { offers(&here, props.version) };
    {
        let onplace = props.onplace.clone();
        use_effect_with(here.clone(), move |here| onplace.emit(here.clone()));
    }
    {
        let (area, pending) = (area.clone(), pending.clone());
        use_effect(move || {
            if let (Some(at), Some(area)) = (pending.take(), area.cast::<HtmlTextAreaElement>()) {
                let at = utf16(&area.value(), at);
                // The area is in the page, or there would be no effect.
                let _ = area.set_selection_range(at, at);
            }
        });
    }
    let look = {
        let (area, caret) = (area.clone(), caret.setter());
        move || {
            if let Some(area) = area.cast::<HtmlTextAreaElement>() {
                let at = area.selection_start().ok().flatten().unwrap_or_default();
                caret.set(byte_of(&area.value(), at));
            }
        }
    };
    let oninput = {
        let (look, onchange, put_away, chosen) =
            (look.clone(), props.onchange.clone(), put_away.setter(), chosen.setter());
        Callback::from(move |event: InputEvent| {
            if let Some(area) = event.target().and_then(|target| target.dyn_into::<HtmlTextAreaElement>().ok()) {
                onchange.emit(area.value());
                put_away.set(false);
                chosen.set(0);
                look();
            }
        })
    };
    let onmove = {
        let look = look.clone();
        Callback::from(move |_: Event| look())
    };
    let onscroll = {
        let (area, gutter, scrolled) = (area.clone(), gutter.clone(), scrolled.setter());
        Callback::from(move |_: Event| {
            if let (Some(area), Some(gutter)) = (area.cast::<HtmlElement>(), gutter.cast::<HtmlElement>()) {
                gutter.set_scroll_top(area.scroll_top());
                scrolled.set(area.scroll_top());
            }
        })
    };
    let take = {
        let (value, here, onchange) = (props.value.clone(), here.clone(), props.onchange.clone());
        let (put_away, caret, pending) = (put_away.setter(), caret.setter(), pending.clone());
        Callback::from(move |key: &'static Key| {
            let (written, at) = complete(&value, &here, key);
            pending.replace(Some(at));
            put_away.set(true);
            caret.set(at);
            onchange.emit(written);
        })
    };
    let onkeydown = {
        let (offered, chosen, put_away, take) = (offered.clone(), chosen.clone(), put_away.setter(), take.clone());
        Callback::from(move |event: KeyboardEvent| {
            // The page has keys of its own; what is typed here is text.
            event.stop_propagation();
            let Some(last) = offered.len().checked_sub(1) else { return };
            match event.key().as_str() {
                "ArrowDown" => chosen.set(if *chosen >= last { 0 } else { *chosen + 1 }),
                "ArrowUp" => chosen.set(if *chosen == 0 { last } else { *chosen - 1 }),
                "Enter" | "Tab" => take.emit(offered[(*chosen).min(last)]),
                "Escape" => put_away.set(true),
                _ => return,
            }
            event.prevent_default();
        })
    };
    let lines = props.value.matches('\n').count() + 1;
    let number = |line: u32| {
        let mark = props.marks.iter().filter(|(at, _)| *at == line).map(|(_, mark)| *mark).max();
        let class = match mark {
            Some(Mark::Refused) => "is-refused",
            Some(Mark::Told) => "is-told",
            None => "",
        };
        let class = classes!(class, (line == here.line).then_some("is-here"));
        html! { <i key={line} {class}>{ line }</i> }
    };
    let top = i32::try_from(here.line).unwrap_or(i32::MAX).saturating_mul(LINE_PX).saturating_sub(*scrolled);
    let active = (!offered.is_empty()).then(|| format!("properties-offer-{}", (*chosen).min(offered.len() - 1)));
    html! {
        <div class="editor">
            <div class="editor__lines" aria-hidden="true" ref={gutter}>
                { for (1..=u32::try_from(lines).unwrap_or(u32::MAX)).map(number) }
            </div>
            <textarea ref={area} id="properties-text" class="editor__text" spellcheck="false" autocapitalize="off" wrap="off"
                autocomplete="off" aria-autocomplete="list" aria-controls="properties-offers" aria-activedescendant={active}
                aria-describedby="properties-doc" placeholder={text.get("ui-properties-placeholder")}
                value={props.value.clone()} {oninput} {onkeydown} {onscroll}
                onkeyup={onmove.reform(|event: KeyboardEvent| event.into())}
                onclick={onmove.reform(|event: MouseEvent| event.into())} />
            <ul id="properties-offers" class="editor__offers" role="listbox" aria-label={text.get("ui-properties-offers")}
                hidden={offered.is_empty()} style={format!("top: {top}px")}>
                { for offered.iter().enumerate().map(|(index, key)| {
                    let (take, key) = (take.clone(), *key);
                    html! {
                        <li key={key.name} id={format!("properties-offer-{index}")} role="option"
                            aria-selected={(index == *chosen).to_string()}
                            onmousedown={Callback::from(move |event: MouseEvent| { event.prevent_default(); take.emit(key); })}>
                            <code>{ key.name }</code><small>{ key.default.unwrap_or("null") }</small>
                        </li>
                    }
                }) }
            </ul>
        </div>
    }
}

/// The browser counts in UTF-16 units, Rust in bytes.
fn byte_of(text: &str, units: u32) -> usize {
    let mut left = units as usize;
    let end = text.char_indices().find(|(_, c)| {
        let is_end = left == 0;
        left = left.saturating_sub(c.len_utf16());
        is_end
    });
    end.map_or(text.len(), |(at, _)| at)
}

fn utf16(text: &str, byte: usize) -> u32 {
    u32::try_from(text[..byte.min(text.len())].encode_utf16().count()).unwrap_or(u32::MAX)
}
