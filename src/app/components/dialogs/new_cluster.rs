//! A cluster to start from: a template, and how large it is to be.

use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::frame::Frame;
use crate::app::components::stage::icon::Icon;
use crate::app::i18n::{Text, use_text};
use crate::app::state::action::UiAction;
use crate::app::state::lesson::language;
use crate::app::state::page::use_page;
use crate::app::state::sandbox::{template, templates};
use crate::engine::Setup;
use crate::engine::common::{BrokerId, Span};
use crate::engine::world::BrokerSpec;

/// As many as the stage has room for.
const MOST_BROKERS: u32 = 10;
const RACKS: [&str; 5] = ["a", "b", "c", "d", "e"];

/// What the form says; texts as typed, so that nothing typed is thrown away.
#[derive(Clone, PartialEq)]
struct Form {
    template: String,
    brokers: String,
    latency_ms: String,
    seed: String,
}

impl Form {
    fn of(id: &str) -> Self {
        let template = template(id);
        let setup = &template.setup;
        Self {
            template: template.id.clone(),
            brokers: setup.brokers.len().to_string(),
            latency_ms: (setup.latency.0 / 1_000).to_string(),
            seed: setup.seed.to_string(),
        }
    }

    /// The setup it comes to, or the message that says what is wrong with which field.
    fn setup(&self) -> Result<Setup, &'static str> {
        let mut setup = template(&self.template).setup.clone();
        let brokers = self.brokers.trim().parse().ok().filter(|count| (1..=MOST_BROKERS).contains(count));
        let brokers: u32 = brokers.ok_or("ui-new-bad-brokers")?;
        let latency: u64 =
            self.latency_ms.trim().parse().ok().filter(|ms| *ms <= 10_000).ok_or("ui-new-bad-latency")?;
        setup.seed = self.seed.trim().parse().map_err(|_| "ui-new-bad-seed")?;
        setup.latency = Span::millis(latency);
        resize(&mut setup, brokers);
        Ok(setup)
    }
}

/// Adds or takes away brokers at the end; those that stay keep their racks.
fn resize(setup: &mut Setup, brokers: u32) {
    setup.brokers.truncate(brokers as usize);
    for id in setup.brokers.len() as u32 + 1..=brokers {
        let rack = RACKS[(id - 1) as usize % RACKS.len()].to_owned();
        setup.brokers.push(BrokerSpec { id: BrokerId(id), rack: Some(rack) });
    }
}

#[component]
pub fn NewCluster() -> Html {
    let (page, text) = (use_page(), use_text());
    let language = language(page.ui.lang);
    let form = use_state_eq(|| Form::of(&page.ui.template));
    let setup = form.setup();
    let onsubmit = {
        let (page, form) = (page.clone(), form.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if let Ok(setup) = form.setup() {
                page.send(UiAction::Stand(form.template.clone(), Box::new(setup)));
            }
        })
    };
    let choices = templates().iter().map(|one| {
        let chosen = one.id == form.template;
        let choose = {
            let (form, id) = (form.clone(), one.id.clone());
            Callback::from(move |_: MouseEvent| form.set(Form::of(&id)))
        };
        html! {
            <li key={one.id.clone()}>
                <button type="button" class="lesson-row" aria-pressed={chosen.to_string()} data-template={one.id.clone()}
                    data-autofocus={chosen.then_some("")} onclick={choose}>
                    <b>{ one.title.get(language) }</b>
                    <span>{ one.about.get(language) }</span>
                    <small>{ text.get_with("ui-new-size", &[("brokers", one.setup.brokers.len().into())]) }</small>
                </button>
            </li>
        }
    });
    html! {
        <Frame title={text.get("ui-new-title")} wide=true>
            <ul class="templates">{ for choices }</ul>
            <form class="form form--row" {onsubmit}>
                { field(&text, &form, "ui-new-brokers", |form| &mut form.brokers) }
                { field(&text, &form, "ui-new-latency", |form| &mut form.latency_ms) }
                { field(&text, &form, "ui-new-seed", |form| &mut form.seed) }
                <p class="form__problem" role="status">
                    if let Err(key) = &setup { { Icon::Warn.html() }{ text.get(key) } }
                </p>
                <p class="dialog__buttons">
                    <button type="submit" class="button button--primary" data-stand="" aria-disabled={setup.is_err().to_string()}>
                        { text.get("ui-new-do") }
                    </button>
                    <button type="button" class="button button--quiet" onclick={page.on_click(UiAction::Escape)}>
                        { text.get("ui-cancel") }
                    </button>
                </p>
            </form>
            <p class="dialog__note">{ text.get("ui-new-note") }</p>
        </Frame>
    }
}

fn field(text: &Text, form: &UseStateHandle<Form>, label: &'static str, part: fn(&mut Form) -> &mut String) -> Html {
    let value = part(&mut (**form).clone()).clone();
    let oninput = {
        let form = form.clone();
        Callback::from(move |event: InputEvent| {
            let input = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
            let mut next = (*form).clone();
            *part(&mut next) = input.map(|input| input.value()).unwrap_or_default();
            form.set(next);
        })
    };
    html! {
        <label>
            <span>{ text.get(label) }</span>
            <input type="text" inputmode="numeric" name={label} {value} autocomplete="off" {oninput} />
        </label>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_a_template_comes_to_its_own_setup() {
        for one in templates() {
            assert_eq!(Form::of(&one.id).setup().as_ref(), Ok(&one.setup), "{}", one.id);
        }
    }

    #[test]
    fn brokers_are_added_and_taken_away_at_the_end() {
        let mut form = Form::of("orders");
        form.brokers = "5".to_owned();
        let five = form.setup().expect("five brokers are no problem").brokers;
        assert_eq!(five.iter().map(|broker| broker.id.0).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        assert_eq!(five[3].rack.as_deref(), Some("d"));
        form.brokers = "1".to_owned();
        assert_eq!(form.setup().expect("one broker is no problem").brokers.len(), 1);
    }

    #[test]
    fn what_has_no_meaning_is_named() {
        let with = |change: fn(&mut Form)| {
            let mut form = Form::of("orders");
            change(&mut form);
            form.setup().err()
        };
        assert_eq!(with(|form| form.brokers = "11".into()), Some("ui-new-bad-brokers"));
        assert_eq!(with(|form| form.brokers = "many".into()), Some("ui-new-bad-brokers"));
        assert_eq!(with(|form| form.latency_ms = "-1".into()), Some("ui-new-bad-latency"));
        assert_eq!(with(|form| form.seed = "x".into()), Some("ui-new-bad-seed"));
    }
}
