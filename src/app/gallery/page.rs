//! The help page itself: two golden scenes, then every form with its name.

use std::rc::Rc;

use yew::prelude::*;

use super::specimens::{
    BrokerSpecimens, CellSpecimens, ClassSpecimens, ClientSpecimens, KeySpecimens, LossSpecimen, MapSpecimen,
    ReplicaSpecimens,
};
use super::{compare, failover, lesson};
use crate::app::canvas::traffic::{Flight, FlightFeed};
use crate::app::components::stage::class_filter::ClassSet;
use crate::app::components::stage::density::{Density, use_density};
use crate::app::components::stage::icon::Icon;
use crate::app::components::stage::stage::Stage;
use crate::app::i18n::{Lang, use_text};
use crate::app::root_element;
use crate::app::selection::Selection;
use crate::engine::common::TopicPartition;
use crate::view::scene::Scene;

/// The page with switches of its own, for looking at it without the rest: theme, projector, language.
#[component]
pub fn GalleryPage() -> Html {
    let lang = use_state_eq(|| if address_has("lang=zh") { Lang::Zh } else { Lang::En });
    let dark = use_state_eq(|| address_has("theme=dark"));
    let presenter = use_state_eq(|| address_has("presenter"));
    use_effect_with((*lang, *dark, *presenter), |&(lang, dark, presenter)| {
        if let Some(root) = root_element() {
            // Fails only on a name that is no attribute's.
            let _ = root.set_attribute("lang", lang.tag());
            let _ = root.set_attribute("data-theme", if dark { "dark" } else { "light" });
            let _ = root.toggle_attribute_with_force("data-presenter", presenter);
        }
    });
    let flip = |state: &UseStateHandle<bool>| {
        let state = state.clone();
        Callback::from(move |_: MouseEvent| state.set(!*state))
    };
    let flip_lang = {
        let lang = lang.clone();
        Callback::from(move |_: MouseEvent| lang.set(if *lang == Lang::En { Lang::Zh } else { Lang::En }))
    };
    html! {
        <ContextProvider<Lang> context={*lang}>
            <Gallery dark={*dark} presenter={*presenter} on_theme={flip(&dark)} on_presenter={flip(&presenter)} on_lang={flip_lang} />
        </ContextProvider<Lang>>
    }
}

fn address_has(switch: &str) -> bool {
    let search = web_sys::window().and_then(|window| window.location().search().ok());
    search.is_some_and(|search| search.trim_start_matches('?').split('&').any(|part| part == switch))
}

#[derive(Properties, PartialEq)]
struct GalleryProps {
    dark: bool,
    presenter: bool,
    on_theme: Callback<MouseEvent>,
    on_presenter: Callback<MouseEvent>,
    on_lang: Callback<MouseEvent>,
}

#[component]
fn Gallery(props: &GalleryProps) -> Html {
    let text = use_text();
    let density = use_density(props.presenter);
    let section = |key: &'static str, body: Html| {
        html! {
            <section {key} class="gallery__section">
                <header><h2>{ text.get(&format!("gallery-{key}")) }</h2><p>{ text.get(&format!("gallery-{key}-note")) }</p></header>
                { body }
            </section>
        }
    };
    let look = format!("{}{}", props.dark, props.presenter);
    html! {
        <main class="gallery">
            <header class="gallery__top">
                { Icon::Logo.html() }
                <h1>{ text.get("gallery-title") }</h1><p>{ text.get("gallery-says") }</p>
                <button type="button" class="tool tool--edge" onclick={props.on_lang.clone()}>{ text.get("gallery-language") }</button>
                <button type="button" class="tool tool--edge" onclick={props.on_presenter.clone()}>
                    { Icon::Present.html() }{ text.get("gallery-presenter") }
                </button>
                <button type="button" class="tool tool--edge" onclick={props.on_theme.clone()}>
                    { if props.dark { Icon::Sun } else { Icon::Moon }.html() }{ text.get("gallery-theme") }
                </button>
            </header>
            { section("lesson", html! {
                <div class="gallery__stage">
                    <StillStage scene={lesson::scene()} flight={lesson::flight()} {density} look={look.clone()} />
                </div>
            }) }
            { section("failover", html! {
                <div class="gallery__stage gallery__stage--tall">
                    <StillStage scene={failover::scene()} flight={failover::flight()} {density} look={look.clone()} />
                </div>
            }) }
            { section("many", html! {
                <div class="gallery__stage gallery__stage--tall">
                    <StillStage scene={failover::many_partitions()} flight={failover::busy_flight()} {density} look={look.clone()} />
                </div>
            }) }
            { section("compare", html! {
                <div class="gallery__pair">
                    <StillStage scene={compare::queue_scene()} flight={compare::queue_flight()} density={Density::Half} look={look.clone()} />
                    <StillStage scene={compare::topic_scene()} flight={compare::topic_flight()} density={Density::Half} {look} />
                </div>
            }) }
            { section("keys", html! { <KeySpecimens /> }) }
            { section("classes", html! { <ClassSpecimens /> }) }
            { section("cells", html! { <CellSpecimens /> }) }
            { section("replicas", html! { <ReplicaSpecimens /> }) }
            { section("brokers", html! { <BrokerSpecimens /> }) }
            { section("clients", html! { <ClientSpecimens /> }) }
            { section("losses", html! { <LossSpecimen /> }) }
            { section("map", html! { <MapSpecimen /> }) }
        </main>
    }
}

#[derive(Properties, PartialEq)]
struct StillStageProps {
    scene: Scene,
    flight: Flight,
    density: Density,
    look: AttrValue,
}

/// A stage whose clock stands, but whose things can be pointed at.
#[component]
fn StillStage(props: &StillStageProps) -> Html {
    let scene = use_memo(props.scene.clone(), |scene| Rc::new(scene.clone()));
    let feed = use_memo(props.flight.clone(), |flight| FlightFeed::still(flight.clone()));
    let selected = use_state_eq(|| None::<Selection>);
    let subject = use_state_eq(|| None::<TopicPartition>);
    let classes = use_state_eq(ClassSet::default);
    let on_select = {
        let setter = selected.setter();
        use_callback((), move |thing: Selection, ()| setter.set(Some(thing)))
    };
    let on_open = {
        let setter = subject.setter();
        use_callback((), move |partition: TopicPartition, ()| setter.set(Some(partition)))
    };
    let on_classes = {
        let setter = classes.setter();
        use_callback((), move |set: ClassSet, ()| setter.set(set))
    };
    html! {
        <Stage scene={(*scene).clone()} revision={1} feed={(*feed).clone()} subject={*subject} density={props.density}
            selected={(*selected).clone()} classes={*classes} look={props.look.clone()} {on_select} {on_open} {on_classes} />
    }
}
