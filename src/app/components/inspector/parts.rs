//! What every view of the inspector is made of: a head, sections, rows of facts, buttons that are commands.

use yew::prelude::*;

use crate::app::components::stage::icon::Icon;
use crate::app::i18n::Text;
use crate::app::selection::Selection;
use crate::app::state::action::UiAction;
use crate::app::state::narration;
use crate::app::state::page::Page;
use crate::console;
use crate::engine::command::Command;
use crate::engine::trace::Record;

/// The crumb above and the name of the thing.
pub fn head(crumb: AttrValue, name: Html) -> Html {
    html! { <header class="inspector__head"><p>{ crumb }</p><h2>{ name }</h2></header> }
}

pub fn hint(says: AttrValue) -> Html {
    html! { <p class="inspector__hint">{ says }</p> }
}

pub fn section(title: AttrValue, body: Html) -> Html {
    html! { <section class="inspector__section"><h3>{ title }</h3>{ body }</section> }
}

/// With something at the right end of its title.
pub fn section_with(title: AttrValue, aside: Html, body: Html) -> Html {
    html! {
        <section class="inspector__section">
            <h3>{ title }<span class="inspector__aside">{ aside }</span></h3>{ body }
        </section>
    }
}

/// One fact: its name, left untranslated where Kafka has a word for it, and its value.
pub fn row(name: impl Into<AttrValue>, value: impl Into<AttrValue>) -> Html {
    let (name, value) = (name.into(), value.into());
    html! { <div key={name.to_string()}><dt>{ name.clone() }</dt><dd>{ value }</dd></div> }
}

pub fn facts(rows: Vec<Html>) -> Html {
    html! { <dl class="facts">{ for rows }</dl> }
}

/// In one column, for long names such as configuration keys.
pub fn long_facts(rows: Vec<Html>) -> Html {
    html! { <dl class="facts facts--long">{ for rows }</dl> }
}

/// A button that equals a command. What would be refused is grey and says why; it can still have the focus.
pub fn command(page: &Page, icon: Icon, label: AttrValue, command: Command) -> Html {
    let refusal = page.refusal(&command);
    let line = console::print(&command);
    let title = refusal.clone().unwrap_or_else(|| line.clone());
    let onclick = page.on_click(UiAction::Run(command));
    html! {
        <button key={line.clone()} type="button" class="command" aria-disabled={refusal.is_some().to_string()} {title}
            onclick={if refusal.is_none() { Some(onclick) } else { None }}>
            { icon.html() }<span class="command__label">{ label }</span>
            <code class="command__line">{ refusal.unwrap_or(line) }</code>
        </button>
    }
}

pub fn commands(buttons: Vec<Html>) -> Html {
    html! { <div class="commands">{ for buttons }</div> }
}

/// A link to another thing.
pub fn link_to(page: &Page, thing: Selection, label: impl Into<AttrValue>) -> Html {
    let on = page.pointing(thing.clone());
    html! {
        <button type="button" class="link" onclick={page.on_click(UiAction::Select(thing))} onmouseenter={on.onmouseenter}
            onmouseleave={on.onmouseleave} onfocus={on.onfocus} onblur={on.onblur}>{ label.into() }</button>
    }
}

/// Facts as a chain, newest first, each a link to its moment.
pub fn chain(page: &Page, text: &Text, records: &[Record]) -> Html {
    let model = page.model();
    let world = model.session().world();
    html! {
        <ol class="chain">
            { for records.iter().enumerate().map(|(index, record)| html! {
                <li key={index}>
                    <button type="button" onclick={page.on_click(UiAction::SeekStep(record.step))}
                        title={text.get_with("ui-go-to-event", &[("event", record.step.0.into())])}>
                        <time>{ record.at.to_string() }</time><span>{ narration::line(text, world, record) }</span>
                    </button>
                </li>
            }) }
        </ol>
    }
}

/// A bare identifier of Kafka's, or "none" where there is nothing.
pub fn or_none<T: ToString>(text: &Text, value: Option<T>) -> AttrValue {
    value.map_or_else(|| text.get("ui-none"), |value| AttrValue::from(value.to_string()))
}
