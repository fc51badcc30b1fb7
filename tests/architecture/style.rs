//! One place for colours, fonts and durations: static/css/tokens.css.
//!
//! Themes, contrast and reduced motion are then each one change, and can be tested by reading one file.

use crate::scan::{Source, Violation};

const TOKENS: &str = "static/css/tokens.css";

const COLOUR_FUNCTIONS: [&str; 11] =
    ["rgb", "rgba", "hsl", "hsla", "hwb", "lab", "lch", "oklab", "oklch", "color", "device-cmyk"];

/// The named colours people reach for; `transparent` and `currentColor` follow their surroundings and are fine.
const COLOUR_NAMES: [&str; 22] = [
    "black", "white", "gray", "grey", "silver", "red", "maroon", "orange", "gold", "yellow", "olive", "green", "lime",
    "teal", "cyan", "aqua", "blue", "navy", "purple", "magenta", "fuchsia", "pink",
];

/// No literal colour, font family or duration outside the tokens.
pub fn check_css(source: &Source) -> Vec<Violation> {
    if source.path == TOKENS {
        return Vec::new();
    }
    let mut violations = Vec::new();
    for (line, property, value) in declarations(&source.text) {
        let mut report = |what: String, of: &str| {
            let mend = format!("name it in {TOKENS} (`--{of}-…`) and write `var(--{of}-…)` here");
            violations.push(Violation::at(source, line, format!("{what} in `{property}`"), mend));
        };
        for word in words(&value) {
            if is_colour(&word, &property) {
                report(format!("literal colour `{word}`"), "colour");
            } else if is_duration(&word) {
                report(format!("literal duration `{word}`"), "duration");
            }
        }
        let names_font = matches!(property.as_str(), "font" | "font-family");
        let bound = value.contains("var(--") || matches!(value.as_str(), "inherit" | "initial" | "unset" | "revert");
        if names_font && !bound {
            report(format!("literal font `{value}`"), "font");
        }
    }
    violations
}

/// (line of the property, property, value) of every declaration; comments, strings and `url(…)` are blank.
fn declarations(text: &str) -> Vec<(usize, String, String)> {
    let text = blank_out(text);
    let mut found = Vec::new();
    let mut line = 1;
    for chunk in text.split_inclusive([';', '{', '}']) {
        let body = chunk.trim_end_matches([';', '{', '}']);
        // What ends in `{` is a selector or an at-rule; only the rest can be a declaration.
        if let Some((property, value)) = body.split_once(':').filter(|_| !chunk.ends_with('{')) {
            let leading = property.len() - property.trim_start().len();
            let at = line + property[..leading].matches('\n').count();
            let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
            found.push((at, property.trim().to_lowercase(), value));
        }
        line += chunk.matches('\n').count();
    }
    found
}

/// Spaces instead of what is not code, newlines kept, so that lines still count.
fn blank_out(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = match rest {
            _ if rest.starts_with("/*") => rest[2..].find("*/").map(|at| at + 4),
            _ if rest.starts_with(['"', '\'']) => rest[1..].find(&rest[..1]).map(|at| at + 2),
            _ if rest.starts_with("url(") => rest.find(')').map(|at| at + 1),
            _ => Some(0),
        };
        let end = end.unwrap_or(rest.len());
        out.extend(rest[..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        rest = &rest[end..];
        if end == 0 {
            let mut chars = rest.chars();
            out.extend(chars.next());
            rest = chars.as_str();
        }
    }
    out
}

/// `color-mix(in oklab, var(--a), #fff 10%)` → `color-mix(`, `in`, `oklab`, `var(`, `--a`, `#fff`, `10%`
fn words(value: &str) -> Vec<String> {
    value
        .split_inclusive([' ', ',', '(', ')', '/', '!'])
        .map(|word| word.trim_end_matches([' ', ',', ')', '/', '!']).to_lowercase())
        .filter(|word| !word.is_empty())
        .collect()
}

fn is_colour(word: &str, property: &str) -> bool {
    let hex = word
        .strip_prefix('#')
        .is_some_and(|digits| matches!(digits.len(), 3 | 4 | 6 | 8) && digits.chars().all(|c| c.is_ascii_hexdigit()));
    let function = word.strip_suffix('(').is_some_and(|name| COLOUR_FUNCTIONS.contains(&name));
    let takes_colours = property.starts_with("--")
        || ["color", "background", "border", "outline", "shadow", "fill", "stroke", "decoration"]
            .iter()
            .any(|part| property.contains(part));
    hex || function || (takes_colours && COLOUR_NAMES.contains(&word))
}

/// `200ms`, `.2s`; zero is no duration but the absence of one.
fn is_duration(word: &str) -> bool {
    let number = word.strip_suffix("ms").or_else(|| word.strip_suffix('s')).unwrap_or_default();
    let digits = number.trim_start_matches(['-', '+']);
    !digits.is_empty()
        && digits.chars().all(|c| c.is_ascii_digit() || c == '.')
        && digits.chars().any(|c| ('1'..='9').contains(&c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn css(path: &str, text: &str) -> String {
        check_css(&Source::new(path, text)).iter().map(|violation| format!("{violation}\n")).collect()
    }

    #[test]
    fn tokens_may_and_others_may_not() {
        assert_eq!(css("static/css/tokens.css", ":root { --ink: #123; --quick: 120ms; --sans: Inter; }"), "");
        let broken = css("static/css/base.css", "/* head */\nbody {\n  color: #1a2b3c;\n}");
        assert!(broken.starts_with("static/css/base.css:3: literal colour `#1a2b3c` in `color`"), "{broken}");
        assert!(broken.contains("mend: name it in static/css/tokens.css"), "{broken}");
    }

    #[test]
    fn only_values_are_judged() {
        let good = "/* #fff 2s */ #add { color: var(--ink); background: url(a#fff.svg) } a:hover { color: transparent }
            @media (min-width: 40em) { .red { grid-area: red; content: '#fff 3s'; transition: opacity var(--quick) 0s } }
            .b { font: var(--text); font-family: inherit; fill: color-mix(in oklab, var(--ink), transparent 40%) }";
        assert_eq!(css("static/css/a.css", good), "");
    }

    #[test]
    fn every_kind_of_literal_is_caught() {
        for (bad, kind) in [
            ("color: #fff", "colour `#fff`"),
            ("box-shadow: 0 0 2px rgb(0 0 0 / 20%)", "colour `rgb(`"),
            ("border: 1px solid Red", "colour `red`"),
            ("fill: color-mix(in oklab, var(--ink), white 10%)", "colour `white`"),
            ("--mine: oklch(0.5 0.1 20)", "colour `oklch(`"),
            ("transition: opacity 200ms ease", "duration `200ms`"),
            ("animation: spin .5s", "duration `.5s`"),
            ("font-family: Inter, sans-serif", "font `Inter, sans-serif`"),
            ("font: 12px/1.5 monospace", "font `12px/1.5 monospace`"),
        ] {
            let broken = css("static/css/a.css", &format!(".x {{\n {bad} }}"));
            assert!(broken.contains("static/css/a.css:2: literal") && broken.contains(kind), "{bad}: {broken}");
        }
    }
}
